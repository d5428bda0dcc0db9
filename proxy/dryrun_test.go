package proxy_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
)

// differences collects what a candidate would answer otherwise.
type differences struct {
	mu   sync.Mutex // guards list
	list []proxy.Difference
}

func (d *differences) report(_ *http.Request, one proxy.Difference) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, one)
}

// take returns what was reported since the last time.
func (d *differences) take() []proxy.Difference {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.list
	d.list = nil
	return list
}

// trying is a bed with a candidate: the sheet's routes after an edit.
func trying(t testing.TB, edit func([]proxy.RouteConfig) []proxy.RouteConfig, report func(*http.Request, proxy.Difference)) *bed {
	t.Helper()
	return newBed(t, options{handler: func(o *proxy.Options) {
		c, err := proxy.NewCandidate(edit(slices.Clone(o.Routes)), report)
		if err != nil {
			t.Fatal(err)
		}
		o.Candidate = c
	}})
}

// tightened closes /admin to everybody but a group that nobody has, drops the public pages and opens /new.
func tightened(routes []proxy.RouteConfig) []proxy.RouteConfig {
	routes = slices.DeleteFunc(routes, func(r proxy.RouteConfig) bool { return r.Name == "public" })
	for i := range routes {
		if routes[i].Name == "admin" {
			routes[i].Policy.Groups = []string{"nobody"}
		}
	}
	return append(routes, proxy.RouteConfig{Name: "new", Path: "/public/new", Upstream: routes[0].Upstream, Policy: policy.Route{Public: true, Levels: sheetLevels()}})
}

func TestACandidateIsComparedAndChangesNoAnswer(t *testing.T) {
	var found differences
	plain, tried := newBed(t, options{}), trying(t, tightened, found.report)
	for name, row := range map[string]struct {
		target string
		lines  func(*bed) []string
		want   []string // live and candidate
	}{
		"the same":           {"/reports/1", func(b *bed) []string { return []string{b.as(b.alice())} }, nil},
		"the same, nobody":   {"/reports/1", func(*bed) []string { return nil }, nil},
		"a group more":       {"/admin/x", func(b *bed) []string { return []string{b.as(b.root())} }, []string{"allow permitted admin", "deny group_missing admin"}},
		"denied by both":     {"/admin/x", func(b *bed) []string { return []string{b.as(b.alice())} }, nil},
		"public no more":     {"/public/x", func(*bed) []string { return nil }, nil},
		"public still":       {"/public/new/x", func(*bed) []string { return nil }, nil},
		"refused before":     {"/a//b", func(*bed) []string { return nil }, nil},
		"the edge's own":     {"/.edgeauth/x", func(*bed) []string { return nil }, nil},
		"method of no route": {"/healthz", func(*bed) []string { return nil }, nil},
	} {
		if name == "public no more" {
			row.want = []string{"allow public public", "login no_session all"}
		}
		want, got := plain.get(row.target, row.lines(plain)...), tried.get(row.target, row.lines(tried)...)
		if want.StatusCode != got.StatusCode || want.Header.Get("Location") != got.Header.Get("Location") {
			t.Errorf("%s: %d without the candidate, %d with it", name, want.StatusCode, got.StatusCode)
		}
		var told []string
		for _, d := range found.take() {
			told = append(told, d.Live.Action+" "+d.Live.Reason+" "+d.Live.Route, d.Candidate.Action+" "+d.Candidate.Reason+" "+d.Candidate.Route)
			if (d.Subject.Sub == "r-1") != (name == "a group more") {
				t.Errorf("%s is told of %v", name, d.Subject)
			}
		}
		if diff := cmp.Diff(row.want, told); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestARequestWithoutARouteIsComparedToo(t *testing.T) {
	var found differences
	b := newBed(t, options{
		routes: func(up *proxy.Upstream) []proxy.RouteConfig {
			return []proxy.RouteConfig{{Name: "get", Path: "/one", Methods: []string{"GET"}, Upstream: up, Policy: policy.Route{Public: true, Levels: sheetLevels()}}}
		},
		handler: func(o *proxy.Options) {
			all := o.Routes[0]
			all.Path, all.Methods, all.Name = "/", nil, "all"
			c, err := proxy.NewCandidate([]proxy.RouteConfig{all}, found.report)
			if err != nil {
				t.Fatal(err)
			}
			o.Candidate = c
		},
	})
	if a := b.get("/two"); a.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", a.StatusCode)
	}
	if a := b.send("POST /one HTTP/1.1\r\nHost: " + publicHost + "\r\nContent-Length: 0\r\n\r\n"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("got %d", a.StatusCode)
	}
	var told []string
	for _, d := range found.take() {
		told = append(told, d.Live.Action+" "+d.Live.Reason+" -> "+d.Candidate.Action+" "+d.Candidate.Route)
	}
	if diff := cmp.Diff([]string{"refuse no_route -> allow all", "refuse method -> allow all"}, told); diff != "" {
		t.Error(diff)
	}
}

func TestWhatGoesWrongInACandidateStaysInIt(t *testing.T) {
	var found differences
	broken := func(routes []proxy.RouteConfig) []proxy.RouteConfig {
		for i := range routes {
			routes[i].Policy = policy.Route{Allow: &policy.Expression{}, Levels: sheetLevels()} // one that was never compiled panics
		}
		return routes
	}
	b := trying(t, broken, found.report)
	if a := b.get("/reports/1", b.as(b.alice())); a.StatusCode != http.StatusOK {
		t.Errorf("got %d", a.StatusCode)
	}
	list := found.take()
	if len(list) != 1 || list[0].Candidate != (proxy.Outcome{Action: "error", Reason: "panic"}) {
		t.Errorf("told: %+v", list)
	}
	b = trying(t, tightened, func(*http.Request, proxy.Difference) { panic("no log") })
	if a := b.get("/admin/x", b.as(b.root())); a.StatusCode != http.StatusOK {
		t.Errorf("got %d where the report fails", a.StatusCode)
	}
}

// BenchmarkCandidate is the way to the verdict as in BenchmarkAdmission, and then the candidate's: none, one that agrees, and
// one that does not.
func BenchmarkCandidate(b *testing.B) {
	same := func(r []proxy.RouteConfig) []proxy.RouteConfig { return r }
	closed := func(r []proxy.RouteConfig) []proxy.RouteConfig {
		for i := range r {
			r[i].Policy.Groups = []string{"nobody"}
		}
		return r
	}
	nothing := func(*http.Request, proxy.Difference) {}
	for _, row := range []struct {
		name string
		bed  *bed
	}{{"none", newBed(b, options{})}, {"agrees", trying(b, same, nothing)}, {"differs", trying(b, closed, nothing)}} {
		r := browser(row.bed, "/reports/2026/11?page=2")
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := proxy.DecideBoth(row.bed.handler, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
