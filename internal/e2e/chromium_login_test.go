package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
)

func Test_in_Chromium_a_login_through_Keycloak_ends_at_the_deep_link(t *testing.T) {
	r := startRealm(t)
	b := browser.Start(t)
	tab := b.NewTab()
	tab.Open(r.URL + "/deep/link?x=1#frag")
	tab.WaitVisible("#kc-login")
	tab.Screenshot("1-keycloak-form")
	signIn(tab, "alice", "wrong")
	within(t, tab, "body", "Invalid username or password")
	tab.Screenshot("2-wrong-password")
	tab.Fill("#password", "alice")
	tab.Click("#kc-login")
	if !strings.HasPrefix(tab.URL(), r.URL+"/deep/link?x=1") || tab.Status() != http.StatusOK || tab.Text("#user") != "Alice Liddell" {
		t.Errorf("after the login: %s shows %q with %d", tab.URL(), tab.Text("#user"), tab.Status())
	}
	if tab.Text("#query") != "x=1" {
		t.Errorf("the backend saw the query %q", tab.Text("#query"))
	}
	tab.Screenshot("3-application")
	checkCookies(t, cookiesOf(b, r), map[string]wanted{
		"edgeauth": {}, "edgeauth-device": {}, "edgeauth-login": {},
	})
	var visible string
	if tab.Eval("document.cookie", &visible); strings.Contains(visible, "edgeauth") {
		t.Errorf("scripts see %q", visible)
	}
}

func Test_in_Chromium_form_post_works_over_https_with_host_cookies(t *testing.T) {
	r := startSecureRealm(t, ", response_mode: form_post")
	b := browser.Start(t, "--ignore-certificate-errors")
	tab := b.NewTab()
	tab.Open(r.URL + "/deep/link?x=1")
	signIn(tab, "alice", "alice")
	arrives(tab, r.URL+"/deep/link?x=1")
	if tab.Text("#user") != "Alice Liddell" {
		t.Errorf("after the login: %q", tab.Text("#user"))
	}
	checkCookies(t, cookiesOf(b, r), map[string]wanted{
		"__Host-edgeauth": {secure: true}, "__Host-edgeauth-device": {secure: true},
		"__Host-edgeauth-login": {secure: true, crossSite: true},
	})
	tab.Open(r.URL + "/.edgeauth/logout")
	tab.Click("button")
	arrives(tab, r.URL+"/.edgeauth/logged-out?state="+stateOf(tab))
	tab.Open(r.URL + "/other")
	tab.WaitVisible("#kc-login")
}

// stateOf is what came back with the logout: it is random, and nothing depends on it.
func stateOf(tab *browser.Tab) string {
	tab.WaitURL("/logged-out")
	_, state, _ := strings.Cut(tab.URL(), "state=")
	return state
}

// wanted is what a test expects of a cookie besides an end, being HttpOnly, and belonging to the whole host and to it alone.
type wanted struct{ secure, crossSite bool }

// cookiesOf are the edge's cookies that the browser keeps.
func cookiesOf(b *browser.Browser, r realm) map[string]*http.Cookie {
	found := map[string]*http.Cookie{}
	for _, c := range b.Cookies() {
		if strings.Contains(c.Name, "edgeauth") {
			found[c.Name] = c
		}
	}
	return found
}

func checkCookies(t *testing.T, found map[string]*http.Cookie, want map[string]wanted) {
	t.Helper()
	for name, c := range found {
		w, expected := want[name]
		if !expected {
			t.Errorf("a cookie that nobody expects: %s", name)
			continue
		}
		site := http.SameSiteLaxMode
		if w.crossSite {
			site = http.SameSiteNoneMode
		}
		if !c.HttpOnly || c.Path != "/" || strings.HasPrefix(c.Domain, ".") || c.Secure != w.secure || c.SameSite != site ||
			c.Expires.Before(time.Now()) {
			t.Errorf("%s: HttpOnly %v, path %q, domain %q, secure %v, SameSite %v, expires %v; want %+v",
				name, c.HttpOnly, c.Path, c.Domain, c.Secure, c.SameSite, c.Expires, w)
		}
	}
	for name := range want {
		if found[name] == nil {
			t.Errorf("there is no cookie %s", name)
		}
	}
}

func Test_in_Chromium_WebSocket_and_events_pass_the_edge(t *testing.T) {
	r := startRealm(t)
	tab := browser.Start(t).NewTab()
	tab.Open(r.URL + "/try")
	signIn(tab, "bob", "bob")
	arrives(tab, r.URL+"/try")
	within(t, tab, "#ws-state", "open")
	within(t, tab, "#sse-log", `"user":"bob"`)
	tab.Fill("#text", "grüße")
	tab.Press("#say button")
	within(t, tab, "#ws-log", "grüße")
	tab.Screenshot("try")
}
