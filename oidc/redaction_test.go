package oidc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/oidc"
)

func wantNoLeak(t testing.TB, shown any, secrets ...string) {
	t.Helper()
	text := fmt.Sprint(shown)
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown in %q", secret, text)
		}
	}
}

func TestNoVerbPrintsASecret(t *testing.T) {
	const secret = "s3cr3t-s3cr3t"
	token := oidc.Token(secret)
	for name, value := range map[string]any{
		"token": token, "pointer": &token, "login": oidc.Login{IDToken: token}, "login pointer": &oidc.Login{IDToken: token},
		"tokens": oidc.Login{AccessToken: token, RefreshToken: token}, "refresh": oidc.Refresh{Token: token},
		"refreshed":    &oidc.Refreshed{AccessToken: token, RefreshToken: token, IDToken: token},
		"config":       oidc.Config{Name: "n", ClientSecret: secret},
		"redemption":   oidc.Redemption{Code: secret, Verifier: secret, Nonce: secret},
		"auth request": oidc.AuthRequest{State: secret, Nonce: secret, Verifier: secret},
		"end session":  oidc.EndSession{IDTokenHint: secret, State: secret},
	} {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %T") {
			wantNoLeak(t, fmt.Sprintf(verb, value), secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", name, value)
		wantNoLeak(t, log.String(), secret)
	}
	text, err := json.Marshal(oidc.Login{IDToken: token})
	if err != nil {
		t.Fatal(err)
	}
	wantNoLeak(t, string(text), secret)
	if token.Reveal() != secret {
		t.Error("the token is not revealed on demand")
	}
}

func TestAnErrorIsOneShortLine(t *testing.T) {
	err := &oidc.Error{Kind: oidc.KindInvalid, Op: "testing", Err: errors.New("a\r\nb\x00\u2028" + strings.Repeat("员", 1000))}
	text := err.Error()
	if len(text) > 600 || strings.ContainsAny(text, "\r\n\x00\u2028") || !strings.HasPrefix(text, "oidc: testing: invalid: a") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
	if oidc.KindOf(fmt.Errorf("wrapped: %w", err)) != oidc.KindInvalid || oidc.KindOf(errors.New("x")) != 0 || oidc.KindOf(nil) != 0 {
		t.Error("KindOf")
	}
	for kind, want := range map[oidc.Kind]string{0: "unknown", oidc.KindConfig: "config", oidc.KindInvalid: "invalid",
		oidc.KindRefused: "refused", oidc.KindUnavailable: "unavailable"} {
		if kind.String() != want {
			t.Errorf("kind %d is %q", kind, kind)
		}
	}
}

func TestOnlyRegisteredFormsOfErrorCodesPass(t *testing.T) {
	for code, want := range map[string]bool{"login_required": true, "": false, "Access_denied": false, "a b": false,
		"<script>": false, longText(40): true, longText(41): false, "a\n": false} {
		if oidc.IsErrorCode(code) != want {
			t.Errorf("IsErrorCode(%q) is %v", code, !want)
		}
	}
}
