package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

func Test_a_logout_at_the_edge_ends_the_session_at_Keycloak_too(t *testing.T) {
	r := startRealm(t)
	r.keycloak.LogoutUser("alice")
	client := r.loggedIn("alice")
	if n := len(r.keycloak.Sessions("alice")); n != 1 {
		t.Fatalf("%d sessions at Keycloak after one login", n)
	}
	p := must(t)(client.Submit(t.Context(), r.get(client, "/.edgeauth/logout"), nil))
	if p.Status != http.StatusOK || p.URL.Path != "/.edgeauth/logged-out" || !strings.Contains(p.Body, "Logged out") {
		t.Errorf("after the logout: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	if left := r.keycloak.Sessions("alice"); len(left) != 0 {
		t.Errorf("left at Keycloak: %v", left)
	}
	if p := r.get(client, "/"); !p.IsLoginForm() {
		t.Errorf("the next page asks for no password: %d at %s", p.Status, p.URL)
	}
}

func Test_LO01_an_administrator_ends_one_session_at_Keycloak_and_the_other_lives(t *testing.T) {
	r := startRealm(t)
	r.keycloak.LogoutUser("alice")
	first := r.loggedIn("alice")
	sid := r.keycloak.Sessions("alice")[0].ID
	second := r.loggedIn("alice")
	if out, err := r.Command("sessions", "list", "--config", r.ConfigFile(), "--output", "json"); err != nil || !strings.Contains(out, `"provider_session": "`+sid+`"`) {
		t.Errorf("the command line does not say by which name it is ended there: %v\n%s", err, out)
	}
	r.keycloak.EndSession(sid)
	r.Until("the ended session is refused", func() bool { return !r.isIn(first) })
	if !r.isIn(second) {
		t.Error("her other browser was logged out with it")
	}
	if p := r.get(first, "/"); !p.IsLoginForm() {
		t.Errorf("the ended session leads to %d at %s", p.Status, p.URL)
	}
}

func Test_the_logout_of_a_user_at_Keycloak_ends_all_sessions_and_nobody_elses(t *testing.T) {
	r := startRealm(t)
	first, second, bob := r.loggedIn("alice"), r.loggedIn("alice"), r.loggedIn("bob")
	r.keycloak.LogoutUser("alice")
	r.Until("both sessions are refused", func() bool { return !r.isIn(first) && !r.isIn(second) })
	if !r.isIn(bob) {
		t.Error("bob was logged out with her")
	}
	if p := r.login(first, "/", "alice"); p.Status != http.StatusOK || !r.isIn(first) {
		t.Errorf("a new login of the same browser: %d at %s", p.Status, p.URL)
	}
}

// listed is how many sessions the client is shown as its own.
func (r realm) listed(client *keycloak.Client) int {
	r.t.Helper()
	p := r.get(client, "/.edgeauth/sessions")
	if p.Status != http.StatusOK || p.URL.Path != "/.edgeauth/sessions" {
		r.t.Fatalf("the sessions: %d at %s", p.Status, p.URL)
	}
	return strings.Count(p.Body, "<li>")
}

func Test_LO01_a_session_that_Keycloak_ended_is_off_the_list(t *testing.T) {
	r := startRealm(t)
	r.keycloak.LogoutUser("carol")
	first := r.loggedIn("carol")
	sid := r.keycloak.Sessions("carol")[0].ID
	second := r.loggedIn("carol")
	if n := r.listed(second); n != 2 {
		t.Errorf("%d sessions are listed after two logins", n)
	}
	r.keycloak.EndSession(sid)
	r.Until("the ended session is off the list", func() bool { return r.listed(second) == 1 })
	if r.isIn(first) || !r.isIn(second) {
		t.Error("the list does not say what is so")
	}
}

func Test_a_logout_everywhere_ends_all_sessions_here_and_this_browsers_at_Keycloak(t *testing.T) {
	r := startRealm(t)
	r.keycloak.LogoutUser("carol")
	first, second, bob := r.loggedIn("carol"), r.loggedIn("carol"), r.loggedIn("bob")
	p := must(t)(second.Submit(t.Context(), r.get(second, "/.edgeauth/sessions"), map[string]string{"end": "all"}))
	if p.Status != http.StatusOK || p.URL.Path != "/.edgeauth/logged-out" {
		t.Errorf("it ended at %s with %d\n%s", p.URL, p.Status, p.Body)
	}
	if r.isIn(first) || r.isIn(second) || !r.isIn(bob) {
		t.Errorf("logged in: %v, %v, bob %v", r.isIn(first), r.isIn(second), r.isIn(bob))
	}
	if left := r.keycloak.Sessions("carol"); len(left) != 1 {
		t.Errorf("at Keycloak she has %d sessions, want that of the other browser", len(left))
	}
	if p := r.get(first, "/"); !shows(p, "X-Auth-User", "carol") {
		t.Errorf("the other browser, which Keycloak still knows, is not logged in anew: %d at %s", p.Status, p.URL)
	}
}

// delivery is a logout token and what the edge answered.
type delivery struct {
	claims map[string]any
	answer *http.Response
	form   url.Values
}

// relay stands between Keycloak and the edge and notes the logout tokens that pass.
func relay(t *testing.T, edge string) (origin string, seen <-chan delivery) {
	t.Helper()
	passed := make(chan delivery, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer, err := http.Post(edge+r.URL.Path, r.Header.Get("Content-Type"), bytes.NewReader(body))
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		answer.Body.Close()
		form, _ := url.ParseQuery(string(body))
		w.WriteHeader(answer.StatusCode)
		passed <- delivery{claimsOf(form.Get("logout_token")), answer, form}
	}))
	t.Cleanup(s.Close)
	return s.URL, passed
}

// claimsOf reads a token without verifying it.
func claimsOf(token string) (claims map[string]any) {
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(raw, &claims) // a broken token has no claims
	}
	return claims
}

func Test_LO01_Keycloaks_own_logout_token_is_taken_with_the_boolean_among_its_events(t *testing.T) {
	kc := keycloak.Shared(t)
	addr := edgetest.Addr(t)
	through, seen := relay(t, "http://"+addr)
	r := runRealm(t, kc, edgetest.Setup{Listen: addr, Rest: realmConfig(t, kc, "")}, through)
	client := r.loggedIn("carol")
	kc.LogoutUser("carol")
	d := <-seen
	events, _ := d.claims["events"].(map[string]any)
	if revoke, _ := events["revoke_offline_access"].(bool); !revoke {
		t.Errorf("Keycloak no longer has what this test is about: %v", d.claims)
	}
	if d.answer.StatusCode != http.StatusOK || d.answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the edge answered %d, %v", d.answer.StatusCode, d.answer.Header)
	}
	if r.isIn(client) {
		t.Error("the session is accepted after the 200")
	}
	again, err := http.PostForm(r.URL+"/.edgeauth/backchannel-logout", d.form)
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
	if again.StatusCode != http.StatusOK {
		t.Errorf("the same token again: %d", again.StatusCode)
	}
}
