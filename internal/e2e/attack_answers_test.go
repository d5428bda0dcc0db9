package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/edgeauth/edgeauth/internal/idp"
)

func Test_CA02_CA04_what_the_edge_answers_itself_is_stored_by_nobody_and_shared_with_no_origin(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	p := s.arrive()
	form := "Content-Length: 0\r\nConnection: close\r\n\r\n"
	for what, r := range map[string]reply{
		"a login that is needed": s.get("/home"), "the login": s.get("/.edgeauth/login?rd=/x"), "401": s.get("/home", "Sec-Fetch-Mode: cors\r\n"), "403": s.get("/admin/x", p.copied), "404": s.get("/.edgeauth/x"), "400": s.get("/a//b"), "a bad callback": s.get("/.edgeauth/callback?state=x&code=y"),
		"the logout page": s.get("/.edgeauth/logout", p.copied), "logged out": s.get("/.edgeauth/logged-out"), "me": s.get("/.edgeauth/me", p.copied), "me of nobody": s.get("/.edgeauth/me?x.css"), "421": s.send("GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"),
		"405": s.send("DELETE /.edgeauth/me HTTP/1.1\r\nHost: " + s.Listen + "\r\n" + form), "a bad logout token": s.send("POST /.edgeauth/backchannel-logout HTTP/1.1\r\nHost: " + s.Listen + "\r\nContent-Type: application/x-www-form-urlencoded\r\n" + form),
		"a logout of another site": s.send("POST /.edgeauth/logout HTTP/1.1\r\nHost: " + s.Listen + "\r\nOrigin: https://evil.test\r\n" + p.copied + form), "a preflight": s.send("OPTIONS /home HTTP/1.1\r\nHost: " + s.Listen + "\r\nOrigin: https://evil.test\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"),
		"with an origin": s.get("/.edgeauth/me", p.copied, "Origin: https://evil.test\r\n"), "with the origin null": s.get("/home", "Origin: null\r\n"),
	} {
		h := r.Header
		if r.StatusCode == 0 || h.Get("Cache-Control") != "no-store" || len(h["Access-Control-Allow-Origin"])+len(h["Access-Control-Allow-Credentials"]) != 0 || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d with %v", what, r.StatusCode, h)
		}
		if strings.HasPrefix(h.Get("Content-Type"), "text/html") && (h.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'")) {
			t.Errorf("%s: a page with %v", what, h)
		}
	}
	for _, target := range []string{"/home/x.css", "/home?x.css", "/public/x.css"} {
		if cc := s.get(target, p.copied).Header.Get("Cache-Control"); cc != "private" && cc != "no-store" {
			t.Errorf("CA-01: %s for alice is %q", target, cc)
		}
	}
}

func Test_CA04_what_is_no_request_is_answered_and_stored_by_nobody(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	line := "GET /public/x HTTP/1.1\r\nHost: " + s.Listen + "\r\n"
	for raw, want := range map[string]int{
		line + "no field\r\n\r\n": 400, "GET /public/x HTTP/1.1\r\n\r\n": 400, line + "Expect: wonders\r\n\r\n": 417, line + "X-A: " + strings.Repeat("a", 2<<20): 431,
		line + "Transfer-Encoding: gzip\r\n\r\n": 501, strings.Replace(line, "1.1", "3.1", 1) + "\r\n": 505,
	} {
		if r := s.send(raw); r.StatusCode != want || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%.60q: %d with %v, want %d and no-store", raw, r.StatusCode, r.Header, want)
		}
	}
	s.alive()
}

func Test_WS01_WS02_no_tunnel_for_nobody_and_none_from_elsewhere(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	p := s.arrive()
	shake := func(lines string) reply {
		return s.send("GET /ws HTTP/1.1\r\nHost: " + s.Listen + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + lines + "\r\n")
	}
	before := len(s.app.Hits())
	if r := shake("Origin: " + s.URL + "\r\n"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d", r.StatusCode)
	}
	for _, line := range []string{"", "Origin: https://evil.test\r\n", "Origin: null\r\n", "Origin: " + s.URL + ".evil.test\r\n", "Origin: " + s.URL + "\r\nOrigin: https://evil.test\r\n", "Origin: https://evil.test, " + s.URL + "\r\n", "Origin: " + strings.Replace(s.URL, "http:", "https:", 1) + "\r\n",
		"Origin: " + s.URL + "/\r\n", "Origin: none\r\n", "Origin: " + strings.Replace(s.URL, "127.0.0.1", "blog.corp.test", 1) + "\r\n", "Origin:\r\n", "Sec-WebSocket-Origin: " + s.URL + "\r\n"} {
		if r := shake(p.copied + line); r.StatusCode != http.StatusForbidden {
			t.Errorf("alice with %q: %d", line, r.StatusCode)
		}
	}
	fields := []hpack.HeaderField{{Name: ":method", Value: "CONNECT"}, {Name: ":protocol", Value: "websocket"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: s.Listen}, {Name: ":path", Value: "/ws"},
		{Name: "sec-websocket-version", Value: "13"}, {Name: "origin", Value: s.URL}}
	if status := s.stream(fields); status == "101" || strings.HasPrefix(status, "2") {
		t.Errorf("an extended CONNECT of nobody: %s", status)
	}
	if r := s.get("/events", "Accept: text/event-stream\r\n", "Sec-Fetch-Mode: cors\r\n"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("events for nobody: %d", r.StatusCode)
	}
	if hits := s.app.Hits()[before:]; len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %s", len(hits), hits[0].Head)
	}
}

func Test_CB01_CB02_CB05_callbacks_that_are_not_this_browsers_spend_no_code(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	begin := s.get("/.edgeauth/login?rd=/attacker")
	consent, err := http.NewRequestWithContext(t.Context(), http.MethodGet, begin.Header.Get("Location"), nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := http.DefaultTransport.RoundTrip(consent)
	if err != nil {
		t.Fatal(err)
	}
	_ = back.Body.Close()
	callback := strings.TrimPrefix(back.Header.Get("Location"), s.URL)
	if !strings.HasPrefix(callback, "/.edgeauth/callback?") {
		t.Fatalf("the login does not come back: %q", callback)
	}
	var own string
	for _, c := range begin.Cookies() {
		own = "Cookie: " + c.Name + "=" + c.Value + "\r\n"
	}
	var others string
	for _, c := range s.get("/.edgeauth/login?rd=/victim").Cookies() {
		others = "Cookie: " + c.Name + "=" + c.Value + "\r\n"
	}
	i := strings.Index(callback, "state=") + 60
	flipped := callback[:i] + string(rune(callback[i]^1)) + callback[i+1:]
	tokens := s.idp.Count(idp.Token)
	for what, r := range map[string]reply{
		"a browser without a binding": s.get(callback), "another browser": s.get(callback, others), "a binding that was changed": s.get(callback, strings.Replace(own, "=", "=A", 1)), "two bindings": s.get(callback, others, own),
		"no query": s.get("/.edgeauth/callback", own), "no state": s.get("/.edgeauth/callback?code=x", own), "a state of 60 KiB": s.get("/.edgeauth/callback?code=x&state="+strings.Repeat("A", 60<<10), own), "a flipped bit": s.get(flipped, own),
		"two codes": s.get(callback+"&code=x", own), "two states": s.get(callback+"&state=x", own), "two issuers": s.get(callback+"&iss=https://evil.test", own), "code and error": s.get(callback+"&error=access_denied", own), "a name escaped": s.get(callback+"&%63ode=x", own),
		"posted": s.send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", callback, s.Listen, own)),
	} {
		if r.StatusCode < 400 || r.StatusCode > 499 || strings.Contains(fmt.Sprint(r.Header["Set-Cookie"]), "edgeauth=") || s.idp.Count(idp.Token) != tokens {
			t.Errorf("%s: %d with %v, %d token requests", what, r.StatusCode, r.Header["Set-Cookie"], s.idp.Count(idp.Token)-tokens)
		}
	}
	if r := s.get(callback, own); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != s.URL+"/attacker" || r.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the browser's own callback in the end: %d to %q", r.StatusCode, r.Header.Get("Location"))
	}
}
