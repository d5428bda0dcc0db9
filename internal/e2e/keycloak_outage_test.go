package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

func Test_ID04_while_Keycloak_is_dead_sessions_go_on_and_logins_wait_and_then_work_by_themselves(t *testing.T) {
	r := startRealm(t)
	inside := r.loggedIn("alice")
	midway := keycloak.NewClient(r.URL + "/.edgeauth/callback")
	back := r.login(midway, "/midway", "bob") // the redirect to the callback, not yet followed

	r.keycloak.Kill()
	asksAgain(t, "a login in flight", r.get(midway, strings.TrimPrefix(back.URL.String(), r.URL)))
	late := startLate(t, r.keycloak)
	r.waitWord("degraded")
	if status, _ := r.Ready(); status != http.StatusOK {
		t.Errorf("/readyz: %d; an edge without its provider should stay in service", status)
	}
	stranger := keycloak.NewClient()
	again := asksAgain(t, "a new login", r.get(stranger, "/deep?x=1"))
	if p := r.get(inside, "/staff"); p.Status != http.StatusOK || !shows(p, "X-Auth-User", "alice") {
		t.Errorf("a session while Keycloak is dead: %d at %s", p.Status, p.URL)
	}

	r.keycloak.Restart()
	r.waitWord("ready")
	if p := r.login(stranger, again, "carol"); p.Status != http.StatusOK || p.URL.String() != r.URL+"/deep?x=1" {
		t.Errorf("the login that the 503 page begins again: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	if !r.isIn(inside) {
		t.Error("the session from before the outage is gone")
	}
	late.waitWord("ready")
	late.loggedIn("alice")
}

// startLate runs an edge that has never seen its provider, which is dead.
func startLate(t *testing.T, kc *keycloak.Server) realm {
	t.Helper()
	addr := edgetest.Addr(t)
	late := realm{Edge: edgetest.Start(t, addr, realmConfig(t, kc, "")), keycloak: kc, t: t}
	asksAgain(t, "a login at an edge that has never seen its provider", late.get(keycloak.NewClient(), "/"))
	if p := late.get(keycloak.NewClient(), "/public/"); p.Status != http.StatusOK {
		t.Errorf("a public page: %d", p.Status)
	}
	late.waitWord("degraded")
	return late
}

// asksAgain checks that a page says 503 and begins the login again by itself, and returns the address where it does.
func asksAgain(t *testing.T, what string, p keycloak.Page) string {
	t.Helper()
	_, again, _ := strings.Cut(p.Header.Get("Refresh"), "url=")
	if p.Status != http.StatusServiceUnavailable || !strings.HasPrefix(again, "/.edgeauth/login?") || p.Header.Get("Retry-After") == "" {
		t.Errorf("%s: %d at %s, %v\n%s", what, p.Status, p.URL, p.Header, p.Body)
	}
	return again
}
