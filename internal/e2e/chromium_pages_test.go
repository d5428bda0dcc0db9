package e2e_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// shot is one page that people can meet.
type shot struct {
	name, path string
	status     int
}

func Test_in_Chromium_every_page_of_the_edge_is_readable_in_light_and_dark_and_on_a_phone(t *testing.T) {
	w := newWorld(t)
	addr := edgetest.Addr(t)
	w.client(addr)
	e := edgetest.Start(t, addr, pagesConfig(t, w))
	tab := browser.Start(t).NewTab()
	showAll(t, tab, e, []shot{
		{"choose", "/", 200},
		{"not-found", "/.edgeauth/nothing", 404},
		{"bad-link", "/.edgeauth/login?rd=//evil.example", 400},
		{"bad-callback", "/.edgeauth/callback?state=x&code=y", 400},
		{"provider-down", "/.edgeauth/login?provider=down&rd=/", 503},
		{"who-am-i", "/.edgeauth/me", 401},
		{"bad-path", "/a%2Fb", 400},
		{"nobody", "/.edgeauth/logout", 200},
		{"logged-out", "/.edgeauth/logged-out", 200},
	})
	tab.Open(e.URL + "/.edgeauth/login?provider=corp&rd=/")
	showAll(t, tab, e, []shot{
		{"refused", "/admin/", 403},
		{"backend-down", "/dead/", 502},
		{"log-out", "/.edgeauth/logout", 200},
		{"sessions", "/.edgeauth/sessions", 200},
	})
}

// pagesConfig has a second provider that is down and a route whose application is.
func pagesConfig(t *testing.T, w *world) string {
	t.Helper()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	config := strings.Replace(w.config(""), "upstreams:\n", fmt.Sprintf(
		"  down: {display_name: A service with quite a long name that wraps on small screens, issuer: 'http://%s', client_id: x, client_secret: x}\n"+
			"upstreams:\n  dead: {addresses: ['http://%s']}\n", nobody.Addr(), nobody.Addr()), 1)
	return strings.Replace(config, "routes:\n", "routes:\n  - {path: /dead, upstream: dead}\n", 1)
}

// showAll opens pages and keeps pictures of them.
func showAll(t *testing.T, tab *browser.Tab, e *edgetest.Edge, shots []shot) {
	t.Helper()
	for _, s := range shots {
		tab.Open(e.URL + s.path)
		if tab.Status() != s.status || tab.Text("h1") == "" {
			t.Errorf("%s: %d with the heading %q, want %d", s.path, tab.Status(), tab.Text("h1"), s.status)
		}
		var overflow bool
		for _, scheme := range []string{"light", "dark"} {
			tab.Prefer(scheme)
			tab.Screenshot(s.name + "-" + scheme)
		}
		resize(t, tab, 360, 640)
		tab.Eval("document.documentElement.scrollWidth > innerWidth", &overflow)
		tab.Screenshot(s.name + "-phone")
		if overflow {
			t.Errorf("%s is wider than a phone", s.path)
		}
		resize(t, tab, 1280, 900)
	}
}

func resize(t *testing.T, tab *browser.Tab, width, height int) {
	t.Helper()
	if err := chromedp.Do(tab.Context(), chromedp.EmulateViewport(int64(width), int64(height))); err != nil {
		t.Fatal(err)
	}
}
