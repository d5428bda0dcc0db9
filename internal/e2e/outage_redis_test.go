package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

const staleness = `edgeauth_revocation_staleness_seconds{shard="00"}`

// wantRetry fails the test unless a page says that it cannot be done now and when to come back.
func wantRetry(t *testing.T, what string, p edgetest.Page) {
	t.Helper()
	if p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || !strings.Contains(p.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s: %d, Retry-After %q\n%s", what, p.Status, p.Header.Get("Retry-After"), p.Body)
	}
}

// degraded waits until an edge notices that something is away. It stays ready.
func degraded(t *testing.T, e *edgetest.Edge) {
	t.Helper()
	e.Until("the edge reports degraded", func() bool {
		status, word := e.Ready()
		if status != http.StatusOK {
			t.Fatalf("/readyz: %d %s", status, word)
		}
		return word == "degraded"
	})
}

func recovered(e *edgetest.Edge) {
	e.Until("all is well again", func() bool { _, word := e.Ready(); return word == "ready" })
}

func Test_while_Redis_is_down_sessions_go_on_and_nobody_new_gets_in(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "", redistest.WithAppendOnly())
	c := f.login()
	f.redis.Kill()
	for _, e := range f.edges {
		e.Until("the staleness grows", func() bool { s, _ := e.Metric(staleness); return s > 3 })
		degraded(t, e)
		if up, ok := e.Metric("edgeauth_store_ready"); !ok || up != 0 {
			t.Errorf("edgeauth_store_ready is %v while Redis is down", up)
		}
	}
	f.wantAdmitted("while Redis is down", c, 0, 1)

	stranger := f.browser()
	p := stranger.Open(f.origin + "/")
	wantRetry(t, "a new login while Redis is down", p)
	if stranger.Cookie(f.origin, "edgeauth") != "" {
		t.Error("a login without the store made a session")
	}
	f.wantAdmitted("after another's failed login", c, 0, 1)

	f.redis.Restart()
	for _, e := range f.edges {
		recovered(e)
	}
	f.wantAdmitted("after Redis came back", c, 0, 1)
	wantPage(t, stranger.Open(f.origin+"/"))
}

func Test_a_logout_while_Redis_is_down_acts_here_at_once_says_so_and_reaches_the_others_later(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "", redistest.WithAppendOnly())
	c, other := f.login(), f.login()
	own := f.thief(c)
	f.redis.Kill()
	degraded(t, f.edges[0])

	f.on(0)
	p := c.Post(f.origin+"/.edgeauth/logout", url.Values{})
	if p.URL.Path != "/.edgeauth/logout" || !strings.Contains(p.Body, "other servers") {
		t.Errorf("the logout page does not say that other edges have not heard: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	if c.Cookie(f.origin, "edgeauth") != "" {
		t.Error("the session cookie is still there after the logout")
	}
	f.wantRefused("after the logout, here", own, 0)
	f.wantAdmitted("after the logout, elsewhere", own, 1)

	name := nameOf(t, f, other) // the balancer names edge 1
	out, err := f.edges[1].Command("revoke", "--config", f.edges[1].ConfigFile(), "--session", name)
	if err != nil || !strings.Contains(out, "refuses already") {
		t.Errorf("revoke while Redis is down: %v\n%s", err, out)
	}
	f.wantRefused("after the revocation, here", other, 1)
	for _, e := range f.edges {
		if n, _ := e.Metric("edgeauth_revocation_outbox_entries"); n == 0 {
			t.Error("nothing waits for the store")
		}
	}

	f.redis.Restart()
	f.wantRefused("the logout, after Redis came back", own, 1)
	f.wantRefused("the revocation, after Redis came back", other, 0)
	for _, e := range f.edges {
		e.Until("the outbox is empty", func() bool { n, ok := e.Metric("edgeauth_revocation_outbox_entries"); return ok && n == 0 })
	}
}

func Test_requests_are_answered_while_Redis_hangs(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	c := f.login()
	f.redis.Pause()
	var took []time.Duration
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		start := time.Now()
		p := c.Ask(f.origin + "/")
		took = append(took, time.Since(start))
		if p.Status != http.StatusOK {
			t.Fatalf("request %d while Redis hangs: %d", len(took), p.Status)
		}
		wantNoCookie(t, "while Redis hangs", p)
	}
	wantRetry(t, "a new login while Redis hangs", f.browser().Open(f.origin+"/"))
	f.redis.Resume()
	recovered(f.edges[0])
	p50, p99, last := percentiles(took)
	t.Logf("%d requests while Redis hung: p50 %v, p99 %v, slowest %v", len(took), p50, p99, last)
}
