package admin_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/admin"
)

func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func check(name string, state admin.State, detail string) admin.Check {
	return admin.Check{Name: name, Func: func() (admin.State, string) { return state, detail }}
}

func TestReadinessIsTheWorstCheckAndDegradedStaysInService(t *testing.T) {
	tests := []struct {
		name   string
		checks []admin.Check
		code   int
		body   string
	}{
		{"nothing to check", nil, 200, `{"status":"ready","checks":[]}`},
		{"all well", []admin.Check{check("log", admin.Ready, "")}, 200,
			`{"status":"ready","checks":[{"name":"log","state":"ready"}]}`},
		{"the store is down", []admin.Check{check("store", admin.Degraded, `no "route"`), check("log", admin.Ready, "")}, 200,
			`{"status":"degraded","checks":[{"name":"store","state":"degraded","detail":"no \"route\""},{"name":"log","state":"ready"}]}`},
		{"the log is not read", []admin.Check{check("log", admin.NotReady, "reading"), check("store", admin.Degraded, "x")}, 503,
			`{"status":"not_ready","checks":[{"name":"log","state":"not_ready","detail":"reading"},{"name":"store","state":"degraded","detail":"x"}]}`},
		{"a check that says nonsense", []admin.Check{check("log", "", "")}, 503,
			`{"status":"not_ready","checks":[{"name":"log","state":""}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := get(admin.Handler(admin.Options{Checks: tt.checks}), "GET", "/readyz")
			var got, want any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tt.body), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" || w.Code != tt.code {
				t.Errorf("code %d, want %d; body (-want +got):\n%s", w.Code, tt.code, diff)
			}
		})
	}
}

func TestTheListenerAnswersReadsOnlyAndIsNeverCached(t *testing.T) {
	h := admin.Handler(admin.Options{Checks: []admin.Check{check("log", admin.NotReady, "")}, Metrics: admin.NewMetrics()})
	tests := []struct {
		method, path string
		code         int
	}{
		{"GET", "/healthz", 200}, {"HEAD", "/healthz", 200}, {"POST", "/healthz", 405},
		{"GET", "/metrics", 200}, {"DELETE", "/metrics", 405}, {"GET", "/", 404}, {"GET", "/debug/pprof/", 404},
	}
	for _, tt := range tests {
		w := get(h, tt.method, tt.path)
		if w.Code != tt.code || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d, %v; want %d and no-store", tt.method, tt.path, w.Code, w.Header(), tt.code)
		}
	}
}

func scrape(t *testing.T, m *admin.Metrics) string {
	t.Helper()
	w := get(admin.Handler(admin.Options{Metrics: m}), "GET", "/metrics")
	if w.Code != 200 {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestCountersCarryTheirLabels(t *testing.T) {
	m := admin.NewMetrics()
	m.Request("app", "GET", 200, 0.02)
	m.Request("app", "BREW", 999, 0.02)
	m.Verdict("login", "no_session")
	m.Login("corp", "ok")
	m.Audit("login")
	m.Revocation("session", "logout", "stored")
	m.Assessment("high", "enforce", []string{"time_zones", "score"}, []string{"new_country", "time_zones"}, []string{"ja4_unknown"})
	m.LevelRaised("high", "time_zones")
	m.StepUp("refused", "high", "not_proven")
	m.Blocked("high", "raised")
	m.Webhook("delivered", 7)
	m.Webhook("dropped", 0)
	m.WebhookFailed("timeout", 1)
	said := scrape(t, m)
	for _, line := range []string{
		`edgeauth_assessments_total{level="high",mode="enforce"} 1`,
		`edgeauth_assessment_reasons_total{part="level",reason="time_zones"} 1`,
		`edgeauth_assessment_reasons_total{part="level",reason="score"} 1`,
		`edgeauth_assessment_reasons_total{part="term",reason="time_zones"} 1`,
		`edgeauth_assessment_reasons_total{part="unknown",reason="ja4_unknown"} 1`,
		`edgeauth_levels_raised_total{level="high",reason="time_zones"} 1`,
		`edgeauth_step_ups_total{level="high",outcome="refused",reason="not_proven"} 1`,
		`edgeauth_access_blocked_total{level="high",reason="raised"} 1`,
		`edgeauth_webhook_events_total{outcome="delivered"} 7`,
		`edgeauth_webhook_events_total{outcome="dropped"} 0`,
		`edgeauth_webhook_failed_attempts_total{cause="timeout"} 1`,
		`edgeauth_requests_total{code="200",method="GET",route="app"} 1`,
		`edgeauth_requests_total{code="other",method="other",route="app"} 1`,
		`edgeauth_request_duration_seconds_count{route="app"} 2`,
		`edgeauth_verdicts_total{action="login",reason="no_session"} 1`,
		`edgeauth_logins_total{outcome="ok",provider="corp"} 1`,
		`edgeauth_audit_events_total{event="login"} 1`,
		`edgeauth_revocations_total{delivery="stored",reason="logout",scope="session"} 1`,
		"go_goroutines ", "process_open_fds ", "go_build_info{",
	} {
		if !strings.Contains(said, line) {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestLabelsCannotGrowWithoutBoundNorBreakTheScrape(t *testing.T) {
	m := admin.NewMetrics()
	for i := range 5000 {
		m.Request(fmt.Sprintf("route-%d", i), "GET", 200, 0)
		m.Revocation("session", fmt.Sprintf("reason-%d", i), "stored")
	}
	m.Audit("\xff\xfe")
	m.Audit(strings.Repeat("x", 10_000))
	said := scrape(t, m)
	for _, name := range []string{"edgeauth_requests_total{", "edgeauth_revocations_total{", "edgeauth_request_duration_seconds_count{"} {
		if n := strings.Count(said, name); n > 250 {
			t.Errorf("%d series of %s", n, name)
		}
	}
	if !strings.Contains(said, `edgeauth_audit_events_total{event="other"} 2`) {
		t.Error("strange values are not counted as other")
	}
}

func TestAGaugeRegisteredAgainIsReplacedAndAForgottenOneIsGone(t *testing.T) {
	m := admin.NewMetrics()
	shard := func(s string) map[string]string { return map[string]string{"shard": s} }
	value := func(f float64) func() float64 { return func() float64 { return f } }
	m.Gauge(admin.GaugeStaleness, "old help", shard("00"), value(1))
	m.Gauge(admin.GaugeStaleness, "help", shard("00"), value(2))
	m.Gauge(admin.GaugeStaleness, "help", shard("01"), value(3))
	m.Gauge(admin.GaugeConfigValid, "help", nil, value(1))
	m.Gauge("not a name", "help", map[string]string{"no label": "\xff"}, value(1))
	said := scrape(t, m)
	for _, line := range []string{
		`edgeauth_revocation_staleness_seconds{shard="00"} 2`, `edgeauth_revocation_staleness_seconds{shard="01"} 3`,
		"edgeauth_config_valid 1",
	} {
		if !strings.Contains(said, line) {
			t.Errorf("%s is missing", line)
		}
	}
	m.ForgetGauges(admin.GaugeStaleness)
	if said := scrape(t, m); strings.Contains(said, "staleness") || !strings.Contains(said, "edgeauth_config_valid 1") {
		t.Error("the wrong gauges were forgotten")
	}
}

func TestMetricsMayBeUsedByManyGoroutines(t *testing.T) {
	m := admin.NewMetrics()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				m.Request(strconv.Itoa(j), "GET", 200, 0)
				m.Gauge(admin.GaugeProviderReady, "help", map[string]string{"provider": strconv.Itoa(i)}, func() float64 { return 1 })
				m.ForgetGauges(admin.GaugeKeyRetire)
			}
			_ = get(admin.Handler(admin.Options{Metrics: m}), "GET", "/metrics")
		})
	}
	all.Wait()
}

func TestTheDocumentationNamesExactlyWhatIsExported(t *testing.T) {
	m := admin.NewMetrics()
	m.Request("r", "GET", 200, 0)
	m.Verdict("a", "r")
	m.Login("p", "o")
	m.Audit("e")
	m.Revocation("s", "r", "d")
	m.Refresh("p", "refreshed", 1)
	m.DryRun("request", "allow", "deny", "group_missing")
	m.SessionRecord("written")
	m.Assessment("l", "m", []string{"r"}, nil, nil)
	m.LevelRaised("l", "r")
	m.StepUp("o", "l", "r")
	m.Blocked("l", "r")
	m.Webhook("o", 1)
	m.WebhookFailed("c", 0)
	m.StoreCall("timeout", 1)
	m.StoreReadFailed("timeout")
	m.StoreRetry(true)
	m.StoreDial(true)
	m.ExchangeCut("k", "r")
	m.ExchangeRefused("b")
	exported := names(regexp.MustCompile(`(?m)^# TYPE (edgeauth_\w+) `), scrape(t, m))
	exported = append(exported, gaugeNames(t)...)
	slices.Sort(exported)

	doc, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := names(regexp.MustCompile("(?m)^\\| `(edgeauth_\\w+)` \\|"), string(doc))
	slices.Sort(documented)
	if diff := cmp.Diff(exported, documented); diff != "" {
		t.Errorf("docs/metrics.md is stale (-exported +documented):\n%s", diff)
	}
}

func names(pattern *regexp.Regexp, text string) (all []string) {
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

// gaugeNames reads the constants of gauges.go, since others register the gauges.
func gaugeNames(t *testing.T) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "gauges.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, `"edgeauth_`) {
			name, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, name)
		}
		return true
	})
	return all
}
