package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
)

func expression(t testing.TB, text string) *policy.Expression {
	t.Helper()
	c, err := policy.NewCompiler([]identity.Level{identity.Normal, identity.High})
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

// guarded is a bed whose only route has an expression.
func guarded(t testing.TB, allow string) *bed {
	e := expression(t, allow)
	return newBed(t, options{routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		return []proxy.RouteConfig{{Name: "all", Path: "/", Upstream: up, Policy: policy.Route{Allow: e, Levels: sheetLevels()}}}
	}})
}

// The backend reads a query in its own way. Where policy looks at it, there is one way only, or 400.
func TestRT22_policy_and_backend_see_the_same_query(t *testing.T) {
	rows := []struct {
		query string
		want  int
	}{
		{"role=user", http.StatusOK},
		{"role=user&page=2&page=3", http.StatusOK}, // nothing is asked of page
		{"%72ole=%75ser", http.StatusOK},           // every reader decodes that to the same
		{"role=admin", http.StatusForbidden},
		{"", http.StatusForbidden},
		{"role", http.StatusForbidden},
		{"role=user%00", http.StatusBadRequest},
		{"role=user&role=admin", http.StatusBadRequest},
		{"role=admin&role=user", http.StatusBadRequest},
		{"role=user&%72ole=admin", http.StatusBadRequest},
		{"role=user;role=admin", http.StatusBadRequest},
		{"role=user%3Brole=admin", http.StatusForbidden}, // a value with a semicolon in it
		{"role=%zz&role=admin", http.StatusBadRequest},
		{"role=user&x=%zz", http.StatusBadRequest},
		{"role=user&x=%", http.StatusBadRequest},
		{"role=user&x=%ff", http.StatusBadRequest},
		{"role=user&ROLE=admin", http.StatusBadRequest},
		{"role=user&Role=admin", http.StatusBadRequest},
		{"role=user&role[]=admin", http.StatusBadRequest},
		{"role=user&role%5B0%5D=admin", http.StatusBadRequest},
		{"role=user&+role=admin", http.StatusBadRequest},
		{"role=user&" + strings.Repeat("x=1&", 20_000), http.StatusBadRequest},
		{"role=user&" + strings.Repeat("a&", 1_000), http.StatusBadRequest},
	}
	for _, row := range rows {
		b := guarded(t, `request.query.role == ["user"]`)
		a := b.get("/reports?"+row.query, b.as(b.alice()))
		if a.StatusCode != row.want {
			t.Errorf("%.60s: got %d, want %d", row.query, a.StatusCode, row.want)
		}
		if row.want != http.StatusOK {
			b.untouched()
			continue
		}
		if _, got, _ := strings.Cut(b.hit().Target, "?"); got != row.query {
			t.Errorf("%s reached the backend as %s", row.query, got)
		}
	}
}

func TestRT22_a_query_that_policy_does_not_look_at_is_the_application_s(t *testing.T) {
	b := guarded(t, `request.path.startsWith("/reports")`)
	if a := b.get("/reports?role=user&role=admin&ROLE=x&r=%ff", b.as(b.alice())); a.StatusCode != http.StatusOK {
		t.Errorf("got %d", a.StatusCode)
	}
}

func TestAn_expression_sees_the_request_as_it_is_forwarded(t *testing.T) {
	rows := []struct {
		target, allow string
		want          int
	}{
		{"/reports/%61", `request.path == "/reports/a"`, http.StatusOK},
		{"/reports/a", `request.method == "GET" && request.host == "app.corp.test"`, http.StatusOK},
		{"/reports/a", `in_network(request.client, "127.0.0.0/8")`, http.StatusOK},
		{"/reports/a", `in_network(request.client, "10.0.0.0/8")`, http.StatusForbidden},
		{"/reports/a", `user.username == "alice" && user.sub == "a-1" && user.email == "alice@corp.test"`, http.StatusOK},
		{"/reports/a", `user.username == "root"`, http.StatusForbidden},
	}
	for _, row := range rows {
		b := guarded(t, row.allow)
		// What a stranger claims of the client's address is not believed.
		if a := b.get(row.target, b.as(b.alice()), "X-Forwarded-For: 10.0.0.1\r\n"); a.StatusCode != row.want {
			t.Errorf("%s for %s: got %d, want %d", row.allow, row.target, a.StatusCode, row.want)
		}
	}
}

func TestWithout_a_session_an_expression_is_not_asked(t *testing.T) {
	b := guarded(t, `request.path == "/"`)
	b.wantLogin(b.get("/x"))
}

func TestAn_expression_that_fails_lets_nobody_in_and_is_audited(t *testing.T) {
	b := guarded(t, `request.query.nothing == ["a"]`)
	a := b.get("/x", b.as(b.alice()))
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "expression_error") || strings.Contains(a.body, "no such") {
		t.Errorf("got %d: %s", a.StatusCode, a.body)
	}
	b.untouched()
	if log := b.audit.String(); !strings.Contains(log, `"expression_error"`) || !strings.Contains(log, "no such key: nothing") {
		t.Errorf("audited: %s", log)
	}
}

func TestWhen_asks_for_more_than_a_login_for_some_requests_only(t *testing.T) {
	when := expression(t, `request.method != "GET"`)
	b := newBed(t, options{routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		return []proxy.RouteConfig{{Name: "all", Path: "/", Upstream: up, Policy: policy.Route{When: when, Level: identity.High, Levels: sheetLevels()}}}
	}})
	if a := b.get("/x", b.as(b.alice())); a.StatusCode != http.StatusOK {
		t.Errorf("GET: got %d", a.StatusCode)
	}
	b.hit()
	for _, method := range []string{"POST", "HEAD", "DELETE"} {
		a := b.send(method + " /x HTTP/1.1\r\nHost: " + publicHost + "\r\nContent-Length: 0\r\nConnection: close\r\n" + b.as(b.alice()) + "\r\n")
		if a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: got %d", method, a.StatusCode)
		}
	}
	b.hit()
}

// The route below a stripped prefix asks about the path that the application will see.
func TestAn_expression_behind_a_stripped_prefix_sees_the_path_that_is_left(t *testing.T) {
	e := expression(t, `request.path.startsWith("/reports/")`)
	b := newBed(t, options{routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		return []proxy.RouteConfig{
			{Name: "app", Path: "/app", StripPrefix: "/app", Upstream: up, Policy: policy.Route{Levels: sheetLevels()}},
			{Name: "all", Path: "/", Upstream: up, Policy: policy.Route{Allow: e, Levels: sheetLevels()}},
		}
	}})
	if a := b.get("/app/reports/a", b.as(b.alice())); a.StatusCode != http.StatusOK {
		t.Errorf("got %d", a.StatusCode)
	}
	if a := b.get("/app/admin", b.as(b.alice())); a.StatusCode != http.StatusForbidden {
		t.Errorf("got %d", a.StatusCode)
	}
}

func TestA_level_that_the_log_raises_changes_what_an_expression_says(t *testing.T) {
	b := guarded(t, `risk.level == "normal"`)
	cookie := b.as(b.alice())
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("got %d", a.StatusCode)
	}
	since := revocation.MillisOf(noon)
	b.log.set(revocation.Standing{Vouched: true, Floors: []revocation.FloorValue{{Level: identity.High, Value: revocation.Value{Since: since, Until: revocation.MillisOf(noon.Add(time.Minute))}}}})
	if a := b.get("/x", cookie); a.StatusCode != http.StatusForbidden {
		t.Errorf("got %d after the level was raised", a.StatusCode)
	}
	b.clock.advance(time.Minute)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("got %d after the floor ended", a.StatusCode)
	}
}

// BenchmarkAdmissionExpression is admission to routes with an expression.
func BenchmarkAdmissionExpression(b *testing.B) {
	for name, text := range map[string]string{
		"session": `user.email.endsWith("@corp.test") && session.level == "normal"`,
		"method":  `request.method == "GET"`,
		"path":    `request.path.startsWith("/reports/") && user.email.endsWith("@corp.test")`,
		"query":   `request.query.page.all(p, p.matches("^[0-9]+$"))`,
	} {
		b.Run(name, func(b *testing.B) {
			bed := guarded(b, text)
			r := browser(bed, "/reports/2026/11?page=2")
			b.ReportAllocs()
			for b.Loop() {
				if err := proxy.Decide(bed.handler, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
