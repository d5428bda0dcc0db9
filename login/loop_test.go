package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// restless follows redirects and refreshes at once, until a page stays or 40 answers have come.
func (c *browser) restless(p page, each func()) page {
	c.t.Helper()
	for range 40 {
		switch {
		case p.to() != "":
			p = c.get(p.to())
		case p.refresh() != "":
			p = c.get(p.refresh())
		default:
			return p
		}
		each()
	}
	return p
}

// stops fails unless the browser rests on a page that offers two ways out, after at most three rounds.
func (b *bed) stops(p page) {
	b.t.Helper()
	if p.to() != "" || p.refresh() != "" || p.StatusCode < 400 {
		b.t.Fatalf("it goes on: %d to %q, refresh %q", p.StatusCode, p.to(), p.refresh())
	}
	if n := b.idp.Count(idp.Authorize); n == 0 || n > 3 {
		b.t.Errorf("%d rounds at the provider", n)
	}
}

func TestCB_11_LoginRequiredEachTime(t *testing.T) {
	b := open(t)
	b.idp.Lie(idp.Lies{Authorize: func(_, answer url.Values) {
		answer.Del("code")
		answer.Set("error", "login_required")
	}})
	c := b.browser()
	b.stops(c.restless(c.get("/x"), func() {}))
}

func TestCB_11_TheTokenExchangeNeverWorks(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"refused": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":"invalid_grant"}`, 400) },
		"away":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.idp.Lie(idp.Lies{TokenRaw: answer})
			c := b.browser()
			b.stops(c.restless(c.get("/x"), func() {}))
		})
	}
}

func TestCB_11_TheSessionCookieIsNotKept(t *testing.T) {
	b := open(t)
	c := b.browser()
	p := c.restless(c.get("/x"), func() { c.drop("edgeauth") })
	b.stops(p)
	if p.StatusCode != http.StatusTooManyRequests || b.events.of(audit.LoopBroken) != 1 ||
		!strings.Contains(p.body, "Try again") || !strings.Contains(p.body, `href="/.edgeauth/logout"`) {
		t.Errorf("the page is %d with %d events:\n%s", p.StatusCode, b.events.of(audit.LoopBroken), p.body)
	}
	if p := c.follow(c.get("/.edgeauth/login?rd=%2Fx")); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("another try ended with %d", p.StatusCode)
	}
}

func TestCB_11_NoCookieIsKept(t *testing.T) {
	b := open(t)
	c := b.browser()
	b.stops(c.restless(c.get("/x"), func() {
		c.drop("edgeauth")
		c.drop("edgeauth-login")
	}))
}

func TestFourLoginsInAMinuteAreALoopAndOverTwoAreNot(t *testing.T) {
	b := open(t)
	c := b.browser()
	for i := range 6 {
		c.login("/x")
		c.drop("edgeauth")
		b.offset.Add(int64(25 * time.Second))
		if b.events.of(audit.LoopBroken) > 0 {
			t.Fatalf("login %d counts as a loop", i+1)
		}
	}
}

func TestWhoLogsOutByHandAndInAgainIsInNoLoop(t *testing.T) {
	b := open(t)
	c := b.browser()
	for range 6 {
		if p := c.login("/x"); p.StatusCode != http.StatusOK {
			t.Fatalf("the login is answered %d", p.StatusCode)
		}
		c.follow(c.logout())
	}
	if n := b.events.of(audit.LoopBroken); n != 0 {
		t.Errorf("%d loops were seen", n)
	}
}

func TestARetryingPageIsNeverTakenForALoop(t *testing.T) {
	b := open(t)
	b.idp.Lie(idp.Lies{TokenRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }})
	c := b.browser()
	p := c.follow(c.get("/x"))
	for i := range 8 {
		if p.StatusCode != http.StatusServiceUnavailable || p.refresh() == "" {
			t.Fatalf("try %d is answered %d", i+1, p.StatusCode)
		}
		wait, err := time.ParseDuration(p.Header.Get("Retry-After") + "s")
		if err != nil {
			t.Fatal(err)
		}
		b.offset.Add(int64(wait))
		p = c.follow(c.get(p.refresh()))
	}
}
