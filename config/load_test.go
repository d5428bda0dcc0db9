package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/config"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const withSecret = `
server: {hosts: [{url: "http://localhost"}]}
providers: {corp: {issuer: "https://id.example.com", client_id: "${ID}", client_secret: "SECRET"}}
upstreams: {app: {addresses: ["http://10.0.0.5"]}}
routes: [{path: /, upstream: app}]
`

func loadWithSecret(t *testing.T, dir, secret string) (*config.Config, error) {
	t.Helper()
	path := filepath.Join(dir, "edge.yaml")
	write(t, path, strings.Replace(withSecret, "SECRET", secret, 1))
	return config.Load(path, func(name string) (string, bool) { return "from-" + name, name == "ID" })
}

func TestLoadReadsSecretsFromFilesNextToTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret"), "s3cret ${ID} $${x}\r\n\n")
	c, err := loadWithSecret(t, dir, "${file:secret}")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Providers[0].ClientSecret.Reveal(); got != "s3cret ${ID} $${x}" {
		t.Errorf("secret = %q: a file's content must be taken as it is", got)
	}
	if got := c.Providers[0].ClientID; got != "from-ID" {
		t.Errorf("client_id = %q", got)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "secret")}, c.Files); diff != "" {
		t.Error(diff)
	}
}

func TestLoadDoesNotWaitForAPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	_, err := loadWithSecret(t, dir, "${file:pipe}")
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("err = %v", err)
	}
}

func TestLoadRefusesSecretsThatAreTooLargeOrEmptyOrMissing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "large"), strings.Repeat("x", 1<<20+1))
	write(t, filepath.Join(dir, "empty"), "\n")
	for file, want := range map[string]string{
		"large": "larger than 1048576 bytes", "empty": "secret is missing", "none": "does not exist", ".": "not a regular file",
	} {
		_, err := loadWithSecret(t, dir, "${file:"+file+"}")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %q in it", file, err, want)
		}
	}
}

func TestAMissingConfigurationIsAnErrorOfItsOwn(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"), os.LookupEnv)
	var mistakes *config.Errors
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &mistakes) {
		t.Errorf("err = %v", err)
	}
}

func TestAnOversizedConfigurationIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "edge.yaml")
	write(t, path, strings.Repeat("# comment\n", 1<<17))
	if _, err := config.Load(path, os.LookupEnv); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("err = %v", err)
	}
}

func TestAnEscapedReferenceIsKeptAsText(t *testing.T) {
	c, err := loadWithSecret(t, t.TempDir(), "a$${ID}b$c$$d")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Providers[0].ClientSecret.Reveal(); got != "a${ID}b$c$$d" {
		t.Errorf("secret = %q", got)
	}
}
