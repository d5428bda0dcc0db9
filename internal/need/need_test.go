package need_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/need"
)

// recorder stands in for a test and keeps how it ended. Its embedded TB is nil: whatever else is called panics.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// ask runs f as a test of its own would and returns what became of it.
func ask(f func(testing.TB)) *recorder {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func emptyMachine(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
	t.Setenv("EDGEAUTH_CACHE", t.TempDir())
}

func needs() map[string]func(testing.TB) {
	return map[string]func(testing.TB){
		"redis-server": func(t testing.TB) { need.Redis(t) },
		"ip":           func(t testing.TB) { need.Namespaces(t) },
		"chromium":     func(t testing.TB) { need.Chromium(t) },
		"pebble":       func(t testing.TB) { need.Pebble(t) },
		"java":         func(t testing.TB) { need.Keycloak(t) },
	}
}

func TestAMissingPartSkipsTheTestByNameAndReason(t *testing.T) {
	emptyMachine(t)
	t.Setenv("EDGEAUTH_REQUIRE_ALL", "")
	for name, f := range needs() {
		got := ask(f)
		want := "SKIPPED: needs " + name + ": not on PATH; `make setup` installs it, and so does `make test`"
		if got.skipped != want || got.failed != "" {
			t.Errorf("%s: skipped %q, failed %q; want skipped %q", name, got.skipped, got.failed, want)
		}
	}
}

func TestAMissingPartFailsTheTestWhereAllIsRequired(t *testing.T) {
	emptyMachine(t)
	t.Setenv("EDGEAUTH_REQUIRE_ALL", "1")
	for name, f := range needs() {
		got := ask(f)
		if got.skipped != "" || !strings.HasPrefix(got.failed, "needs "+name+": not on PATH") {
			t.Errorf("%s: skipped %q, failed %q; want it failed", name, got.skipped, got.failed)
		}
	}
}

func TestWhatTheSetUpBuiltIsFoundInTheCache(t *testing.T) {
	emptyMachine(t)
	pebble := filepath.Join(need.Cache(), "bin", "pebble")
	write(t, pebble)
	if got := need.Pebble(t); got != pebble {
		t.Errorf("Pebble = %q, want %q", got, pebble)
	}
	write(t, filepath.Join(os.Getenv("PATH"), "java"))
	dir := filepath.Join(need.Cache(), "keycloak-"+need.KeycloakVersion)
	write(t, filepath.Join(dir, "edgeauth-ready"))
	if got := need.Keycloak(t); got != dir {
		t.Errorf("Keycloak = %q, want %q", got, dir)
	}
}

func TestGeoDataIsFoundWhereTheScriptPutsIt(t *testing.T) {
	emptyMachine(t)
	t.Setenv("EDGEAUTH_REQUIRE_ALL", "")
	if got := ask(func(t testing.TB) { need.Geo(t) }); !strings.HasPrefix(got.skipped, "SKIPPED: needs geo data: not unpacked in ") {
		t.Errorf("skipped %q", got.skipped)
	}
	write(t, filepath.Join(need.GeoDir(), "edgeauth-ready"))
	if got := need.Geo(t); got != need.GeoDir() {
		t.Errorf("Geo = %q, want %q", got, need.GeoDir())
	}
	script, err := os.ReadFile("../../scripts/setup-tests.sh")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(script), "geo=$cache/"+filepath.Base(need.GeoDir())+"\n") {
		t.Errorf("scripts/setup-tests.sh does not put geo data into %s", filepath.Base(need.GeoDir()))
	}
}

func TestTheScriptFetchesTheKeycloakThatTheTestsExpect(t *testing.T) {
	script, err := os.ReadFile("../../scripts/setup-tests.sh")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(script), "keycloak_version="+need.KeycloakVersion+"\n") {
		t.Errorf("scripts/setup-tests.sh does not set keycloak_version=%s", need.KeycloakVersion)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
