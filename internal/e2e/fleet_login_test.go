package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/session"
)

// next asks for an address and returns where its answer sends the browser.
func next(t *testing.T, c *edgetest.Client, address string) string {
	t.Helper()
	p := c.Ask(address)
	to, err := url.Parse(p.Header.Get("Location"))
	if err != nil || p.Status != http.StatusSeeOther {
		t.Fatalf("%s: %d, %v\n%s", address, p.Status, err, p.Body)
	}
	return p.URL.ResolveReference(to).String()
}

// begin goes through a login up to the address to which the provider sends the browser back.
func begin(t *testing.T, c *edgetest.Client, address string) (callback string) {
	t.Helper()
	return next(t, c, next(t, c, next(t, c, address)))
}

func Test_a_login_that_begins_at_one_edge_ends_at_another_after_a_restart_of_all(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	c := f.browser()
	callback := begin(t, c, f.origin+"/deep/link?x=1")
	for _, e := range f.edges {
		e.Stop()
		e.Run()
	}
	for _, e := range f.edges {
		e.WaitReady()
	}
	f.on(1)
	if to := next(t, c, callback); to != f.origin+"/deep/link?x=1" {
		t.Errorf("after the login the browser is sent to %s", to)
	}
	f.wantAdmitted("after the login", c, 0, 1)
}

func Test_a_crash_in_the_middle_of_a_login_loses_nothing_with_the_embedded_store(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	before := edgetest.NewClient(t)
	wantPage(t, before.Open(e.URL+"/"))
	callback := begin(t, c, e.URL+"/deep")
	e.Kill()
	e.Run()
	e.WaitReady()
	wantPage(t, c.Open(callback))
	p := before.Ask(e.URL + "/")
	wantPage(t, p)
	wantNoCookie(t, "a session from before the crash", p)
}

func Test_keys_rotate_while_people_are_logged_in_and_in_the_middle_of_a_login(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	c := f.login()
	sealed := keyOf(t, c.Cookie(f.origin, "edgeauth"))
	late := f.browser()
	callback := begin(t, late, f.origin+"/deep")

	fresh := rotate(t, f.keys)
	for _, e := range f.edges {
		e.Until("the edge has the new key", func() bool { n, _ := e.Metric("edgeauth_keys_active"); return n == 2 })
	}
	f.wantAdmitted("a session sealed with the old key", c, 0, 1)
	f.on(1)
	wantPage(t, late.Open(callback))
	f.wantAdmitted("a login that began under the old key", late, 0, 1)
	if got := keyOf(t, late.Cookie(f.origin, "edgeauth")); got == sealed {
		t.Errorf("a session made after the rotation is sealed with the old key")
	}
	p := c.Open(f.origin + "/.edgeauth/jwks.json")
	if n := strings.Count(p.Body, `"kid"`); n != 2 || !strings.Contains(p.Body, fresh.ID.String()) {
		t.Errorf("the JWKS shows %d keys:\n%s", n, p.Body)
	}
}

// rotate writes a ring with a new key that takes over at once; its lead was waited for, so to speak.
func rotate(t *testing.T, file string) session.Key {
	t.Helper()
	keys, err := session.ReadKeys(file)
	if err == nil {
		keys, err = session.Rotate(keys, time.Now(), 24*time.Hour)
	}
	if err == nil {
		err = session.WriteKeys(file, keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys[len(keys)-1]
}

// keyOf is the part of a sealed cookie that names format and key.
func keyOf(t *testing.T, cookie string) string {
	t.Helper()
	if len(cookie) < 16 {
		t.Fatalf("no sealed cookie: %q", cookie)
	}
	return cookie[:6]
}
