package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// The providers that these tests need besides each other.
var (
	honest    = idp.Lies{}
	down      = idp.Lies{Down: true}
	forgetful = idp.Lies{IDToken: func(_, claims map[string]any) { claims["nonce"] = "of-another-login" }}
)

func percentiles(took []time.Duration) (p50, p99, last time.Duration) {
	slices.Sort(took)
	n := len(took)
	return took[n/2], took[n*99/100], took[n-1]
}

func Test_RS02_after_FLUSHALL_revoked_stays_revoked_and_sessions_live_on_also_at_a_new_edge(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	live, gone := f.login(), f.login()
	out, err := f.edges[0].Command("revoke", "--config", f.edges[0].ConfigFile(), "--session", nameOf(t, f, gone))
	if err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	f.wantRefused("before the loss", gone, 0, 1)

	f.redis.Flush()
	f.edges[0].Until("an edge gives the log its entries back", func() bool {
		return len(f.edges[0].Events("log_reseeded"))+len(f.edges[1].Events("log_reseeded")) > 0
	})
	f.wantAdmitted("after FLUSHALL", live, 0, 1)
	f.wantRefused("after FLUSHALL", gone, 0, 1)

	third := f.prepare()
	third.Run()
	third.WaitReady()
	f.edges = append(f.edges, third)
	f.wantAdmitted("at an edge that started after FLUSHALL", live, 2)
	f.wantRefused("at an edge that started after FLUSHALL", gone, 2)
	recovered(third)
	wantPage(t, gone.Open(f.origin+"/"))
}

func Test_RS02_a_Redis_that_comes_back_with_an_older_state_of_itself_revives_nobody(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	live, gone := f.login(), f.login()
	f.redis.Do("SAVE") // it comes back with this
	if out, err := f.edges[0].Command("revoke", "--config", f.edges[0].ConfigFile(), "--session", nameOf(t, f, gone)); err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	f.wantRefused("before", gone, 0, 1)
	f.redis.Restart()
	f.edges[0].Until("an edge gives the log back what it lost", func() bool {
		return len(f.edges[0].Events("log_reseeded"))+len(f.edges[1].Events("log_reseeded")) > 0
	})
	f.wantRefused("while the edges ran", gone, 0, 1)
	f.wantAdmitted("while the edges ran", live, 0, 1)

	for _, e := range f.edges {
		e.Kill()
	}
	f.redis.Restart()
	for _, e := range f.edges {
		e.Run()
	}
	for _, e := range f.edges {
		e.WaitReady()
	}
	f.wantRefused("when the edges were killed too", gone, 0, 1)
	f.wantAdmitted("when the edges were killed too", live, 0, 1)
}

func Test_a_log_that_is_lost_with_every_edge_asks_everybody_to_log_in_again_and_takes_no_cookie(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	c := f.login()
	for _, e := range f.edges {
		e.Stop()
	}
	f.redis.Restart() // keeps nothing
	for _, e := range f.edges {
		e.Run()
	}
	for _, e := range f.edges {
		e.WaitReady()
	}
	f.wantRefused("after the log was lost", c, 0, 1)
	f.on(0)
	wantPage(t, c.Open(f.origin+"/"))
	f.wantAdmitted("after the new login", c, 0, 1)
}

func Test_edges_that_restart_while_Redis_keeps_its_data_know_every_session_and_revocation(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	live, gone := f.login(), f.login()
	if out, err := f.edges[0].Command("revoke", "--config", f.edges[0].ConfigFile(), "--session", nameOf(t, f, gone)); err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	f.edges[0].Kill()
	f.edges[0].Run()
	f.edges[0].WaitReady()
	f.wantAdmitted("after the restart", live, 0)
	f.wantRefused("after the restart", gone, 0)
}

func Test_an_edge_that_starts_while_Redis_is_down_is_not_ready_and_recovers_by_itself(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	c := f.login()
	f.redis.Kill()
	late := f.prepare()
	late.Run()
	late.Until("the admin listener answers", func() bool { status, _ := late.Get(late.Admin + "/healthz"); return status == http.StatusOK })
	if status, word := late.Ready(); status != http.StatusServiceUnavailable || word != "not_ready" {
		t.Errorf("an edge that knows nothing of the log: /readyz %d %s", status, word)
	}
	f.edges = append(f.edges, late)
	f.on(1)
	p := c.Ask(f.origin + "/")
	wantRetry(t, "a session at an edge that knows nothing of the log", p)
	wantNoCookie(t, "at an edge that knows nothing", p)
	wantPage(t, c.Ask(f.origin+"/public"))

	f.redis.Restart()
	late.WaitReady()
	f.wantAdmitted("after Redis came back", c, 0, 1)
}

func Test_an_edge_starts_without_its_identity_provider_and_recovers_by_itself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Lie(down)
	e := w.start(t, "") // waits until it is ready
	degraded(t, e)
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/public"))
	wantRetry(t, "a login without the provider", c.Open(e.URL+"/"))
	w.idp.Lie(honest)
	recovered(e)
	wantPage(t, c.Open(e.URL+"/"))

	w.idp.Lie(down)
	p := c.Ask(e.URL + "/")
	wantPage(t, p)
	wantNoCookie(t, "while the provider is down", p)
}

func Test_past_the_bound_of_its_level_a_session_gets_503_and_keeps_its_cookie(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "levels:\n  normal: {max_staleness: 2s, past: deny}\n  elevated: {max_staleness: 2s, past: deny}\n  high: {max_staleness: 2s, past: deny}\n")
	c := f.login()
	f.redis.Kill()
	for _, path := range []string{"/", "/.edgeauth/me"} {
		f.edges[0].Until("requests to "+path+" are refused past the bound", func() bool {
			p := c.Ask(f.origin + path)
			wantNoCookie(t, path, p)
			return p.Status == http.StatusServiceUnavailable && p.Header.Get("Retry-After") != ""
		})
	}
	wantPage(t, c.Ask(f.origin+"/public"))
	wantPage(t, f.browser().Ask(f.origin+"/public"))
	f.redis.Restart() // empty: the edge gives the log back what it knows
	f.edges[0].Until("the session is good again", func() bool { return c.Ask(f.origin+"/").Status == http.StatusOK })
}
