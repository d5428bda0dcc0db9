package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/session"
)

// fleet is several edges that share a key ring and a Redis behind one public origin. A balancer sends new connections to
// the edge that the test names.
type fleet struct {
	*world
	redis  *redistest.Server
	front  *balancer
	origin string
	keys   string // file
	edges  []*edgetest.Edge
	t      *testing.T
	store  string // configuration from `session:` on
}

// newFleet starts n edges and waits until they are ready. Further is more configuration.
func newFleet(t *testing.T, n int, further string, opts ...redistest.Option) *fleet {
	t.Helper()
	return newWorld(t).fleet(t, n, further, opts...)
}

// fleet is newFleet in front of a world that the test has prepared.
func (w *world) fleet(t *testing.T, n int, further string, opts ...redistest.Option) *fleet {
	t.Helper()
	f := &fleet{world: w, redis: redistest.Start(t, opts...), front: startBalancer(t), t: t}
	f.origin = "http://" + f.front.ln.Addr().String()
	f.keys = newKeys(t)
	f.store = shared(f.keys, f.redis) + further
	f.client(f.front.ln.Addr().String())
	for range n {
		f.edges = append(f.edges, f.prepare())
	}
	for _, e := range f.edges {
		e.Run()
	}
	for _, e := range f.edges {
		e.WaitReady()
	}
	if n > 0 {
		f.on(0)
	}
	return f
}

// newKeys makes a key ring file.
func newKeys(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.json")
	k, err := session.GenerateKey(time.Now())
	if err == nil {
		err = session.WriteKeys(file, []session.Key{k})
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// shared is the configuration of a key ring and a Redis. Nobody wants to wait for the copy of the log on disk.
func shared(keys string, r *redistest.Server) string {
	return fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, snapshot_every: 1s, redis: {addresses: [%q]}}\n", keys, r.Addr())
}

// prepare makes another edge of the fleet without starting it.
func (f *fleet) prepare() *edgetest.Edge {
	f.t.Helper()
	return edgetest.Prepare(f.t, edgetest.Setup{URL: f.origin, Listen: edgetest.Addr(f.t), Rest: f.config(f.store)})
}

// on sends new connections to an edge.
func (f *fleet) on(i int) { f.front.to(f.edges[i].Listen) }

// browser makes a connection for each request, so that the balancer decides about each.
func (f *fleet) browser() *edgetest.Client {
	f.t.Helper()
	return edgetest.NewClient(f.t, func(tr *http.Transport) { tr.DisableKeepAlives = true })
}

// login is a browser that has logged in through the edge that the balancer names.
func (f *fleet) login() *edgetest.Client {
	f.t.Helper()
	c := f.browser()
	wantPage(f.t, c.Open(f.origin+"/"))
	return c
}

// thief is a browser with a copy of another's session cookie.
func (f *fleet) thief(c *edgetest.Client) *edgetest.Client {
	f.t.Helper()
	copied := f.browser()
	copied.SetCookie(f.origin, "edgeauth", c.Cookie(f.origin, "edgeauth"))
	return copied
}

// wantAdmitted fails the test unless the edges with these numbers let the browser in, and take no cookie from it.
func (f *fleet) wantAdmitted(when string, c *edgetest.Client, edges ...int) {
	f.t.Helper()
	for _, i := range edges {
		f.on(i)
		p := c.Ask(f.origin + "/")
		if p.Status != http.StatusOK {
			f.t.Errorf("%s: edge %d answers %d to a session in good standing", when, i, p.Status)
		}
		wantNoCookie(f.t, when, p)
	}
}

// wantRefused waits until the edges with these numbers ask the browser to log in. They take no cookie from it.
func (f *fleet) wantRefused(when string, c *edgetest.Client, edges ...int) {
	f.t.Helper()
	for _, i := range edges {
		f.on(i)
		f.edges[i].Until(when+": the session is refused", func() bool {
			p := c.Ask(f.origin + "/")
			wantNoCookie(f.t, when, p)
			return p.Status == http.StatusSeeOther && strings.HasPrefix(p.Header.Get("Location"), "/.edgeauth/login")
		})
	}
}

// wantNoCookie: an answer that decides about a session leaves its cookie alone.
func wantNoCookie(t *testing.T, when string, p edgetest.Page) {
	t.Helper()
	if got := p.Header.Values("Set-Cookie"); len(got) > 0 {
		t.Errorf("%s: %d at %s sets cookies: %q", when, p.Status, p.URL, got)
	}
}

func wantPage(t *testing.T, p edgetest.Page) {
	t.Helper()
	if p.Status != http.StatusOK {
		t.Fatalf("%s: %d\n%s", p.URL, p.Status, p.Body)
	}
}

// idTokenOf is the content of the n-th ID token that the provider gave out.
func idTokenOf(t *testing.T, f *fleet, n int) map[string]any {
	t.Helper()
	_, claims, err := jose.Decode(f.idp.Issued()[n].IDToken)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}
