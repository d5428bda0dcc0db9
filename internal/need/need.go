// Package need says what a test needs from the machine and what happens when it is not there. It owns the names of those
// programs and the place where `make test` puts what it fetched; it must not know how any of them is started.
//
// A missing part skips the test with a message that begins with "SKIPPED:", which the summary of `make test` lists. With
// EDGEAUTH_REQUIRE_ALL=1, as CI sets it, a missing part fails the test.
package need

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// KeycloakVersion is the release that the tests run against. scripts/setup-tests.sh fetches the same one.
const KeycloakVersion = "26.7.5"

// Redis returns the path of redis-server (7.0 or later, or a Valkey that goes by the same name).
func Redis(t testing.TB) string {
	t.Helper()
	return program(t, "redis-server")
}

// Namespaces makes sure that the test may make network namespaces and furnish them with iproute2: this takes root, or
// CAP_SYS_ADMIN and CAP_NET_ADMIN.
func Namespaces(t testing.TB) {
	t.Helper()
	cmd := exec.Command(program(t, "ip"), "link", "set", "lo", "up")
	program(t, "tc")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if out, err := cmd.CombinedOutput(); err != nil {
		unmet(t, "network namespaces", strings.TrimSpace(fmt.Sprintf("making one: %v %s", err, out)), "it takes root")
	}
}

// Chromium returns the path of a Chromium or Chrome.
func Chromium(t testing.TB) string {
	t.Helper()
	return program(t, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
}

// Pebble returns the path of Pebble, the ACME server for tests: from PATH, or as the set-up script built it.
func Pebble(t testing.TB) string {
	t.Helper()
	built := filepath.Join(Cache(), "bin", "pebble")
	if isFile(built) {
		return built
	}
	return program(t, "pebble")
}

// Buf returns the folder with buf and the plugins that it runs, as the set-up script built them.
func Buf(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(Cache(), "bin")
	if !isFile(filepath.Join(dir, "buf")) || !isFile(filepath.Join(dir, "protoc-gen-openapiv2")) {
		missing(t, "buf", "not built in "+dir)
	}
	return dir
}

// CARoots returns the file of the certificate authorities that the machine trusts, where Debian keeps it.
func CARoots(t testing.TB) string {
	t.Helper()
	const file = "/etc/ssl/certs/ca-certificates.crt"
	if !isFile(file) {
		missing(t, "ca-certificates", "there is no "+file)
	}
	return file
}

// Keycloak returns the directory of the unzipped Keycloak, which is shared and must not be written to.
func Keycloak(t testing.TB) string {
	t.Helper()
	program(t, "java")
	dir := filepath.Join(Cache(), "keycloak-"+KeycloakVersion)
	if !isFile(filepath.Join(dir, "edgeauth-ready")) {
		missing(t, "Keycloak "+KeycloakVersion, "not unpacked in "+dir)
	}
	return dir
}

// Geo returns the directory with geo data, which is shared and must not be written to. It has a folder for each package of
// ip-location-db: dbip-city-mmdb, geo-whois-asn-country-mmdb and asn (as CSV).
func Geo(t testing.TB) string {
	t.Helper()
	dir := GeoDir()
	if !isFile(filepath.Join(dir, "edgeauth-ready")) {
		missing(t, "geo data", "not unpacked in "+dir)
	}
	return dir
}

// GeoDir is where the set-up script puts geo data, whether it is there or not.
func GeoDir() string { return filepath.Join(Cache(), "geo-1") }

// Cache returns the directory outside the tree where scripts/setup-tests.sh keeps what it fetched and built:
// $EDGEAUTH_CACHE, else edgeauth below $XDG_CACHE_HOME, else below ~/.cache.
func Cache() string {
	if dir := os.Getenv("EDGEAUTH_CACHE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "edgeauth")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "edgeauth-cache")
	}
	return filepath.Join(home, ".cache", "edgeauth")
}

// program returns the path of the first of names that is on PATH.
func program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, names[0], "not on PATH")
	return ""
}

// missing ends the test: as skipped, or as failed where everything is required.
func missing(t testing.TB, what, why string) {
	t.Helper()
	unmet(t, what, why, "`make setup` installs it, and so does `make test`")
}

// unmet is missing with another remedy.
func unmet(t testing.TB, what, why, remedy string) {
	t.Helper()
	if os.Getenv("EDGEAUTH_REQUIRE_ALL") == "1" {
		t.Fatalf("needs %s: %s, and EDGEAUTH_REQUIRE_ALL=1 demands it; %s", what, why, remedy)
	}
	t.Skipf("SKIPPED: needs %s: %s; %s", what, why, remedy)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
