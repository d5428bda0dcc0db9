package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func Test_the_command_line_revokes_on_every_edge_through_Redis(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	operator := f.prepare() // never runs: the command line finds no socket and writes to the log itself
	revoke := func(args ...string) {
		t.Helper()
		out, err := operator.Command(append([]string{"revoke", "--config", operator.ConfigFile()}, args...)...)
		if err != nil || !strings.Contains(out, "written to the log") || !strings.Contains(out, "comes back without a password") {
			t.Fatalf("revoke %q: %v\n%s", args, err, out)
		}
		line, _, _ := strings.Cut(out, "\n") // no edge records it, so the command says what the audit log should have
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil || event["event"] != "revocation" || !strings.HasPrefix(fmt.Sprint(event["actor"]), "cli:") ||
			event["delivery"] != "delivered" || !strings.Contains(fmt.Sprint(event["detail"]), "at the provider go on") {
			t.Errorf("revoke %q: the audit event: %v\n%s", args, err, out)
		}
		for flag, key := range map[string]string{"--session": "session", "--subject": "sub"} {
			if i := slices.Index(args, flag); i >= 0 && event[key] != args[i+1] {
				t.Errorf("revoke %q: the audit event does not say whom it is about: %v", args, event)
			}
		}
	}
	alice, phone := f.login(), f.login()
	f.idp.AutoLogin("bob")
	bob := f.login()
	f.wantAdmitted("before anything is revoked", alice, 0, 1)

	revoke("--session", nameOf(t, f, alice))
	f.wantRefused("after --session", alice, 0, 1)
	f.wantAdmitted("after --session of another", phone, 0, 1)

	revoke("--provider", "corp", "--subject", "demo-alice")
	f.wantRefused("after --subject", phone, 0, 1)
	f.wantAdmitted("after --subject of another", bob, 0, 1)

	revoke("--all", "--reason", "test")
	f.wantRefused("after --all", bob, 0, 1)
	f.on(0)
	wantPage(t, bob.Open(f.origin+"/"))
	f.wantAdmitted("after a new login", bob, 0, 1)
}

// nameOf is the public name of a browser's session.
func nameOf(t *testing.T, f *fleet, c *edgetest.Client) string {
	t.Helper()
	var me struct{ Session string }
	p := c.Ask(f.origin + "/.edgeauth/me")
	if err := json.Unmarshal([]byte(p.Body), &me); err != nil || me.Session == "" {
		t.Fatalf("me: %d %v\n%s", p.Status, err, p.Body)
	}
	return me.Session
}

func Test_a_logout_token_that_one_edge_hears_ends_the_session_on_all(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	laptop, phone := f.login(), f.login()
	f.wantAdmitted("before", laptop, 0, 1)

	f.on(0)
	sid := idTokenOf(t, f, 0)["sid"].(string)
	if !f.idp.EndSID(t.Context(), sid) {
		t.Fatal("the provider does not know the session")
	}
	f.wantRefused("after a token by sid", laptop, 0, 1)
	f.wantAdmitted("after a token by another's sid", phone, 0, 1)

	bySub := f.idp.LogoutToken(func(_, claims map[string]any) { claims["aud"], claims["sub"] = "edgeauth", "demo-alice" })
	f.on(1)
	f.deliver(bySub)
	f.wantRefused("after a token by sub", phone, 0, 1)

	f.on(0)
	wantPage(t, phone.Open(f.origin+"/"))
	f.on(1)
	f.deliver(bySub)
	f.wantAdmitted("after the same token once more", phone, 0, 1)
}

// deliver posts a logout token to the edge that the balancer names.
func (f *fleet) deliver(token string) {
	f.t.Helper()
	resp, err := f.idp.SendBackchannelLogout(f.t.Context(), "edgeauth", token)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.t.Fatalf("the logout token is answered with %d", resp.StatusCode)
	}
}

func Test_a_logout_ends_the_session_of_every_host_of_the_same_IdP_session(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	addr := edgetest.AddrOn(t, "127.0.0.2") // cookies do not tell ports apart, so the other host needs another address
	f.client(f.front.ln.Addr().String(), addr)
	other := edgetest.Start(t, addr, f.config(f.store))
	c := f.login()
	wantPage(t, c.Open(other.URL+"/"))
	own := f.thief(c)

	if p := c.Post(f.origin+"/.edgeauth/logout", url.Values{}); p.Status != http.StatusOK || p.URL.Path != "/.edgeauth/logged-out" {
		t.Fatalf("logout: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	f.wantRefused("after the logout, with a copy of the cookie", own, 0)
	other.Until("the session of the other host is refused", func() bool {
		return c.Ask(other.URL+"/").Status == http.StatusSeeOther
	})
}

func Test_a_new_login_in_a_browser_ends_its_previous_session_on_every_edge(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	c := f.login()
	old := f.thief(c)
	f.wantAdmitted("the first session", old, 0, 1)
	f.on(0)
	wantPage(t, c.Open(f.origin+"/.edgeauth/login?rd=/"))
	f.wantRefused("a copy of the cookie from before", old, 0, 1)
	f.wantAdmitted("the new session", c, 0, 1)
}
