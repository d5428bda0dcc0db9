package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// purseLife is for how long a token may be sent: for less than an edge trusts a cookie that it opened.
const purseLife = 20 * time.Second

// purse is where tokens come from.
type purse struct {
	now     func() time.Time
	mu      sync.Mutex // guards all below
	token   string
	err     error
	asked   int
	touched int
	during  func() // while a token is waited for
}

func (p *purse) into(o *proxy.Options) { o.Tokens, p.now = p, o.Now }

func (p *purse) Access(context.Context, *session.Session) (string, time.Time, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.during != nil {
		p.during()
	}
	return p.token, p.now().Add(purseLife), p.token != "", p.err
}

func (p *purse) Touch(*session.Session) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.touched++
	return p.now().Add(time.Minute)
}

func (p *purse) set(token string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token, p.err = token, err
}

// lending is a bed whose application gets access tokens in a header.
func lending(t *testing.T, header, scheme string) (*bed, *purse) {
	t.Helper()
	p := &purse{token: "t0ken"}
	b := newBed(t, options{
		upstream: func(c *proxy.UpstreamConfig) { c.AccessToken = proxy.AccessTokenHeader{Name: header, Scheme: scheme} },
		handler:  p.into,
	})
	return b, p
}

// seen are the variables of the request that reached the application last.
func (b *bed) seen() map[string]string {
	b.t.Helper()
	hits := b.app.Hits()
	if len(hits) == 0 {
		b.t.Fatal("no request reached the application")
	}
	return hits[len(hits)-1].Variables
}

// program is a request that no page makes.
func (b *bed) program(cookie string) answer {
	b.t.Helper()
	return b.send("GET /x HTTP/1.1\r\nHost: " + publicHost + "\r\nAccept: application/json\r\nSec-Fetch-Mode: cors\r\n" + cookie + "Connection: close\r\n\r\n")
}

func TestAn_application_gets_the_access_token_in_the_header_of_its_choice(t *testing.T) {
	for _, c := range []struct{ header, scheme, variable, want string }{
		{"Authorization", "Bearer", "HTTP_AUTHORIZATION", "Bearer t0ken"},
		{"X-Corp-Token", "", "HTTP_X_CORP_TOKEN", "t0ken"},
		{"X-Forwarded-Access-Token", "", "HTTP_X_FORWARDED_ACCESS_TOKEN", "t0ken"},
	} {
		b, p := lending(t, c.header, c.scheme)
		cookie := b.as(b.alice())
		for range 3 {
			b.get("/x", cookie, c.header+": Bearer forged\r\n")
			if got := b.seen()[c.variable]; got != c.want {
				t.Errorf("%s: the application sees %q", c.header, got)
			}
		}
		if p.asked != 1 {
			t.Errorf("%s: asked %d times for three requests", c.header, p.asked)
		}
		b.clock.advance(purseLife + time.Second)
		p.set("an0ther", nil)
		if b.get("/x", cookie); !strings.HasSuffix(b.seen()[c.variable], "an0ther") {
			t.Errorf("%s: after its time the application still gets the first token", c.header)
		}
	}
}

func TestEach_application_gets_the_token_in_its_own_way_whichever_of_them_was_asked_before(t *testing.T) {
	p := &purse{token: "t0ken"}
	var second proxy.UpstreamConfig
	var other *proxy.Upstream
	b := newBed(t, options{
		upstream: func(c *proxy.UpstreamConfig) {
			c.AccessToken = proxy.AccessTokenHeader{Name: "X-One", Scheme: "Bearer"}
			second = *c
		},
		routes: func(up *proxy.Upstream) []proxy.RouteConfig {
			second.Name, second.AccessToken = "second", proxy.AccessTokenHeader{Name: "X-Two"}
			var err error
			if other, err = proxy.NewUpstream(second); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(other.Close)
			return []proxy.RouteConfig{{Name: "one", Path: "/one", Upstream: up, Policy: policy.Route{Levels: sheetLevels()}},
				{Name: "two", Path: "/two", Upstream: other, Policy: policy.Route{Levels: sheetLevels()}}}
		},
		handler: func(o *proxy.Options) { p.into(o); o.Upstreams = append(o.Upstreams, other) },
	})
	cookie := b.as(b.alice())
	for _, path := range []string{"/one", "/two", "/one", "/two"} {
		b.get(path, cookie)
		one, two := b.seen()["HTTP_X_ONE"], b.seen()["HTTP_X_TWO"]
		if path == "/one" && (one != "Bearer t0ken" || two != "") || path == "/two" && (one != "" || two != "t0ken") {
			t.Errorf("%s: the application sees %q and %q", path, one, two)
		}
	}
}

func TestWhat_clients_send_in_the_access_tokens_header_reaches_no_application(t *testing.T) {
	b, _ := lending(t, "X-Corp-Token", "")
	for _, forged := range []string{"X-Corp-Token: forged\r\n", "x_corp_token: forged\r\n", "X.Corp.Token: forged\r\n"} {
		b.get("/public/x", forged)
		if got, there := b.seen()["HTTP_X_CORP_TOKEN"]; there {
			t.Errorf("%q reaches the application as %q", forged, got)
		}
	}
	b, _ = lending(t, "Authorization", "Bearer")
	b.get("/public/x", "Authorization: Bearer forged\r\n")
	if got, there := b.seen()["HTTP_AUTHORIZATION"]; there {
		t.Errorf("a forged Authorization reaches the application as %q", got)
	}
	b = newBed(t, options{})
	b.get("/public/x", "Authorization: Bearer own\r\n")
	if got := b.seen()["HTTP_AUTHORIZATION"]; got != "Bearer own" {
		t.Errorf("an application that is told nothing in Authorization sees %q", got)
	}
}

func TestNobody_who_is_known_is_forwarded_without_a_token(t *testing.T) {
	b, p := lending(t, "Authorization", "Bearer")
	cookie := b.as(b.alice())
	p.set("", nil)
	if a := b.get("/x", cookie, "Sec-Fetch-Mode: navigate\r\n", "Sec-Fetch-Dest: document\r\n"); a.StatusCode != http.StatusSeeOther ||
		!strings.HasPrefix(a.Header.Get("Location"), "/.edgeauth/login?") {
		t.Errorf("a page without a token: %d, %v", a.StatusCode, a.Header)
	}
	if a := b.program(cookie); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, "no_access_token") {
		t.Errorf("a program without a token: %d, %s", a.StatusCode, a.body)
	}
	p.set("", errors.New("the provider is away"))
	a := b.program(cookie)
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || !strings.Contains(a.body, "access_token_unavailable") ||
		strings.Contains(a.body, "the provider is away") || len(a.Header["Set-Cookie"]) != 0 {
		t.Errorf("while the provider is away: %d, %v\n%s", a.StatusCode, a.Header, a.body)
	}
	if a := b.get("/public/x", cookie); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a public route, by somebody who is known: %d", a.StatusCode)
	}
	b.untouched()
}

func TestLO_13_A_session_that_ends_while_its_token_is_waited_for_is_not_forwarded(t *testing.T) {
	b, p := lending(t, "Authorization", "Bearer")
	p.during = func() { b.log.set(revocation.Standing{Vouched: true, Revoked: true, Reason: "logout"}) }
	if a := b.program(b.as(b.alice())); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d", a.StatusCode)
	}
	b.untouched()
}

func TestWhoever_keeps_tokens_is_told_of_a_session_only_when_it_wants_to_be(t *testing.T) {
	p := &purse{}
	b := newBed(t, options{handler: p.into, routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		return []proxy.RouteConfig{{Name: "all", Path: "/", Upstream: up, Policy: policy.Route{Levels: sheetLevels()}}}
	}})
	cookie := b.as(b.alice())
	for range 5 {
		b.get("/x", cookie)
	}
	b.get("/x")
	if p.touched != 1 || p.asked != 0 {
		t.Errorf("told %d times, asked for a token %d times", p.touched, p.asked)
	}
	b.clock.advance(30 * time.Second)
	b.get("/x", cookie)
	b.clock.advance(31 * time.Second)
	b.get("/x", cookie)
	if p.touched != 2 {
		t.Errorf("a minute later: told %d times", p.touched)
	}
}

func TestAn_open_exchange_is_a_use_of_its_session(t *testing.T) {
	p := &purse{}
	inHall(t, options{handler: p.into}, nil, func(h *hall) {
		hers, _ := h.begins(h.request("/x", h.alice()))
		h.holds("hers", hers, 10*time.Minute+30*time.Second)
		if p.touched < 10 || p.touched > 11 {
			t.Errorf("told %d times within ten minutes and a half", p.touched)
		}
		h.log.set(revocation.Standing{Vouched: true, Revoked: true})
		<-hers
	})
}
