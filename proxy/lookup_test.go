package proxy_test

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/proxy"
)

func lookup(t *testing.T, iis bool, routes ...proxy.RouteConfig) *proxy.Lookup {
	t.Helper()
	app, err := proxy.NewUpstream(proxy.UpstreamConfig{Name: "app", Address: &url.URL{Scheme: "http", Host: "10.0.0.1"}, IIS: iis})
	if err != nil {
		t.Fatal(err)
	}
	for i := range routes {
		routes[i].Upstream = app
		if routes[i].Name == "" {
			routes[i].Name = strings.Join(routes[i].Methods, " ") + routes[i].Path
		}
	}
	l, err := proxy.NewLookup(&url.URL{Scheme: "https", Host: publicHost}, routes)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(f proxy.Found) (route string, others []string) {
	if f.Route != nil {
		route = f.Route.Name
	}
	for _, o := range f.Others {
		others = append(others, o.Name)
	}
	return route, others
}

func TestALookupNamesTheRouteAndThoseThatItCameBefore(t *testing.T) {
	l := lookup(t, false, proxy.RouteConfig{Path: "/"}, proxy.RouteConfig{Path: "/api"}, proxy.RouteConfig{Path: "/api/*/status", Methods: []string{"GET"}},
		proxy.RouteConfig{Path: "/api/x/status"}, proxy.RouteConfig{Path: "/api/x/status", Methods: []string{"POST"}},
		proxy.RouteConfig{Path: "/api/x", Exact: true, Name: "exactly"}, proxy.RouteConfig{Path: "/other"})
	for target, want := range map[string][]string{
		"/api/x/status":                        {"/api/x/status", "POST/api/x/status", "GET/api/*/status", "/api", "/"},
		"/api//x/./status?q=1":                 {"", "400 ambiguous_address"},
		"/api/y/status":                        {"GET/api/*/status", "/api", "/"},
		"/%61pi/x":                             {"exactly", "/api", "/"},
		"https://" + publicHost + "/elsewhere": {"/"},
		"https://someone.else.test/api":        {"", "400 ambiguous_address"},
		"/.edgeauth/login":                     {"", "404 no_route"},
	} {
		f := l.Find("GET", target)
		route, others := names(f)
		got := append([]string{route}, others...)
		if f.Route == nil {
			got = append(got, map[int]string{400: "400 ", 404: "404 "}[f.Status]+f.Reason)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", target, diff)
		}
	}
	if f := l.Find("DELETE", "/api/y/status"); f.Status != 405 || f.Allow != "GET" || f.Path != "/api/y/status" {
		t.Errorf("a method that is not permitted: %+v", f)
	}
}

func TestALookupFindsTheRouteBelowAStrippedPrefix(t *testing.T) {
	l := lookup(t, false, proxy.RouteConfig{Path: "/app", StripPrefix: "/app"}, proxy.RouteConfig{Path: "/admin", Methods: []string{"GET"}})
	if f := l.Find("GET", "/app/admin/x"); f.Route == nil || f.Below == nil || f.Below.Path != "/admin" {
		t.Errorf("%+v", f)
	}
	if f := l.Find("GET", "/app/x"); f.Route == nil || f.Below != nil {
		t.Errorf("%+v", f)
	}
	if f := l.Find("POST", "/app/admin/x"); f.Route != nil || f.Status != 405 {
		t.Errorf("%+v", f)
	}
}

// Without the route that was found, the request goes to the next one that was named.
func TestTheOthersOfALookupComeAfterTheRouteInTheirOrder(t *testing.T) {
	segments := []string{"a", "A", "b", "*"}
	several := 0
	for seed := range uint64(6_000) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		path := func(wild bool) string {
			var b strings.Builder
			for range rnd.IntN(4) {
				b.WriteString("/" + segments[rnd.IntN(len(segments)-map[bool]int{false: 1, true: 0}[wild])])
			}
			if b.Len() == 0 {
				return "/"
			}
			return b.String()
		}
		var routes []proxy.RouteConfig
		iis := seed%3 == 0
		taken := map[string]bool{}
		for range 1 + rnd.IntN(8) {
			r := proxy.RouteConfig{Path: path(true), Exact: rnd.IntN(4) == 0}
			r.Name = r.Path + map[bool]string{true: "="}[r.Exact]
			key := r.Name
			if iis {
				key = strings.ToLower(key)
			}
			if !taken[key] {
				taken[key] = true
				routes = append(routes, r)
			}
		}
		asked := path(false)
		found, others := names(lookup(t, iis, slices.Clone(routes)...).Find("GET", asked))
		if len(others) > 1 {
			several++
		}
		for found != "" {
			routes = slices.DeleteFunc(routes, func(r proxy.RouteConfig) bool { return r.Name == found })
			next, left := "", []string(nil)
			if len(routes) > 0 {
				next, left = names(lookup(t, iis, slices.Clone(routes)...).Find("GET", asked))
			}
			want := append([]string{}, others...)
			if got := append([]string{next}, left...); len(want) > 0 && !slices.Equal(want, got) || len(want) == 0 && next != "" {
				t.Fatalf("seed %d, %s: after %s came %v, and %v was promised", seed, asked, found, got, want)
			}
			found, others = next, left
		}
	}
	if several < 300 {
		t.Errorf("only %d requests matched several routes", several)
	}
}
