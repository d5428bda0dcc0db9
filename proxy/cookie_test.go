package proxy_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// wantNobody demands that a Cookie line counts as no session.
func (b *bed) wantNobody(what, cookie string) {
	b.t.Helper()
	a := b.get("/x", "Cookie: "+cookie+"\r\n")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/.edgeauth/login?rd=%2Fx" || len(a.Header["Set-Cookie"]) != 0 {
		b.t.Errorf("%s: got %d to %q with %q, want the login and no cookie", what, a.StatusCode, a.Header.Get("Location"), a.Header["Set-Cookie"])
	}
	b.untouched()
}

func TestCK01_no_bit_of_a_session_cookie_can_be_changed(t *testing.T) {
	b := newBed(t, options{})
	raw, err := base64.RawURLEncoding.DecodeString(b.value(b.alice()))
	if err != nil {
		t.Fatal(err)
	}
	conn := b.dial()
	defer conn.Close()
	in := bufio.NewReader(conn)
	for bit := 0; bit < len(raw)*8; bit += 3 {
		raw[bit/8] ^= 1 << (bit % 8)
		request := "GET /x HTTP/1.1\r\nHost: app.corp.test\r\nAccept: text/html\r\nCookie: __Host-edgeauth=" + base64.RawURLEncoding.EncodeToString(raw) + "\r\n\r\n"
		raw[bit/8] ^= 1 << (bit % 8)
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if a := b.receive(in, request); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("bit %d changed: got %d", bit, a.StatusCode)
		}
	}
	b.untouched()
	for cut := 1; cut <= 16; cut++ {
		b.wantNobody("cut tag", "__Host-edgeauth="+base64.RawURLEncoding.EncodeToString(raw[:len(raw)-cut]))
	}
}

func TestCK02_values_that_are_no_sealed_session_count_as_none(t *testing.T) {
	b := newBed(t, options{})
	good := b.value(b.alice())
	for _, v := range []string{"", "=", "!!", good + "==", strings.ReplaceAll(good, "_", "/") + "+", good[:9] + " " + good[9:], "A", strings.Repeat("A", 8<<10), good[:len(good)-1],
		good + "A", `"` + good + `"`, good[:20]} {
		b.wantNobody(fmt.Sprintf("%.20q", v), "__Host-edgeauth="+v)
	}
}

func TestCK04_cookies_of_another_purpose_are_no_session(t *testing.T) {
	b := newBed(t, options{})
	rec := httptest.NewRecorder()
	if err := b.cookies.SetBinding(rec, session.NewBinding()); err != nil {
		t.Fatal(err)
	}
	if err := b.cookies.SetDevice(rec, session.Device{ID: identity.NewDeviceID()}); err != nil {
		t.Fatal(err)
	}
	for _, c := range rec.Result().Cookies() {
		b.wantNobody(c.Name, "__Host-edgeauth="+c.Value)
	}
	state, err := b.cookies.SealState([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	b.wantNobody("a state", "__Host-edgeauth="+state)
}

func TestCK05_a_session_of_another_host_is_none_here(t *testing.T) {
	b := newBed(t, options{})
	other := session.NewCookies(session.CookieOptions{Keys: b.ring.Load, Host: "admin.corp.test", Secure: true, Now: b.clock.now})
	b.wantNobody("a session of admin.corp.test", "__Host-edgeauth="+sealed(t, other, b.root()))
}

func TestCK05_a_session_of_another_provider_asks_for_a_login_there(t *testing.T) {
	b := newBed(t, options{routes: otherProvider})
	a := b.get("/x", b.as(b.alice()))
	b.wantLogin(a)
	if got := a.Header.Get("Location"); got != "/.edgeauth/login?provider=partner&rd=%2Fx" {
		t.Errorf("the login is at %q", got)
	}
}

func TestCK07_sessions_past_their_times_are_none(t *testing.T) {
	for what, change := range map[string]func(s *session.Session, now time.Time){
		"absolute end": func(s *session.Session, now time.Time) { s.Expires = now },
		"idle end":     func(s *session.Session, now time.Time) { s.IdleUntil = now },
		"future":       func(s *session.Session, now time.Time) { s.IssuedAt = now.Add(time.Hour) },
	} {
		b := newBed(t, options{})
		s := b.alice()
		change(s, b.clock.now())
		b.wantNobody(what, "__Host-edgeauth="+b.value(s))
	}
	b := newBed(t, options{})
	cookie := b.value(b.alice())
	if a := b.get("/x", "Cookie: __Host-edgeauth="+cookie+"\r\n"); a.StatusCode != http.StatusOK {
		t.Fatalf("got %d", a.StatusCode)
	}
	b.clock.advance(-2 * time.Hour)
	if a := b.get("/x", "Cookie: __Host-edgeauth="+cookie+"\r\n"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("with the clock set back: got %d", a.StatusCode)
	}
	b.clock.advance(2*time.Hour + idle)
	if a := b.get("/x", "Cookie: __Host-edgeauth="+cookie+"\r\n"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("after the idle time: got %d", a.StatusCode)
	}
}

func TestCK10_pieces_of_a_cookie_are_never_joined_and_do_not_cross(t *testing.T) {
	b := newBed(t, options{})
	v := b.value(b.alice())
	half := len(v) / 2
	for _, cookie := range []string{
		"__Host-edgeauth.0=" + v[:half] + "; __Host-edgeauth.1=" + v[half:], "__Host-edgeauth.0=" + v + "; __Host-edgeauth.0=" + v, "__Host-edgeauth.99=" + v,
		"__Host-edgeauth-chunks=99999999; __Host-edgeauth.0=" + v, "__Host-edgeauth_0=" + v,
	} {
		b.wantNobody(cookie[:25], cookie)
	}
	b.get("/public/x", "Cookie: a=1; __Host-edgeauth.0=x; __Host-edgeauth.99=y; __Host-edgeauth-chunks=9\r\n")
	if got := b.hit().Variables["HTTP_COOKIE"]; got != "a=1" {
		t.Errorf("the backend got %q", got)
	}
}

func TestTwo_session_cookies_count_as_none_and_are_reported(t *testing.T) {
	b := newBed(t, options{})
	v := b.value(b.alice())
	b.wantNobody("twice the same", "__Host-edgeauth="+v+"; __Host-edgeauth="+v)
	if !strings.Contains(b.audit.String(), "two_session_cookies") {
		t.Errorf("no event: %s", b.audit.String())
	}
	b.wantNobody("two", "__Host-edgeauth=x; __Host-edgeauth="+v)
	a := b.get("/x", "Cookie: __Host-edgeauth="+v+"\r\n", "Cookie: __Host-edgeauth="+v+"\r\n")
	b.wantLogin(a)
}

func TestCK13_names_that_only_lax_parsers_take_for_the_session_are_none(t *testing.T) {
	for _, form := range []string{"=__Host-edgeauth=%s", "__host-edgeauth=%s", "__%%48ost-edgeauth=%s", "a=b,__Host-edgeauth=%s", "__%%48ost-edgeauth=%s%%zz"} {
		b := newBed(t, options{})
		cookie := fmt.Sprintf(form, b.value(b.alice()))
		b.wantNobody(form, cookie)
		b.get("/public/x", "Cookie: "+cookie+"\r\n")
		if got := b.hit().Variables["HTTP_COOKIE"]; got != "" {
			t.Errorf("%s crossed as %q", form, got)
		}
	}
}

func TestCK14_cookie_names_that_are_not_plain_are_none_and_do_not_cross(t *testing.T) {
	for _, form := range []string{"\xe2\x80\x80__Host-edgeauth=%s", "\x85__Host-edgeauth=%s", "\xa0__Host-edgeauth=%s", `$Version=1; __Host-edgeauth="%s; x=y"`} {
		b := newBed(t, options{})
		cookie := fmt.Sprintf(form, b.value(b.alice()))
		b.wantNobody(form, cookie)
		b.get("/public/x", "Cookie: "+cookie+"\r\n")
		if got := b.hit().Variables["HTTP_COOKIE"]; strings.Contains(got, "edgeauth") || strings.ContainsFunc(got, func(c rune) bool { return c > '~' }) || strings.Contains(got, "$") {
			t.Errorf("%s crossed as %q", form, got)
		}
	}
}

func TestCK19_masses_of_cookies_are_refused_or_harmless(t *testing.T) {
	b := newBed(t, options{})
	if a := b.get("/x", "Cookie: a="+strings.Repeat("x", 2<<20)+"\r\n"); a.StatusCode != http.StatusRequestHeaderFieldsTooLarge && a.StatusCode != 0 {
		t.Errorf("2 MiB: got %d, want 431", a.StatusCode)
	}
	b.untouched()
	many := strings.Repeat("c=1; ", 10_000)
	if a := b.get("/x", "Cookie: "+many+"__Host-edgeauth="+b.value(b.alice())+"\r\n"); a.StatusCode != http.StatusOK {
		t.Errorf("10,000 small ones: got %d", a.StatusCode)
	}
	if got := b.hit().User(); got != "alice" {
		t.Errorf("the backend saw %q", got)
	}
}
