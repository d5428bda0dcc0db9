package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config"
)

const hidden = "correct-horse"

// holder has a secret in an unexported field, where fmt cannot ask it how to look.
type holder struct{ secret config.Secret }

func TestASecretShowsUnderNoVerb(t *testing.T) {
	s := config.NewSecret(hidden)
	for _, verb := range strings.Split("v +v #v s q x X d t c b o U e g p T", " ") {
		for _, v := range []any{s, &s, holder{s}, &holder{s}, []config.Secret{s}, map[string]config.Secret{"k": s}} {
			out := fmt.Sprintf("%"+verb, v)
			if strings.Contains(out, hidden) || strings.Contains(out, fmt.Sprintf("%x", hidden)) {
				t.Errorf("%%%s of %T shows the secret: %s", verb, v, out)
			}
		}
	}
}

func TestASecretShowsInNoEncoding(t *testing.T) {
	v := struct {
		S config.Secret
		P *config.Secret
	}{S: config.NewSecret(hidden)}
	v.P = &v.S
	var out bytes.Buffer
	j, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	out.Write(y)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "s", v.S, "v", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", v.S, "v", v)
	if strings.Contains(out.String(), hidden) {
		t.Error(out.String())
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Errorf("nothing says that a secret was left out: %s", out.String())
	}
}

func TestASecretIsRevealedOnRequest(t *testing.T) {
	if got := config.NewSecret(hidden).Reveal(); got != hidden {
		t.Errorf("Reveal() = %q", got)
	}
	if s := config.NewSecret(""); !s.IsZero() || s.Reveal() != "" || s.String() != "" {
		t.Error("the empty text is not the zero secret")
	}
	if !config.NewSecret("a").Equal(config.NewSecret("a")) || config.NewSecret("a").Equal(config.NewSecret("b")) {
		t.Error("Equal does not compare the texts")
	}
}

func TestAConfigurationShowsNoSecret(t *testing.T) {
	c := loadExample(t)
	out := fmt.Sprintf("%v %+v %#v", *c, *c, *c)
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"from-the-environment", "from /run"} {
		if strings.Contains(out, secret) || bytes.Contains(j, []byte(secret)) {
			t.Errorf("%q is shown", secret)
		}
	}
}
