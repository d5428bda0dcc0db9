package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

func Test_CK20_in_Chromium_twenty_tabs_opened_at_once_all_land_on_their_own_pages_after_one_login(t *testing.T) {
	r := startRealm(t)
	b := browser.Start(t)
	var addresses []string
	for i := range 20 {
		addresses = append(addresses, fmt.Sprintf("%s/tab/%d?n=%d", r.URL, i, i))
	}
	tabs := b.OpenAll(addresses...)
	for i, tab := range tabs {
		if !strings.HasPrefix(tab.URL(), r.keycloak.URL()) {
			t.Errorf("tab %d stands at %s", i, tab.URL())
		}
	}
	// A second after it was loaded Keycloak's page loads itself anew if another tab began a login. One that does so while somebody logs in
	// may take the new session for an old one, and stays.
	time.Sleep(3 * time.Second)
	for _, tab := range tabs {
		tab.WaitURL("^" + regexp.QuoteMeta(r.keycloak.URL()))
	}
	signIn(tabs[7], "alice", "alice")
	for i, tab := range tabs { // Keycloak's own script sees the login in the other tabs and goes on there
		arrives(tab, addresses[i])
		if tab.Text("#user") != "Alice Liddell" || tab.Status() != http.StatusOK {
			t.Errorf("tab %d: %q with %d at %s", i, tab.Text("#user"), tab.Status(), tab.URL())
		}
	}
	tabs[7].Screenshot("the-first-tab")
	bindings := 0
	for name := range cookiesOf(b, r) {
		if strings.Contains(name, "login") {
			bindings++
		}
	}
	if bindings != 1 {
		t.Errorf("%d login cookies, want 1", bindings)
	}
}

func Test_in_Chromium_the_back_button_shows_no_error_after_the_login_and_no_protected_page_after_the_logout(t *testing.T) {
	kc := keycloak.Shared(t)
	addr := edgetest.Addr(t)
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600") // an application that knows nothing of logins
		fmt.Fprintf(w, `<title>salaries</title><h1 id="secret">the salaries of %s</h1><a href="/.edgeauth/logout">out</a>`, r.Header.Get("X-Auth-User"))
	}))
	t.Cleanup(careless.Close)
	config := strings.Replace(realmConfig(t, kc, ""), "routes:\n", "routes:\n  - {path: /careless, upstream: careless}\n", 1)
	config = strings.Replace(config, "upstreams:\n", "upstreams:\n  careless: {addresses: ["+careless.URL+"]}\n", 1)
	r := runRealm(t, kc, edgetest.Setup{Listen: addr, Rest: config}, "http://"+addr)
	tab := browser.Start(t).NewTab()
	tab.Open(r.URL + "/.edgeauth/logged-out")
	tab.Open(r.URL + "/careless/x")
	signIn(tab, "carol", "carol")
	arrives(tab, r.URL+"/careless/x")
	tab.Screenshot("1-logged-in")

	tab.Back() // to Keycloak's form, which knows the person by now
	tab.Screenshot("2-back-after-login")
	arrives(tab, r.URL+"/careless/x")
	if tab.Status() != http.StatusOK {
		t.Errorf("the back button after the login leads to %s with %d", tab.URL(), tab.Status())
	}

	tab.Click("a")
	tab.Screenshot("3-log-out")
	tab.Click("button")
	tab.WaitURL("/.edgeauth/logged-out")
	tab.Screenshot("4-logged-out")
	for range 3 {
		tab.Back()
		if html := tab.HTML(); strings.Contains(html, "salaries") {
			t.Fatalf("after the logout the back button shows %s from memory: %s", tab.URL(), html)
		}
	}
	tab.Screenshot("5-back-after-logout")
}
