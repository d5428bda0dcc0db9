package image_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config"
)

// compose is the part of a compose file that the tests look at.
type compose struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

type service struct {
	Image       string            `yaml:"image"`
	Build       string            `yaml:"build"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	DependsOn   map[string]any    `yaml:"depends_on"`
}

func readCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	if err := yaml.Unmarshal([]byte(readFile(t, "compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeMountsWhatExistsAndPublishesOnLoopback(t *testing.T) {
	c := readCompose(t)
	for name, s := range c.Services {
		for _, mount := range s.Volumes {
			source, _, _ := strings.Cut(mount, ":")
			if _, declared := c.Volumes[source]; declared {
				continue
			}
			if info, err := os.Stat(filepath.Join(root, source)); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%s mounts %s, which is no file here: %v", name, source, err)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is published on every address: %s", name, port)
			}
		}
		for other := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s waits for %s, which is no service", name, other)
			}
		}
		if s.Build == "" && (!strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest")) {
			t.Errorf("%s has no fixed image: %q", name, s.Image)
		}
	}
}

// The configuration, the realm and compose.yaml name each other's addresses; a change in one must be one in all.
func TestComposeConfigurationLoadsAndAgreesWithTheServices(t *testing.T) {
	c := readCompose(t)
	edge, keycloak := c.Services["edgeauth"], c.Services["keycloak"]
	env := func(name string) (string, bool) { v, ok := edge.Environment[name]; return v, ok }
	cfg, err := config.Load(filepath.Join(root, "deploy/compose/edgeauth.yaml"), env)
	if err != nil {
		t.Fatal(err)
	}
	provider := cfg.Providers[0]
	_, port, _ := strings.Cut(keycloak.Ports[0], ":")
	published, inside, _ := strings.Cut(port, ":")
	checks := []struct{ what, got, want string }{
		{"issuer", provider.Issuer, keycloak.Environment["KC_HOSTNAME"] + "/realms/edgeauth"},
		{"Keycloak's own name", keycloak.Environment["KC_HOSTNAME"], "http://localhost:" + published},
		{"back channel", provider.BackChannelURL.String(), "http://keycloak:" + inside},
		{"back-channel logout", keycloak.Environment["EDGEAUTH_BACKCHANNEL_URL"], "http://edgeauth:8080/.edgeauth/backchannel-logout"},
		{"public address", "127.0.0.1:8080", cfg.Server.Hosts[0].URL.Host},
		{"edge's port", edge.Ports[0], "127.0.0.1:8080" + cfg.Server.Listen},
	}
	for _, check := range checks {
		if check.got != check.want {
			t.Errorf("%s is %q, want %q", check.what, check.got, check.want)
		}
	}
	for _, upstream := range cfg.Upstreams {
		if _, ok := c.Services[upstream.Addresses[0].Hostname()]; !ok {
			t.Errorf("%s is no service", upstream.Addresses[0])
		}
	}
	realm := readFile(t, "internal/keycloak/realm.json")
	for _, part := range []string{"${EDGEAUTH_BACKCHANNEL_URL:", `"clientId": "` + provider.ClientID + `"`, `"secret": "edgeauth-secret"`} {
		if !strings.Contains(realm, part) {
			t.Errorf("the realm lacks %s", part)
		}
	}
}
