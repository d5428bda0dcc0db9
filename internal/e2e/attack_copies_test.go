package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

// person is somebody with a browser, and the copy of the session cookie that a thief made.
type person struct {
	*edgetest.Client
	copied string
}

// arrive logs somebody in and copies the cookie.
func (s *siege) arrive() person {
	s.t.Helper()
	c := edgetest.NewClient(s.t)
	if p := c.Open(s.URL + "/home"); p.Status != http.StatusOK {
		s.t.Fatalf("the login ended with %d", p.Status)
	}
	return person{c, "Cookie: edgeauth=" + c.Cookie(s.URL, "edgeauth") + "\r\n"}
}

func Test_CK17_a_copied_cookie_is_nobodys_after_every_kind_of_end(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	revoke := func(args ...string) func(person) {
		return func(person) {
			if out, err := s.Command(append([]string{"revoke", "--config", s.ConfigFile()}, args...)...); err != nil {
				t.Fatalf("revoke %q: %v\n%s", args, err, out)
			}
		}
	}
	hear := func(edit func(claims map[string]any)) func(person) {
		return func(person) {
			resp, err := s.idp.SendBackchannelLogout(t.Context(), "edgeauth", s.idp.LogoutToken(func(_, c map[string]any) { c["aud"] = "edgeauth"; edit(c) }))
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("the logout token: %v %v", resp, err)
			}
			_ = resp.Body.Close()
		}
	}
	for what, end := range map[string]func(person){
		"a logout":                         func(p person) { p.Post(s.URL+"/.edgeauth/logout", url.Values{}) },
		"a logout token by sid":            hear(func(c map[string]any) { c["sid"] = s.lastSID() }),
		"a logout token by sub":            hear(func(c map[string]any) { c["sub"] = "demo-alice" }),
		"an administrator by subject":      revoke("--provider", "corp", "--subject", "demo-alice"),
		"an administrator by session":      func(p person) { revoke("--session", s.nameOf(p))(p) },
		"an administrator about everybody": revoke("--all"),
		"another login in the browser":     func(p person) { p.Open(s.URL + "/.edgeauth/login?rd=/home") },
	} {
		p := s.arrive()
		if r := s.get("/home", p.copied); r.StatusCode != http.StatusOK {
			t.Fatalf("before %s the copy is answered %d", what, r.StatusCode)
		}
		end(p)
		before := len(s.app.Hits())
		for target, want := range map[string]int{"/home": http.StatusSeeOther, "/admin/x": http.StatusSeeOther, "/.edgeauth/me": http.StatusUnauthorized, "/public/x": http.StatusOK} {
			r := s.get(target, p.copied)
			if r.StatusCode != want || len(r.Cookies()) != 0 {
				t.Errorf("after %s the copy at %s is answered %d with %v", what, target, r.StatusCode, r.Cookies())
			}
		}
		for _, h := range s.app.Hits()[before:] {
			if h.Target != "/public/x" || h.User() != "" {
				t.Errorf("after %s the application read %s", what, h.Head)
			}
		}
		if again := s.arrive(); s.get("/home", again.copied).StatusCode != http.StatusOK {
			t.Errorf("after %s a new login does not hold", what)
		}
	}
	s.alive()
}

// lastSID names the session at the provider that the last login came of.
func (s *siege) lastSID() string {
	s.t.Helper()
	issued := s.idp.Issued()
	_, claims, err := jose.Decode(issued[len(issued)-1].IDToken)
	sid, ok := claims["sid"].(string)
	if err != nil || !ok {
		s.t.Fatalf("the last ID token has no sid: %v %v", claims, err)
	}
	return sid
}

// nameOf is the public name of somebody's session.
func (s *siege) nameOf(p person) string {
	s.t.Helper()
	_, rest, _ := strings.Cut(p.Ask(s.URL+"/.edgeauth/me").Body, `"session":"`)
	name, _, ok := strings.Cut(rest, `"`)
	if !ok {
		s.t.Fatal("the session has no name")
	}
	return name
}

func Test_HD17_a_backend_cannot_set_or_clear_what_is_the_edges(t *testing.T) {
	t.Parallel()
	lines := []string{"edgeauth=x; Path=/", "edgeauth-login=x", "edgeauth-device=x", "__Host-edgeauth=x; Path=/; Secure", "__Host-edgeauth-login=x", "EDGEAUTH=x", " edgeauth=x", "\tedgeauth=x", "edgeauth =x",
		"=edgeauth=x", "edgeauth", "edgeauth.0=x", "edgeauth; Max-Age=0", "edgeauth=; Max-Age=0; Path=/", "__Secure-edgeauth=x", "edgeauth\t=x"}
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Auth-User: root\r\nX_Auth_User: root\r\nSet-Cookie: app=1\r\n"
	for _, line := range lines {
		answer += "Set-Cookie: " + line + "\r\nset-cookie:" + line + "\r\n"
	}
	w := newWorld(t)
	e := edgetest.Start(t, edgetest.Addr(t), w.guarding(hoarder(t, "HTTP/1.1 103 Early Hints\r\nSet-Cookie: edgeauth=x\r\n\r\n"+answer+"\r\nok")))
	s := &siege{world: w, Edge: e, t: t}
	r := s.get("/public/x")
	if r.StatusCode != http.StatusOK || len(r.Header["Set-Cookie"]) != 1 || r.Header.Get("Set-Cookie") != "app=1" || r.Header.Get("X-Auth-User") != "" || len(r.Header[http.CanonicalHeaderKey("X_Auth_User")]) != 0 {
		t.Errorf("%d with %v", r.StatusCode, r.Header)
	}
}

func Test_LO16_LO17_no_visit_and_no_other_site_logs_anybody_out(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	p := s.arrive()
	post := func(lines string) string {
		return "POST /.edgeauth/logout HTTP/1.1\r\nHost: " + s.Listen + "\r\n" + p.copied + lines + "Content-Length: 0\r\nConnection: close\r\n\r\n"
	}
	for _, raw := range []string{
		post(""), post("Origin: https://evil.test\r\n"), post("Origin: null\r\n"), post("Sec-Fetch-Site: cross-site\r\n"), post("Sec-Fetch-Site: same-site\r\nOrigin: " + s.URL + "\r\n"), post("Sec-Fetch-Site: none\r\n"),
		post("Origin: " + s.URL + ".evil.test\r\n"), post("Origin: " + s.URL + "\r\nOrigin: https://evil.test\r\nSec-Fetch-Site: cross-site\r\n"), post("Referer: https://evil.test/" + s.URL + "\r\n"), post("Referer: " + s.URL + "@evil.test/\r\n"),
		post("X-HTTP-Method-Override: POST\r\nSec-Fetch-Site: cross-site\r\n"),
	} {
		if r := s.send(raw); r.StatusCode != http.StatusForbidden || len(r.Cookies()) != 0 {
			t.Errorf("%q: %d with %v", strings.Replace(raw, p.copied, "", 1), r.StatusCode, r.Cookies())
		}
	}
	for _, target := range []string{"/.edgeauth/logout", "/.edgeauth/logout?confirm=1", "/.edgeauth/logged-out?state=x", "/.edgeauth/logged-out", "/.edgeauth/logout?_method=POST"} {
		for _, line := range []string{"", "Sec-Fetch-Site: cross-site\r\n", "Sec-Purpose: prefetch;prerender\r\n", "X-HTTP-Method-Override: POST\r\n"} {
			if r := s.get(target, p.copied, line); r.StatusCode != http.StatusOK || len(r.Cookies()) != 0 {
				t.Errorf("%s with %q: %d with %v", target, line, r.StatusCode, r.Cookies())
			}
		}
	}
	if r := s.get("/home", p.copied); r.StatusCode != http.StatusOK {
		t.Fatalf("one of them logged out: %d", r.StatusCode)
	}
	if r := s.send(post("Origin: " + s.URL + "\r\nSec-Fetch-Site: same-origin\r\nAccept: text/html\r\n")); r.StatusCode != http.StatusSeeOther || s.get("/home", p.copied).StatusCode != http.StatusSeeOther {
		t.Errorf("the button of the page: %d", r.StatusCode)
	}
}

func Test_XF10_a_PROXY_preamble_of_any_form_and_length_ends_the_connection(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	v2 := "\r\n\r\n\x00\r\nQUIT\n"
	for what, preamble := range map[string]string{
		"v1": "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "v1 unknown": "PROXY UNKNOWN\r\n", "v1 cut": "PROXY TCP4 10.0", "v1 without a line end": "PROXY TCP4 10.0.0.1 10.0.0.2 1 2", "v1 endless": "PROXY " + strings.Repeat("1", 64<<10) + "\r\n",
		"v2": v2 + "\x21\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x02", "v2 cut": v2 + "\x21", "v2 local": v2 + "\x20\x00\x00\x00", "v2 with 64 KiB of TLV": v2 + "\x21\x11\xff\xff" + strings.Repeat("\x04", 0xffff),
	} {
		c := wireTo(t, s.Listen)
		go c.write(preamble + "GET /public/x HTTP/1.1\r\nHost: " + s.Listen + "\r\n\r\n")
		if r := c.read("GET"); r.StatusCode != http.StatusBadRequest && r.StatusCode != http.StatusRequestHeaderFieldsTooLarge && r.StatusCode != 0 || r.StatusCode != 0 && !r.Close {
			t.Errorf("%s: %d, connection closed: %v", what, r.StatusCode, r.Close)
		}
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %q", len(hits), hits[0].Head)
	}
	if strings.Contains(s.Log(), `"client":"10.0`) {
		t.Error("the address of a preamble was taken over")
	}
}

func Test_DS10_five_hundred_expectations_on_few_connections_cross_no_answers(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	c := wireTo(t, s.Listen)
	for i := range 500 {
		expect := []string{"Expect: 100-continue\r\n", "Expect:\r\n 100-continue\r\n", "expect: 100-Continue\r\n"}[i%3]
		target := []string{"/public/x", "/home", "/.edgeauth/me"}[i/3%3] // the last two refuse without reading the body
		c.write("POST " + target + " HTTP/1.1\r\nHost: " + s.Listen + "\r\n" + expect + "Content-Length: 5\r\n\r\nhello")
		r := c.read("POST")
		want := map[string]int{"/public/x": 200, "/home": 401, "/.edgeauth/me": 405}[target]
		if r.StatusCode != want {
			t.Fatalf("request %d for %s: %d, want %d", i, target, r.StatusCode, want)
		}
		if r.Close {
			c = wireTo(t, s.Listen)
		}
	}
	for _, h := range s.app.Hits() {
		if h.Method != http.MethodPost || h.Target != "/public/x" || string(h.Body) != "hello" || h.Variables["HTTP_EXPECT"] != "" {
			t.Fatalf("the application read %q and the body %q", h.Head, h.Body)
		}
	}
}
