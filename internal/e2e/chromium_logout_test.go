package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
)

func Test_in_Chromium_a_logout_goes_to_Keycloak_and_back(t *testing.T) {
	r := startRealm(t)
	r.keycloak.LogoutUser("bob")
	tab := browser.Start(t).NewTab()
	tab.Open(r.URL + "/")
	signIn(tab, "bob", "bob")
	arrives(tab, r.URL+"/")
	tab.Open(r.URL + "/.edgeauth/logged-out?state=forged") // LO-17: this page changes nothing
	tab.Open(r.URL + "/")
	if tab.Text("#user") != "Bob Dobbs" {
		t.Fatalf("a visit to the page after a logout ended the session: %s", tab.URL())
	}
	tab.Click("#log-out")
	tab.Screenshot("1-asks")
	tab.Click("a.button") // stay
	arrives(tab, r.URL+"/")
	tab.Click("#log-out")
	tab.Click("button")
	tab.WaitURL("^" + r.URL + `/\.edgeauth/logged-out\?state=`)
	tab.Screenshot("2-logged-out")
	if left := r.keycloak.Sessions("bob"); len(left) != 0 {
		t.Errorf("left at Keycloak: %v", left)
	}
	tab.Click("a.button") // log in again
	tab.WaitVisible("#kc-login")
}

func Test_LO16_in_Chromium_no_page_of_another_site_logs_anybody_out(t *testing.T) {
	w := newWorld(t)
	e := w.start(t, "")
	evil := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(rw, `<title>evil</title><img src="%[1]s/.edgeauth/logout"><link rel="prerender" href="%[1]s/.edgeauth/logout">
			<form method="post" action="%[1]s/.edgeauth/logout"><button>win</button></form>
			<form method="post" action="%[1]s/.edgeauth/sessions"><button id="everywhere" name="end" value="all">win more</button></form>`, e.URL)
	}))
	t.Cleanup(evil.Close)
	tab := browser.Start(t).NewTab()
	tab.Open(e.URL + "/")
	tab.Open(strings.Replace(evil.URL, "127.0.0.1", "localhost", 1))
	tab.Click("button")
	if at, err := url.Parse(tab.URL()); err != nil || at.Path != "/.edgeauth/logout" {
		t.Fatalf("the form led to %s", tab.URL())
	}
	tab.Screenshot("refused")
	tab.Open(strings.Replace(evil.URL, "127.0.0.1", "localhost", 1))
	tab.Click("#everywhere")
	if !strings.Contains(tab.Text("h1"), "Nothing has been ended") {
		t.Fatalf("the form led to %s: %s", tab.URL(), tab.Text("h1"))
	}
	tab.Open(e.URL + "/.edgeauth/me")
	if tab.Status() != http.StatusOK {
		t.Errorf("the session is gone: %d", tab.Status())
	}
}
