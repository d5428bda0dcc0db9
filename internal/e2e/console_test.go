package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/revocation"
)

// console is what an edge's console.json says of the edges.
type console struct {
	Origins []struct {
		Name, Run, Region string
		This              bool
		Heard             *float64 `json:"heard_seconds"`
		Staleness         *float64 `json:"staleness_seconds"`
		Shards            []struct{ Read time.Time }
	}
}

func look(t *testing.T, e *edgetest.Edge) (c console) {
	t.Helper()
	status, body := e.Get(e.Admin + "/console.json")
	if err := json.Unmarshal([]byte(body), &c); err != nil || status != http.StatusOK {
		t.Fatalf("console.json: %d %v\n%s", status, err, body)
	}
	return c
}

// names are the edges that a console knows of, this one first.
func (c console) names() (all string) {
	for _, o := range c.Origins {
		all += o.Name + " "
	}
	return strings.TrimSpace(all)
}

// past reports whether the copy of an edge may be older than that.
func (c console) past(name string, seconds float64) bool {
	for _, o := range c.Origins {
		if o.Name == name && o.Staleness != nil {
			return *o.Staleness > seconds
		}
	}
	return true
}

// fleetOf starts edges of these names, all in one place.
func fleetOf(t *testing.T, names ...string) *fleet {
	t.Helper()
	f := newFleet(t, 0, "")
	for _, name := range names {
		f.edges = append(f.edges, f.prepared(name))
	}
	for _, e := range f.edges {
		e.Run()
	}
	for _, e := range f.edges {
		e.WaitReady()
	}
	f.on(0)
	return f
}

// prepared is an edge of a name that does not run yet.
func (f *fleet) prepared(name string) *edgetest.Edge {
	f.t.Helper()
	return edgetest.Prepare(f.t, edgetest.Setup{URL: f.origin, Listen: edgetest.Addr(f.t), Rest: f.config(f.store),
		Server: "  name: " + name + "\n  region: north\n"})
}

func Test_every_edge_shows_what_every_other_has_read_and_which_fell_silent(t *testing.T) {
	t.Parallel()
	f := fleetOf(t, "one", "two", "three")
	one, two, three := f.edges[0], f.edges[1], f.edges[2]
	for i, want := range []string{"one three two", "two one three", "three one two"} {
		e := f.edges[i]
		e.Until("all are heard of", func() bool {
			c := look(t, e)
			return c.names() == want && !c.past("one", 5) && !c.past("two", 5) && !c.past("three", 5) && c.Origins[0].This && c.Origins[1].Region == "north"
		})
	}

	c := f.login()
	c.Post(f.origin+"/.edgeauth/logout", url.Values{})
	now := f.redis.Do("TIME").([]any)
	var seconds int64
	if _, err := fmt.Sscan(now[0].(string), &seconds); err != nil {
		t.Fatal(err)
	}
	one.Until("every edge is shown to have read what was in the log when the logout was answered", func() bool {
		for _, o := range look(t, one).Origins {
			for _, s := range o.Shards {
				if s.Read.Unix() <= seconds {
					return false
				}
			}
		}
		return true
	})

	revoke := func(e *edgetest.Edge, wait string) (string, error) {
		return e.Command("revoke", "--config", e.ConfigFile(), "--all", "--wait", wait)
	}
	operator := f.prepared("operator") // never runs
	for _, e := range []*edgetest.Edge{one, operator} {
		if out, err := revoke(e, "30s"); err != nil || !strings.Contains(out, "Read by 3 of 3 edges: one, three, two.") {
			t.Errorf("revoke --wait: %v\n%s", err, out)
		}
		if last := fmt.Sprint(f.redis.Do("XREVRANGE", "{log:00}:stream", "+", "-", "COUNT", "1")); !strings.Contains(last, " north operator ") {
			t.Errorf("the entry does not say where it was written: %s", last)
		}
	}

	end := func(args ...string) (string, error) {
		return one.Command(append([]string{"sessions", "revoke", "--config", one.ConfigFile()}, args...)...)
	}
	for _, whose := range [][]string{{identity.NewFamily().String()}, {"--provider", "corp", "--subject", "demo-alice"}, {"--all"}} {
		if out, err := end(append(whose, "--wait", "30s")...); err != nil || !strings.HasPrefix(out, "Revoked ") || !strings.HasSuffix(out, "\nRead by 3 of 3 edges: one, three, two.\n") {
			t.Errorf("sessions revoke %q --wait: %v\n%s", whose, err, out)
		}
	}
	if out, err := end("--all", "--wait", "30s", "--output", "json"); err != nil || strings.Join(strings.Fields(out), "") != `{"delivery":"DELIVERY_DELIVERED","not_before":"`+notBefore(t, out)+`"}{"read":["one","three","two"],"behind":[]}` {
		t.Errorf("sessions revoke --wait as JSON: %v\n%s", err, out)
	}

	signal(t, two, syscall.SIGSTOP)
	one.Until("sessions revoke --wait fails and names the one that hangs", func() bool {
		out, err := end("--subject", "demo-alice", "--wait", "3s")
		if err == nil || !strings.Contains(out, "Revoked every session of the sub") {
			t.Fatalf("sessions revoke --wait while one hangs: %v\n%s", err, out)
		}
		return strings.Contains(out, "it is written, but after 3s 2 of 3 edges have read it; not yet, as far as is known: two (last heard")
	})
	one.Until("revoke --wait fails and names the one that hangs", func() bool {
		out, err := revoke(one, "3s")
		if err == nil || !strings.Contains(out, "Revoked every session") {
			t.Fatalf("revoke --wait while one hangs: %v\n%s", err, out)
		}
		return strings.Contains(out, "after 3s 2 of 3 edges have read it; not yet, as far as is known: two (last heard")
	})
	one.Until("the copy of one that hangs ages", func() bool { c := look(t, one); return c.past("two", 5) && !c.past("three", 4) })
	if stale, ok := one.Metric(fmt.Sprintf(`edgeauth_revocation_origin_staleness_seconds{origin="two",region="north",run=%q}`, runOf(look(t, one), "two"))); !ok || stale < 5 {
		t.Errorf("the metric of the one that hangs is %v (%v)", stale, ok)
	}
	signal(t, two, syscall.SIGCONT)
	one.Until("it goes on", func() bool { return !look(t, one).past("two", 4) })

	crashed := runOf(look(t, one), "three")
	three.Kill()
	three.Run()
	three.WaitReady()
	one.Until("one that crashed is there once, as it is now", func() bool {
		c := look(t, one)
		return c.names() == "one three two" && runOf(c, "three") != crashed
	})
	two.Stop()
	one.Until("one that ended is gone", func() bool { return look(t, one).names() == "one three" })
}

// notBefore is the moment in the answer to a revocation of many.
func notBefore(t *testing.T, out string) string {
	t.Helper()
	var answer struct {
		NotBefore string `json:"not_before"`
	}
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&answer); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return answer.NotBefore
}

func signal(t *testing.T, e *edgetest.Edge, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(e.PID(), s); err != nil {
		t.Fatal(err)
	}
}

func runOf(c console, name string) string {
	for _, o := range c.Origins {
		if o.Name == name {
			return o.Run
		}
	}
	return ""
}

func Test_a_page_of_another_site_cannot_read_the_admin_listener_under_its_own_name(t *testing.T) {
	t.Parallel()
	e := newFleet(t, 1, "").edges[0]
	for _, path := range []string{"/", "/console.json", "/metrics", "/readyz"} {
		for host, want := range map[string]int{"evil.example": 421, "127.0.0.1.evil.example:9090": 421, "localhost:9090": 200, "": 200} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.Admin+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s as %q: %d, want %d", path, host, resp.StatusCode, want)
			}
		}
	}
}

// still serves a page as it is now, with its policy, but it does not load itself again in the middle of a test.
func still(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("Refresh") == "" {
		t.Fatalf("%v, refresh %q", err, resp.Header.Get("Refresh"))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
			w.Header().Set(name, resp.Header.Get(name))
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func Test_in_Chromium_the_console_shows_sixteen_shards_of_a_dozen_edges(t *testing.T) {
	f := fleetOf(t, "north-1.edge.example.com", "north-2.edge.example.com")
	for i := range 10 {
		silent := time.Duration(i/8) * 17 * time.Minute
		at := time.Now().Add(-silent)
		said := fmt.Sprintf("%d %s", at.UnixMilli(), revocation.Beat{Read: revocation.MillisOf(at.Add(-time.Second)), Region: "south", Clock: time.Duration(i*i*i) * -14 * time.Millisecond}.Encode())
		for shard := range revocation.Shards {
			f.redis.Do("HSET", fmt.Sprintf("{log:%02d}:origins", shard), fmt.Sprintf("south-%d/aaaaaa%c2", i, 'a'+i), said)
		}
	}
	f.redis.Do("HSET", "{log:07}:origins", "<script>alert(1)</script>", fmt.Sprint(time.Now().UnixMilli(), " x"))
	e := f.edges[0]
	e.Until("all are heard of", func() bool { return len(look(t, e).Origins) == 12 })
	tab := browser.Start(t).NewTab()
	tab.Open(still(t, e.Admin+"/"))
	if tab.Status() != http.StatusOK || !strings.Contains(tab.Text("h1"), "north-1.edge.example.com") {
		t.Errorf("%d, %q", tab.Status(), tab.Text("h1"))
	}
	var cells, tall int
	tab.Eval("document.querySelectorAll('table.matrix tbody td').length", &cells)
	if cells != 12*(16+3) {
		t.Errorf("%d cells", cells)
	}
	resize(t, tab, 1440, 1000)
	for _, scheme := range []string{"light", "dark"} {
		tab.Prefer(scheme)
		tab.Screenshot("console-" + scheme)
	}
	tab.Eval("document.querySelector('.scroll').scrollWidth - document.querySelector('.scroll').clientWidth", &tall)
	if tall > 0 {
		t.Errorf("the matrix is %d pixels wider than a screen of 1440", tall)
	}
	var overflow bool
	resize(t, tab, 360, 640)
	tab.Eval("document.documentElement.scrollWidth > innerWidth", &overflow)
	tab.Screenshot("console-phone")
	if overflow {
		t.Error("the page is wider than a phone")
	}
}
