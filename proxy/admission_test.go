package proxy_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

func otherProvider(up *proxy.Upstream) []proxy.RouteConfig {
	return []proxy.RouteConfig{{Name: "partner", Path: "/", Provider: "partner", Upstream: up, Policy: policy.Route{Issuer: "https://partner.test"}}}
}

func TestA_session_reaches_the_backend_with_its_identity(t *testing.T) {
	b := newBed(t, options{})
	a := b.get("/x?y=1", b.as(b.alice()))
	v := b.hit().Variables
	if a.StatusCode != http.StatusOK || v["HTTP_X_AUTH_USER"] != "alice" || v["HTTP_X_AUTH_EMAIL"] != "alice@corp.test" || v["HTTP_X_AUTH_GROUPS"] != "staff" || v["HTTP_X_AUTH_ACR"] != "urn:loa:1" {
		t.Errorf("got %d, the backend saw %v", a.StatusCode, v)
	}
	if !strings.Contains(b.access.String(), `"route":"all","upstream":"app","verdict":"allow","reason":"permitted"`) {
		t.Errorf("access record: %s", b.access.String())
	}
}

func TestA_group_that_is_missing_is_denied_and_audited(t *testing.T) {
	b := newBed(t, options{})
	a := b.get("/admin/x", b.as(b.alice()))
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "group_missing") {
		t.Errorf("got %d: %s", a.StatusCode, a.body)
	}
	b.untouched()
	if !strings.Contains(b.audit.String(), `"event":"access_denied"`) || !strings.Contains(b.audit.String(), `"sub":"a-1"`) {
		t.Errorf("audit: %s", b.audit.String())
	}
	if a := b.get("/admin/x", b.as(b.root())); a.StatusCode != http.StatusOK {
		t.Errorf("root got %d", a.StatusCode)
	}
}

func TestA_revocation_counts_from_the_next_request_on(t *testing.T) {
	b := newBed(t, options{})
	cookie := b.as(b.alice())
	for range 3 {
		if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
			t.Fatalf("got %d", a.StatusCode)
		}
	}
	if n := b.log.asked.Load(); n != 1 {
		t.Errorf("the log was asked %d times though it had not changed", n)
	}
	b.log.set(revocation.Standing{Vouched: true, Revoked: true})
	if a := b.get("/x", cookie); a.StatusCode != http.StatusSeeOther || len(a.Header["Set-Cookie"]) != 0 {
		t.Errorf("got %d with %q", a.StatusCode, a.Header["Set-Cookie"])
	}
	if a := b.get("/public/x", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("a public route: got %d", a.StatusCode)
	}
	if hits := b.app.Hits(); hits[len(hits)-1].User() != "" {
		t.Errorf("the public route showed a revoked session to the backend")
	}
}

func TestA_session_of_an_unknown_log_is_asked_to_log_in(t *testing.T) {
	b := newBed(t, options{})
	b.log.set(revocation.Standing{})
	b.wantLogin(b.get("/x", b.as(b.alice())))
}

func TestA_log_that_is_too_old_is_an_outage_and_not_a_logout(t *testing.T) {
	b := newBed(t, options{})
	s := b.alice()
	s.Level = identity.High
	b.log.age.Store(int64(10 * time.Second))
	for _, accept := range []string{"text/html", "application/json"} {
		a := b.get("/x", b.as(s), "Accept: "+accept+"\r\n")
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || len(a.Header["Set-Cookie"]) != 0 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %d with %v", a.StatusCode, a.Header)
		}
	}
	b.untouched()
	if a := b.get("/x", b.as(b.alice())); a.StatusCode != http.StatusOK {
		t.Errorf("a session of level normal got %d", a.StatusCode)
	}
	if a := b.get("/public/x", b.as(s)); a.StatusCode != http.StatusOK {
		t.Errorf("a public route got %d", a.StatusCode)
	}
}

func TestAnother_key_ring_forgets_what_was_opened(t *testing.T) {
	b := newBed(t, options{})
	cookie := b.as(b.alice())
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Fatalf("got %d", a.StatusCode)
	}
	b.ring.Store(newRing(t, 2))
	if a := b.get("/x", cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("got %d under a ring that cannot open the cookie", a.StatusCode)
	}
}

func TestA_key_that_retires_ends_what_it_sealed_also_where_that_was_opened_before(t *testing.T) {
	b := newBed(t, options{})
	key := b.ring.Load().Active(noon)
	key.RetireAfter = noon.Add(30 * time.Second)
	ring, err := session.NewRing([]session.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	b.ring.Store(ring)
	cookie := b.as(b.alice())
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Fatalf("got %d", a.StatusCode)
	}
	b.clock.advance(2 * time.Minute)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("got %d", a.StatusCode)
	}
}

func TestAddresses_without_a_route_are_404_for_everybody(t *testing.T) {
	b := newBed(t, options{routes: func(up *proxy.Upstream) []proxy.RouteConfig { return sheetRoutes(up)[:4] }})
	for _, target := range []string{"/x", "/", "/publicity", "/api/x", "/api/x/y/status", "/api/x/status/", "/healthz/"} {
		if a := b.get(target); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: a stranger got %d", target, a.StatusCode)
		}
		if a := b.get(target, b.as(b.root())); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: root got %d", target, a.StatusCode)
		}
	}
	b.untouched()
}

func TestThe_edges_own_addresses_are_never_forwarded(t *testing.T) {
	b := newBed(t, options{})
	for _, target := range []string{"/.edgeauth", "/.edgeauth/x", "/.EdgeAuth/login"} {
		if a := b.get(target, b.as(b.root())); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d", target, a.StatusCode)
		}
	}
	b.untouched()
}

func TestMost_specific_path_wins_and_its_methods_are_final(t *testing.T) {
	named := func(up *proxy.Upstream) []proxy.RouteConfig {
		var out []proxy.RouteConfig
		for _, r := range []proxy.RouteConfig{
			{Name: "root", Path: "/"}, {Name: "exact root", Path: "/", Exact: true}, {Name: "a", Path: "/a"}, {Name: "a exact", Path: "/a", Exact: true},
			{Name: "star", Path: "/*/b"}, {Name: "a star c", Path: "/a/*/c"}, {Name: "a b", Path: "/a/b"}, {Name: "get", Path: "/m", Methods: []string{"GET"}},
			{Name: "post", Path: "/m", Methods: []string{"POST"}}, {Name: "read", Path: "/r", Methods: []string{"GET"}}, {Name: "slash", Path: "/a/", Exact: true}, {Name: "s star", Path: "/s/*"},
		} {
			r.Upstream, r.Policy = up, policy.Route{Public: true}
			out = append(out, r)
		}
		return out
	}
	for request, want := range map[string]string{
		"GET /": "exact root", "GET /z": "root", "GET /a": "a exact", "GET /a/": "slash", "GET /a/x": "a", "GET /a/b": "a b", "GET /a/b/c": "a b", "GET /a/x/c": "a star c",
		"GET /z/b": "star", "GET /z/b/c": "star", "GET /z/bb": "root", "GET /s/": "root", "GET /s/x/y": "s star", "GET /m": "get", "HEAD /m/x": "get", "POST /m": "post", "PUT /m": "", "POST /r": "", "GET /r": "read", "GET /A/b": "star",
	} {
		b := newBed(t, options{routes: named})
		a := b.send(request + " HTTP/1.1\r\nHost: app.corp.test\r\nConnection: close\r\n\r\n")
		if want == "" {
			if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") == "" {
				t.Errorf("%s: got %d", request, a.StatusCode)
			}
			b.untouched()
		} else if !strings.Contains(b.access.String(), `"route":"`+want+`"`) {
			t.Errorf("%s: want route %q: %s", request, want, b.access.String())
		}
	}
}

func TestRoutes_that_hide_each_other_are_refused(t *testing.T) {
	address, err := url.Parse("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	plain, err1 := proxy.NewUpstream(proxy.UpstreamConfig{Name: "plain", Address: address})
	iis, err2 := proxy.NewUpstream(proxy.UpstreamConfig{Name: "iis", Address: address, IIS: true})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	b := newBed(t, options{})
	for what, routes := range map[string][]proxy.RouteConfig{
		"the same twice":             {{Path: "/a", Upstream: plain}, {Path: "/a/", Upstream: plain}},
		"a method twice":             {{Path: "/a", Methods: []string{"GET"}, Upstream: plain}, {Path: "/a", Methods: []string{"POST", "GET"}, Upstream: plain}},
		"case variants on IIS":       {{Path: "/a", Upstream: iis}, {Path: "/A", Upstream: iis}},
		"one path, two readers":      {{Path: "/a", Upstream: iis, Methods: []string{"GET"}}, {Path: "/a", Upstream: plain}},
		"a path that no request has": {{Path: "/a//b", Upstream: plain}}, "another": {{Path: "/a/../b", Upstream: plain}}, "no slash": {{Path: "a", Upstream: plain}}, "an escape": {{Path: "/a%20b", Upstream: plain}}, "half a star": {{Path: "/a*", Upstream: plain}},
		"a strip beside the path": {{Path: "/a", StripPrefix: "/b", Upstream: plain}}, "no upstream": {{Path: "/"}},
	} {
		if _, err := proxy.New(proxy.Options{Origin: &url.URL{Scheme: "https", Host: publicHost}, Cookies: b.cookies, Keys: b.ring.Load, Replica: &b.log, Now: b.clock.now, Routes: routes}); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
}

func TestPrograms_get_a_401_that_says_where_the_login_is(t *testing.T) {
	b := newBed(t, options{})
	for what, request := range map[string]string{
		"fetch": "GET /x HTTP/1.1\r\nSec-Fetch-Mode: cors\r\nAccept: */*\r\n", "XHR": "GET /x HTTP/1.1\r\nX-Requested-With: XMLHttpRequest\r\nAccept: text/html\r\n",
		"POST": "POST /x HTTP/1.1\r\nContent-Length: 0\r\n", "JSON": "GET /x HTTP/1.1\r\nAccept: application/json\r\n",
	} {
		a := b.send(request + "Host: app.corp.test\r\nConnection: close\r\n\r\n")
		var doc struct {
			LoginURL string `json:"login_url"`
			Reason   string
		}
		if err := json.Unmarshal([]byte(a.body), &doc); err != nil || a.StatusCode != http.StatusUnauthorized || doc.LoginURL != "/.edgeauth/login" || doc.Reason != "no_session" {
			t.Errorf("%s: got %d, %v: %s", what, a.StatusCode, err, a.body)
		}
		if c := a.Header.Get("WWW-Authenticate"); c == "" || strings.HasPrefix(c, "Basic") || a.Header.Get("Location") != "" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", what, a.Header)
		}
	}
	a := b.send("POST /svc/Method HTTP/1.1\r\nHost: app.corp.test\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if a.StatusCode != http.StatusOK || a.Header.Get("Grpc-Status") != "16" {
		t.Errorf("gRPC: got %d, %v", a.StatusCode, a.Header)
	}
	b.untouched()
}

func TestA_login_comes_back_to_the_address_or_as_near_as_fits(t *testing.T) {
	b := newBed(t, options{})
	for target, want := range map[string]string{
		"/x?a=1&b=%20":                           "rd=" + url.QueryEscape("/x?a=1&b=%20"),
		"/x?" + strings.Repeat("a", 1300):        "cut=1&rd=%2Fx",
		"/x?" + strings.Repeat("<", 500):         "cut=1&rd=%2Fx", // as long once the login has escaped it
		"/" + strings.Repeat("a", 1300) + "?b=1": "cut=1&rd=%2F",
	} {
		if got := b.get(target).Header.Get("Location"); got != "/.edgeauth/login?"+want {
			t.Errorf("%.20s: the login is at %q, want %q", target, got, want)
		}
	}
	a := b.send("HEAD /x HTTP/1.1\r\nHost: app.corp.test\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n")
	if a.StatusCode != http.StatusSeeOther {
		t.Errorf("HEAD got %d", a.StatusCode)
	}
}

func TestPreflights_pass_without_identity_only_where_a_route_says_so(t *testing.T) {
	preflight := func(b *bed, target string) answer {
		return b.send("OPTIONS " + target + " HTTP/1.1\r\nHost: app.corp.test\r\nOrigin: https://evil.test\r\nAccess-Control-Request-Method: POST\r\n" + b.as(b.alice()) + "Connection: close\r\n\r\n")
	}
	b := newBed(t, options{routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		return append(sheetRoutes(up), proxy.RouteConfig{Name: "cors", Path: "/cors", Methods: []string{"POST"}, Upstream: up, PassPreflight: true})
	}})
	if a := preflight(b, "/x"); a.StatusCode != http.StatusForbidden || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d with %v", a.StatusCode, a.Header)
	}
	if a := b.send("OPTIONS /cors/x HTTP/1.1\r\nHost: app.corp.test\r\nAccess-Control-Request-Method: PUT\r\nConnection: close\r\n\r\n"); a.StatusCode != http.StatusForbidden {
		t.Errorf("for a method that no route has: got %d", a.StatusCode)
	}
	b.untouched()
	if a := preflight(b, "/cors/x"); a.StatusCode != http.StatusOK {
		t.Errorf("got %d", a.StatusCode)
	}
	if v := b.hit().Variables; b.hit().User() != "" || v["HTTP_COOKIE"] != "" {
		t.Errorf("the backend saw %v", v)
	}
}

func TestUnsafe_requests_of_other_sites_are_refused_when_they_use_a_session(t *testing.T) {
	routes := func(up *proxy.Upstream) []proxy.RouteConfig {
		r := sheetRoutes(up)
		r[4].AllowOrigins = []string{"https://partner.test"}
		return r
	}
	for _, tt := range []struct {
		lines string
		want  int
	}{
		{"", 200}, {"Origin: https://app.corp.test\r\n", 200}, {"Sec-Fetch-Site: same-origin\r\n", 200}, {"Sec-Fetch-Site: none\r\n", 200},
		{"Sec-Fetch-Site: cross-site\r\nOrigin: https://partner.test\r\n", 200}, {"Origin: https://partner.test\r\n", 200},
		{"Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.test\r\n", 403}, {"Sec-Fetch-Site: same-site\r\nOrigin: https://blog.corp.test\r\n", 403},
		{"Sec-Fetch-Site: cross-site\r\n", 403}, {"Origin: https://evil.test\r\n", 403}, {"Origin: null\r\n", 403}, {"Origin: http://app.corp.test\r\n", 403},
	} {
		b := newBed(t, options{routes: routes})
		a := b.send("POST /x HTTP/1.1\r\nHost: app.corp.test\r\nContent-Length: 2\r\n" + tt.lines + b.as(b.alice()) + "Connection: close\r\n\r\nhi")
		if a.StatusCode != tt.want || tt.want == 403 && !strings.Contains(a.body, "cross_origin") {
			t.Errorf("%q: got %d, want %d: %s", tt.lines, a.StatusCode, tt.want, a.body)
		}
		if tt.want == 403 {
			b.untouched()
		}
	}
	b := newBed(t, options{})
	if a := b.send("POST /public/x HTTP/1.1\r\nHost: app.corp.test\r\nContent-Length: 0\r\nSec-Fetch-Site: cross-site\r\nOrigin: https://evil.test\r\nConnection: close\r\n\r\n"); a.StatusCode != http.StatusOK {
		t.Errorf("a public route without a session: got %d", a.StatusCode)
	}
}
