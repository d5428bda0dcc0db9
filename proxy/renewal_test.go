package proxy_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
)

// renewed returns the session that an answer sets, or nil.
func (b *bed) renewed(a answer) *session.Session {
	b.t.Helper()
	for _, c := range a.Cookies() {
		if c.Name == "__Host-edgeauth" {
			s, err := b.cookies.Open(c.Value)
			if err != nil {
				b.t.Fatalf("the new cookie cannot be opened: %v", err)
			}
			return s
		}
	}
	return nil
}

func TestThe_idle_time_is_renewed_past_its_half_and_the_answer_is_not_stored(t *testing.T) {
	b := newBed(t, options{})
	s := b.alice()
	cookie := b.as(s)
	b.clock.advance(idle/2 - time.Minute)
	if a := b.get("/x", cookie); b.renewed(a) != nil || a.Header.Get("Cache-Control") != "private" {
		t.Errorf("before half of it: %v", a.Header)
	}
	b.clock.advance(2 * time.Minute)
	a := b.get("/x", cookie)
	got := b.renewed(a)
	if got == nil || got.ID != s.ID || got.Family != s.Family || !got.IdleUntil.Equal(b.clock.now().Add(idle)) || !got.IssuedAt.Equal(b.clock.now()) || !got.Expires.Equal(s.Expires) {
		t.Fatalf("renewed to %+v", got)
	}
	if cc := a.Header.Get("Cache-Control"); cc != "no-store" {
		t.Errorf("Cache-Control is %q", cc)
	}
	if !strings.Contains(a.Header.Get("Set-Cookie"), "HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie: %s", a.Header.Get("Set-Cookie"))
	}
}

func TestThe_idle_time_never_outlives_the_session(t *testing.T) {
	b := newBed(t, options{})
	s := b.alice()
	s.Expires = b.clock.now().Add(idle + time.Minute)
	b.clock.advance(idle - time.Minute)
	got := b.renewed(b.get("/x", b.as(s)))
	if got == nil || !got.IdleUntil.Equal(s.Expires) {
		t.Fatalf("renewed to %+v", got)
	}
	if again := b.renewed(b.get("/x", b.as(got))); again != nil {
		t.Error("renewed though nothing can be gained")
	}
}

func TestWho_is_revoked_while_the_backend_works_gets_no_new_cookie(t *testing.T) {
	var b *bed
	b = newBed(t, options{backend: answering(t, func(w http.ResponseWriter, _ *http.Request) {
		b.log.set(revocation.Standing{Vouched: true, Revoked: true})
	})})
	cookie := b.as(b.alice())
	b.clock.advance(idle - time.Minute)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK || b.renewed(a) != nil {
		t.Errorf("got %d with %v", a.StatusCode, a.Header)
	}
}

func TestA_refusal_never_renews(t *testing.T) {
	b := newBed(t, options{})
	cookie := b.as(b.alice())
	b.clock.advance(idle - time.Minute)
	if a := b.get("/admin/x", cookie); a.StatusCode != http.StatusForbidden || len(a.Header["Set-Cookie"]) != 0 {
		t.Errorf("got %d with %v", a.StatusCode, a.Header)
	}
}

func TestCA01_answers_to_somebody_are_private_and_those_to_nobody_the_applications_own(t *testing.T) {
	b := newBed(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		if v := r.URL.Query().Get("cc"); v != "" {
			w.Header().Set("Cache-Control", v)
		}
	})})
	for target, want := range map[string]string{
		"/account/x.css": "private", "/account/x.css?cc=public,max-age=60": "max-age=60, private", "/x?cc=no-store": "no-store", "/public/x?cc=public": "private",
	} {
		if got := b.get(target, b.as(b.alice())).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: alice got %q, want %q", target, got, want)
		}
	}
	for _, target := range []string{"/account;x.css", "/account%2fx.css", "/account/..%2fstatic/x.css"} {
		if a := b.get(target, b.as(b.alice())); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d", target, a.StatusCode)
		}
	}
	if got := b.get("/public/x?cc=public").Header.Get("Cache-Control"); got != "public" {
		t.Errorf("nobody got %q on a public route", got)
	}
	if a := b.get("/account/x.css"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("nobody got %d", a.StatusCode)
	}
}

func TestCA02_answers_of_the_edge_are_not_stored(t *testing.T) {
	b := newBed(t, options{})
	for what, a := range map[string]answer{
		"login": b.get("/x"), "403": b.get("/admin/x", b.as(b.alice())), "400": b.get("/a//b"), "404": b.get("/.edgeauth/x"),
		"401": b.get("/x", "Sec-Fetch-Mode: cors\r\n"),
	} {
		if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Vary") != "Cookie" {
			t.Errorf("%s: %d with %v", what, a.StatusCode, a.Header)
		}
	}
}

func TestCA04_the_edge_permits_no_other_origin_and_leaves_the_applications_CORS_alone(t *testing.T) {
	b := newBed(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://partner.test")
	})})
	for _, origin := range []string{"https://evil.test", "null"} {
		if a := b.get("/x", "Origin: "+origin+"\r\n"); a.Header.Get("Access-Control-Allow-Origin") != "" || a.Header.Get("X-Content-Type-Options") == "" && a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %v", origin, a.Header)
		}
	}
	if a := b.get("/x", b.as(b.alice())); a.Header.Get("Access-Control-Allow-Origin") != "https://partner.test" {
		t.Errorf("the application's header is gone: %v", a.Header)
	}
}

// seen notes the sessions that are renewed.
type seen struct {
	family identity.Family
	visit  sessions.Visit
	idle   time.Time
}

func (s *seen) Renewed(c *session.Session, v sessions.Visit) { *s = seen{c.Family, v, c.IdleUntil} }

func TestASessionIsNotedWhereItIsRenewedAndNotWithEachRequest(t *testing.T) {
	var got seen
	b := newBed(t, options{handler: func(o *proxy.Options) { o.Roster = &got }})
	s := b.alice()
	b.get("/x", b.as(s), "User-Agent: Firefox\r\n")
	if got != (seen{}) {
		t.Errorf("noted without a renewal: %+v", got)
	}
	b.clock.advance(idle/2 + time.Minute)
	b.get("/x", b.as(s), "User-Agent: Firefox\r\n")
	want := sessions.Visit{Address: netip.MustParseAddr("127.0.0.1"), Agent: "Firefox", Host: "https://" + publicHost}
	if got.family != s.Family || got.visit != want || !got.idle.Equal(b.clock.now().Add(idle)) {
		t.Errorf("noted %+v", got)
	}
}
