package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// tokenLife is how long the access token of a login lasts in these tests, the least that an edge believes.
const tokenLife = 10 * time.Second

// bearers is an application that notes the access tokens it gets.
type bearers struct {
	mu   sync.Mutex // guards seen
	seen []string
}

func (b *bearers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, r.Header.Get("Authorization"))
	_, _ = io.WriteString(w, "here you are")
}

// take returns what was seen since, each token once.
func (b *bearers) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := slices.Compact(slices.Sorted(slices.Values(b.seen)))
	b.seen = nil
	return seen
}

// tokenFleet is n edges in front of an application that gets access tokens, and a provider that ends the session when a refresh
// token comes twice. The access token of a login lasts for tokenLife, later ones for five minutes.
func tokenFleet(t *testing.T, n int, provider string, opts ...redistest.Option) (*fleet, *bearers) {
	t.Helper()
	app := &bearers{}
	s := httptest.NewServer(app)
	t.Cleanup(s.Close)
	w := newWorld(t, func(o *idp.Options) { o.Rotation = idp.RotateSession })
	w.provider = provider
	w.upstreams = fmt.Sprintf("  tokens: {addresses: [%q], access_token: {header: Authorization}}\n", s.URL)
	w.routes = "  - {path: /tokens, upstream: tokens}\n"
	w.idp.Lie(idp.Lies{TokenResponse: shortLived})
	return w.fleet(t, n, "", opts...), app
}

func shortLived(resp map[string]any) { resp["expires_in"] = int(tokenLife / time.Second) }

// expire waits until the access token of a login that was made before is no longer sent.
func (f *fleet) expire() {
	f.t.Helper()
	f.idp.Lie(idp.Lies{})
	time.Sleep(tokenLife)
}

// redemptions are the refresh tokens that the provider was asked to redeem.
func (f *fleet) redemptions() (all []string) {
	for _, r := range f.idp.Requests() {
		if r.Endpoint == idp.Token && r.Form.Get("grant_type") == "refresh_token" {
			all = append(all, r.Form.Get("refresh_token"))
		}
	}
	return all
}

// at asks one edge for the application with a browser's session, and returns the status and what the answer sets.
func (f *fleet) at(i int, c *edgetest.Client) (status int, cookies []string) {
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://"+f.edges[i].Listen+"/tokens/x", nil)
	if err != nil {
		f.t.Error(err)
		return 0, nil
	}
	request.Host = strings.TrimPrefix(f.origin, "http://")
	request.Header.Set("Sec-Fetch-Mode", "cors")
	request.AddCookie(&http.Cookie{Name: "edgeauth", Value: c.Cookie(f.origin, "edgeauth")})
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: edgetest.Patience}
	response, err := client.Do(request)
	if err != nil {
		f.t.Error(err)
		return 0, nil
	}
	response.Body.Close()
	return response.StatusCode, response.Header.Values("Set-Cookie")
}

// flood makes n requests at once, spread over the edges, and counts the answers by their status.
func (f *fleet) flood(n int, c *edgetest.Client) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for i := range n {
		wg.Go(func() {
			status, cookies := f.at(i%len(f.edges), c)
			mu.Lock()
			defer mu.Unlock()
			got[status]++
			if len(cookies) > 0 {
				f.t.Errorf("an answer sets %q", cookies)
			}
		})
	}
	wg.Wait()
	return got
}

func Test_RS_04_two_hundred_requests_at_three_edges_redeem_an_expired_token_once_and_nobody_is_logged_out(t *testing.T) {
	t.Parallel()
	f, app := tokenFleet(t, 3, "")
	c := f.login()
	if got := f.flood(30, c); got[http.StatusOK] != 30 {
		t.Fatalf("before the token ends: %v", got)
	}
	first := f.idp.Issued()[0]
	if seen := app.take(); len(seen) != 1 || seen[0] != "Bearer "+first.AccessToken {
		t.Errorf("the application saw %d tokens, which is not the one of the login", len(seen))
	}
	f.idp.Lie(idp.Lies{TokenResponse: shortLived})
	for round := 1; round <= 2; round++ {
		time.Sleep(tokenLife)
		if got := f.flood(200, c); got[http.StatusOK] != 200 {
			t.Errorf("round %d: %v", round, got)
		}
		if n := len(f.redemptions()); n != round {
			t.Errorf("round %d: %d redemptions in all", round, n)
		}
		if seen := app.take(); len(seen) != 1 || seen[0] != "Bearer "+f.idp.Issued()[round].AccessToken {
			t.Errorf("round %d: the application saw %d tokens", round, len(seen))
		}
	}
	if n := len(f.idp.Sessions()); n != 1 {
		t.Errorf("%d sessions at the provider", n)
	}
	f.wantAdmitted("afterwards", c, 0, 1, 2)
}

func Test_an_edge_that_is_killed_in_the_middle_of_a_refresh_is_replaced_by_another(t *testing.T) {
	t.Parallel()
	f, app := tokenFleet(t, 2, "")
	c := f.login()
	f.expire()
	asked := make(chan struct{})
	var once sync.Once
	f.idp.Lie(idp.Lies{BeforeToken: func(r *http.Request) {
		once.Do(func() {
			close(asked)
			<-r.Context().Done() // the edge is gone, and with it its request
			panic(http.ErrAbortHandler)
		})
	}})
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		request, _ := http.NewRequest(http.MethodGet, "http://"+f.edges[0].Listen+"/tokens/x", nil)
		request.Host = strings.TrimPrefix(f.origin, "http://")
		request.AddCookie(&http.Cookie{Name: "edgeauth", Value: c.Cookie(f.origin, "edgeauth")})
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	<-asked
	f.edges[0].Kill()
	<-lost
	if status, _ := f.at(1, c); status != http.StatusOK {
		t.Errorf("the other edge answers %d", status)
	}
	if n := len(f.redemptions()); n != 2 {
		t.Errorf("%d redemptions were tried", n)
	}
	if seen := app.take(); len(seen) != 1 || seen[0] != "Bearer "+f.idp.Issued()[1].AccessToken {
		t.Errorf("the application saw %d tokens", len(seen))
	}
	f.wantAdmitted("afterwards", c, 1)
}

func Test_an_expired_token_while_Redis_is_away_costs_a_retry_and_no_session(t *testing.T) {
	t.Parallel()
	f, _ := tokenFleet(t, 2, "", redistest.WithAppendOnly())
	c := f.login()
	if got := f.flood(2, c); got[http.StatusOK] != 2 {
		t.Fatalf("before: %v", got)
	}
	f.redis.Kill()
	if got := f.flood(20, c); got[http.StatusOK] != 20 {
		t.Errorf("with a token that is still good: %v", got)
	}
	f.expire()
	if got := f.flood(20, c); got[http.StatusServiceUnavailable] != 20 || len(f.redemptions()) != 0 {
		t.Errorf("with one that has ended: %v, %d redemptions", got, len(f.redemptions()))
	}
	f.wantAdmitted("at an application that gets no token", c, 0, 1)
	f.redis.Restart()
	for i, e := range f.edges {
		e.Until("the application is there again", func() bool { status, _ := f.at(i, c); return status == http.StatusOK })
	}
	if n := len(f.redemptions()); n != 1 {
		t.Errorf("%d redemptions", n)
	}
}

func Test_a_provider_that_no_longer_vouches_ends_the_session_on_every_edge_though_nobody_needs_a_token(t *testing.T) {
	t.Parallel()
	f, _ := tokenFleet(t, 2, ", revalidate_every: 10s")
	c, other := f.login(), f.login()
	copied := f.thief(c)
	f.idp.EndSilently()
	f.on(0)
	f.edges[0].Until("the session is refused", func() bool { return c.Ask(f.origin+"/").Status == http.StatusSeeOther })
	f.wantRefused("at the other edge", copied, 1)
	f.wantAdmitted("somebody who makes no request is not asked about", other, 1)
	f.edges[0].Until("the log says why, and the metric", func() bool {
		log, events := f.edges[0].Log(), f.edges[0].Events("refresh_refused")
		n, _ := f.edges[0].Metric(`edgeauth_token_refreshes_total{outcome="refused",provider="corp"}`)
		return len(events) == 1 && strings.Contains(log, `"reason":"refresh_refused"`) && n == 1
	})
}

func Test_a_session_that_the_provider_cannot_be_asked_about_goes_on_and_the_log_says_so(t *testing.T) {
	t.Parallel()
	f, _ := tokenFleet(t, 1, ", revalidate_every: 10s")
	f.idp.Lie(idp.Lies{TokenResponse: func(m map[string]any) { delete(m, "refresh_token") }})
	c := f.login()
	f.edges[0].Until("it was to be asked about", func() bool {
		f.wantAdmitted("all the while", c, 0)
		n, _ := f.edges[0].Metric(`edgeauth_token_refreshes_total{outcome="none",provider="corp"}`)
		return n >= 1
	})
	f.wantAdmitted("and afterwards", c, 0)
	if log := f.edges[0].Log(); !strings.Contains(log, "never asked whether that still stands") || !strings.Contains(log, "offline_access") {
		t.Error("the log does not say that it cannot be asked about")
	}
}

func Test_an_outage_of_the_provider_keeps_sessions_that_it_should_be_asked_about(t *testing.T) {
	t.Parallel()
	f, _ := tokenFleet(t, 1, ", revalidate_every: 10s")
	c := f.login()
	f.idp.Lie(idp.Lies{Down: true})
	f.edges[0].Until("the provider was asked in vain", func() bool {
		f.wantAdmitted("while the provider is away", c, 0)
		n, _ := f.edges[0].Metric(`edgeauth_token_refreshes_total{outcome="unavailable",provider="corp"}`)
		return n >= 2
	})
	f.idp.Lie(idp.Lies{})
	f.edges[0].Until("it was asked with success", func() bool {
		f.wantAdmitted("when the provider is back", c, 0)
		n, _ := f.edges[0].Metric(`edgeauth_token_refreshes_total{outcome="refreshed",provider="corp"}`)
		return n >= 1
	})
}

func Test_a_logout_revokes_the_tokens_of_the_session(t *testing.T) {
	t.Parallel()
	f, _ := tokenFleet(t, 2, "")
	c := f.login()
	token := f.idp.Issued()[0].RefreshToken
	f.on(1)
	if p := c.Post(f.origin+"/.edgeauth/logout", url.Values{}); p.Status != http.StatusOK {
		t.Fatalf("logout: %d", p.Status)
	}
	if f.idp.Count(idp.Revoke) != 1 || f.idp.Refreshable(token) {
		t.Errorf("revoked %d times, still good: %v", f.idp.Count(idp.Revoke), f.idp.Refreshable(token))
	}
}
