package proxy_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
)

// noBypass sends a target without a session and demands that nothing protected was reached, by IIS's reading of what
// was forwarded.
func noBypass(t *testing.T, b *bed, target string) answer {
	t.Helper()
	a := b.get(target)
	for _, h := range b.app.Hits() {
		if p := h.Path(); !strings.HasPrefix(p, "/public") && p != "/healthz" {
			t.Errorf("%s reached %s of the backend as %s", target, p, h.Target)
		}
	}
	if a.StatusCode >= 500 {
		t.Errorf("%s: got %d", target, a.StatusCode)
	}
	return a
}

// both runs a test before an ordinary backend and before IIS.
func both(t *testing.T, test func(t *testing.T, b *bed)) {
	for name, iis := range map[string]bool{"plain": false, "iis": true} {
		t.Run(name, func(t *testing.T) {
			test(t, newBed(t, options{upstream: func(c *proxy.UpstreamConfig) { c.IIS = iis }}))
		})
	}
}

func TestRT01_rules_see_the_path_only(t *testing.T) {
	for _, target := range []string{"/admin/secret?x=/public/", "/admin/secret?/api/x/status", "/api/x/secret?/status"} {
		b := newBed(t, options{})
		b.wantLogin(b.get(target))
	}
}

func TestRT02_a_fragment_on_the_wire_is_refused(t *testing.T) {
	for _, target := range []string{"/api/secret#/status", "/admin#/public/", "/public/#", "/public/?a#b"} {
		b := newBed(t, options{})
		if a := b.get(target); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", target, a.StatusCode)
		}
		b.untouched()
	}
}

func TestRT04_forwarded_addresses_from_strangers_change_nothing(t *testing.T) {
	b := newBed(t, options{})
	b.wantLogin(b.get("/admin/secret", "X-Forwarded-Uri: /public/a\r\n"))
}

func TestRT05_address_and_method_overrides_change_nothing_and_do_not_cross(t *testing.T) {
	for _, name := range []string{"X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Forwarded-Path", "X-Replaced-Path", "X-Envoy-Original-Path",
		"X-Accel-Redirect", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Forwarded-Method", "X_Original_URL", "X.Rewrite.URL"} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, options{})
			b.wantLogin(b.get("/admin/secret", name+": /public/a\r\n"))
			b.get("/public/a", name+": /admin/secret\r\n")
			if _, there := b.hit().Variables[classicasp.Fold(name)]; there {
				t.Errorf("the backend saw it: %s", b.hit().Head)
			}
		})
	}
}

func TestRT07_dot_segments_do_not_lead_out_of_a_public_prefix(t *testing.T) {
	both(t, func(t *testing.T, b *bed) {
		for _, target := range []string{"/public/../admin/secret", "/public/%2e%2e/admin/secret", "/public/.%2e/admin/", "/public/./../admin/",
			"/public/x/..%2f..%2fadmin/", "/public/..", "/public/.", "/public/%2E", "/public//admin", "//public/../admin"} {
			if a := noBypass(t, b, target); a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %d, want 400", target, a.StatusCode)
			}
		}
	})
}

func TestRT08_path_parameters_hide_nothing(t *testing.T) {
	both(t, func(t *testing.T, b *bed) {
		for _, target := range []string{"/public/..;/admin/secret", "/public;a=b/../admin/secret", "/admin;/secret", "/admin/;", "/;/admin/secret",
			"/public/..%3b/admin/secret"} {
			if a := noBypass(t, b, target); a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %d, want 400", target, a.StatusCode)
			}
		}
	})
}

func TestRT10_encoded_slashes_and_backslashes_hide_nothing(t *testing.T) {
	both(t, func(t *testing.T, b *bed) {
		for _, target := range []string{"/public%2f..%2fadmin/secret", "/admin%2fsecret", "/public%5c..%5cadmin%5csecret", `/public\..\admin\secret`,
			`/public/\admin`, "/public%5C..%5Cadmin"} {
			if a := noBypass(t, b, target); a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %d, want 400", target, a.StatusCode)
			}
		}
	})
}

func TestRT11_other_spellings_of_a_protected_path_stay_protected(t *testing.T) {
	both(t, func(t *testing.T, b *bed) {
		for _, target := range []string{"/%61dmin/secret", "/%2561dmin/secret", "/%41DMIN/secret", "/ADMIN/secret", "/aDmIn/secret"} {
			noBypass(t, b, target)
		}
	})
	b := newBed(t, options{upstream: func(c *proxy.UpstreamConfig) { c.IIS = true }})
	for _, target := range []string{"/%61dmin/secret", "/%41DMIN/secret", "/ADMIN/secret", "/aDmIn/secret", "/admin/secret"} {
		if a := b.get(target, b.as(b.alice())); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: alice got %d before IIS, want 403 by the rule of /admin", target, a.StatusCode)
		}
	}
	b.untouched()
}

func TestRT13_paths_that_only_windows_understands_hide_nothing(t *testing.T) {
	both(t, func(t *testing.T, b *bed) {
		for _, target := range []string{"/%u0061dmin/", "/%c0%afadmin/", "/%e0%80%afadmin/", "/admin%00/secret", "/public/%ff"} {
			if a := noBypass(t, b, target); a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %d, want 400", target, a.StatusCode)
			}
		}
		for _, target := range []string{"/admin./secret", "/admin%20/secret", "/admin::$INDEX_ALLOCATION/secret", "/ADMIN~1/"} {
			noBypass(t, b, target)
		}
	})
	b := newBed(t, options{upstream: func(c *proxy.UpstreamConfig) { c.IIS = true }})
	for _, target := range []string{"/admin./secret", "/admin%20/secret", "/admin::$INDEX_ALLOCATION/secret", "/ADMIN~1/", "/x.asp::$DATA", "/(S(x))/admin/",
		"/public/(A(x)F(y))/p.aspx", "/a/(s(x))/b", "/public/eurl.axd/x", "/%E2%84%AAey", "/%EF%BD%81dmin/", "/admin%3F", "/a*b"} {
		if a := b.get(target, b.as(b.alice())); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: alice got %d before IIS, want 400", target, a.StatusCode)
		}
	}
	b.untouched()
}

func TestRT14_stripping_a_prefix_leads_nowhere_else(t *testing.T) {
	routes := func(up *proxy.Upstream) []proxy.RouteConfig {
		return append(sheetRoutes(up), proxy.RouteConfig{Name: "app", Path: "/app", StripPrefix: "/app", Upstream: up, Policy: policy.Route{Public: true}})
	}
	b := newBed(t, options{routes: routes})
	for _, target := range []string{"/app/../admin/secret", "/app%2f..%2fadmin", "/app..%2fadmin", "/%61pp/..%2fadmin", "/app.../admin", "/apple/admin", "/app//admin"} {
		a := b.get(target)
		if a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: got %d", target, a.StatusCode)
		}
	}
	b.untouched()
	for target, want := range map[string]string{"/app": "/", "/app/": "/", "/%61pp/x%2B/y?q=1": "/x%2B/y?q=1", "/app?": "/"} {
		b := newBed(t, options{routes: routes})
		b.get(target, b.as(b.alice()))
		if got := b.hit().Target; got != want {
			t.Errorf("%s was forwarded as %s, want %s", target, got, want)
		}
	}
}

func TestRT14_what_is_asked_of_a_path_is_asked_behind_a_stripped_prefix_too(t *testing.T) {
	routes := func(up *proxy.Upstream) []proxy.RouteConfig {
		post := proxy.RouteConfig{Name: "reports", Path: "/reports", Methods: []string{"POST"}, Upstream: up, Policy: policy.Route{Public: true}}
		return append(sheetRoutes(up), post, proxy.RouteConfig{Name: "app", Path: "/app", StripPrefix: "/app", Upstream: up, Policy: policy.Route{Public: true}})
	}
	b := newBed(t, options{routes: routes})
	nobody, alice, root := "", b.as(b.alice()), b.as(b.root())
	for _, c := range []struct {
		target, who string
		want        int
	}{
		{"/app/admin/secret", nobody, 303}, {"/app/admin", nobody, 303}, {"/app/%61dmin/secret", nobody, 303}, {"/app/x", nobody, 303}, {"/app", nobody, 303},
		{"/app/admin/secret", alice, 403}, {"/app/reports", nobody, 405}, {"/app/app/admin", nobody, 200}, {"/app/public/x", nobody, 200},
		{"/app/x", alice, 200}, {"/app/admin/secret", root, 200},
	} {
		before := len(b.app.Hits())
		a := b.get(c.target, c.who)
		if a.StatusCode != c.want || len(b.app.Hits())-before != map[bool]int{true: 1}[c.want == 200] {
			t.Errorf("%s: got %d with %d requests to the backend, want %d", c.target, a.StatusCode, len(b.app.Hits())-before, c.want)
		}
		if a.StatusCode == http.StatusSeeOther && a.Header.Get("Location") != "/.edgeauth/login?rd="+url.QueryEscape(c.target) && c.target != "/app/%61dmin/secret" {
			t.Errorf("%s: the login is at %q", c.target, a.Header.Get("Location"))
		}
	}
}

func TestAnother_upstream_says_nothing_about_a_stripped_path(t *testing.T) {
	other := newBed(t, options{})
	b := newBed(t, options{routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		return append(sheetRoutes(other.upstream(options{backend: "http://127.0.0.1:1"})),
			proxy.RouteConfig{Name: "app", Path: "/app", StripPrefix: "/app", Upstream: up, Policy: policy.Route{Public: true}})
	}})
	b.get("/app/admin/x")
	if got := b.hit().Target; got != "/admin/x" {
		t.Errorf("forwarded as %s", got)
	}
}

func TestRT19_tunnels_and_odd_methods_are_refused(t *testing.T) {
	b := newBed(t, options{})
	for _, line := range []string{"CONNECT evil.test:443", "CONNECT app.corp.test:443", "TRACE /", "TRACK /", "get /admin/secret", "GET admin", "G_T /public/", "OPTIONS *",
		"GET http://evil.test/public/", "GET ftp://app.corp.test/public/", "GET http://app.corp.test@evil.test/public/"} {
		a := b.send(line + " HTTP/1.1\r\nHost: app.corp.test\r\nConnection: close\r\n" + b.as(b.root()) + "\r\n")
		if a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 400 or 405", line, a.StatusCode)
		}
	}
	b.untouched()
	b.send("GET http://APP.corp.test/public/x HTTP/1.1\r\nHost: app.corp.test\r\nConnection: close\r\n\r\n")
	if got := b.hit().Target; got != "/public/x" {
		t.Errorf("an absolute target of this host was forwarded as %s", got)
	}
}

func TestRT20_other_credentials_are_no_session(t *testing.T) {
	for _, request := range []struct{ target, line string }{
		{"/admin/secret", "Authorization: Bearer junk\r\n"}, {"/admin/secret", "Authorization: Basic YTpi\r\n"},
		{"/admin/secret?access_token=junk", ""}, {"/admin/secret?token=junk", ""},
	} {
		b := newBed(t, options{})
		b.wantLogin(b.get(request.target, request.line))
	}
}

func TestA_query_that_readers_split_differently_is_refused(t *testing.T) {
	b := newBed(t, options{})
	for _, q := range []string{"?a=1;b=2", "?a=%zz", "?a=%", "?a=%4", "?" + strings.Repeat("a&", 6000)} {
		if a := b.get("/public/x" + q); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%.30s: got %d, want 400", q, a.StatusCode)
		}
	}
	b.untouched()
	b.get("/public/x?b=2&a=%c3%a4&&c&=&a=1+1")
	if got, want := b.hit().Target, "/public/x?b=2&a=%c3%a4&&c&=&a=1+1"; got != want {
		t.Errorf("forwarded %s, want %s as received", got, want)
	}
}

func TestWhat_is_forwarded_is_the_canonical_path(t *testing.T) {
	for raw, want := range map[string]string{
		"/public/%7euser/%61": "/public/~user/a", "/public/%c3%a4": "/public/%C3%A4", "/public/\xc3\xa4": "/public/%C3%A4", "/public/a+b": "/public/a+b",
		"/public/a%2bb": "/public/a%2Bb", "/public/a%3fb": "/public/a%3Fb", "/public/x:y@z,(1)": "/public/x:y@z,(1)", "/public/[1]": "/public/%5B1%5D", "/public/": "/public/",
	} {
		b := newBed(t, options{})
		b.get(raw)
		if got := b.hit().Target; got != want {
			t.Errorf("%s was forwarded as %s, want %s", raw, got, want)
		}
	}
}
