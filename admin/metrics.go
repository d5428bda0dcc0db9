package admin

import (
	"log/slog"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the edge does, in a registry of its own. docs/metrics.md lists every name. All methods may be
// called concurrently. Whatever they are given as a label, the number of series stays bounded.
type Metrics struct {
	registry    *prometheus.Registry
	gauges      *gauges
	requests    *counter
	durations   *prometheus.HistogramVec
	routes      *bounded
	verdicts    *counter
	logins      *counter
	audit       *counter
	revocations *counter
	dryRun      *counter
	refreshes   *counter
	records     *counter
	riskCounters
	webhookCounters
	storeCounters
	exchangeCounters
}

// NewMetrics returns empty metrics with the collectors of the Go runtime, the process and the build.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		gauges:   newGauges(),
		routes:   newBounded(),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "edgeauth_request_duration_seconds",
			Help:    "Time from a request's header to the end of its response, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	m.registry.MustRegister(m.gauges, m.durations, collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.requests = m.counter("edgeauth_requests_total", "Requests answered.", "route", "method", "code")
	m.verdicts = m.counter("edgeauth_verdicts_total", "Verdicts on requests, with their reason.", "action", "reason")
	m.logins = m.counter("edgeauth_logins_total", "Logins that came to an end, by provider.", "provider", "outcome")
	m.audit = m.counter("edgeauth_audit_events_total", "Security events written to the audit log.", "event")
	m.revocations = m.counter("edgeauth_revocations_total",
		"Revocations made on this edge; delivery says whether the shared log has them.", "scope", "reason", "delivery")
	m.refreshes = m.counter("edgeauth_token_refreshes_total", "Times that a session's tokens were looked at or refreshed, by provider.", "provider", "outcome")
	m.riskCounters = newRiskCounters(m)
	m.webhookCounters = newWebhookCounters(m)
	m.storeCounters = newStoreCounters(m)
	m.exchangeCounters = newExchangeCounters(m)
	m.dryRun = m.counter("edgeauth_dry_run_total",
		"Requests and logins that the candidate of dry_run would have answered otherwise.", "kind", "live", "candidate", "reason")
	m.records = m.counter("edgeauth_session_records_total", "Records for the index of sessions, by what became of them.", "outcome")
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *counter {
	c := newCounter(name, help, labels...)
	m.registry.MustRegister(c.vec)
	return c
}

// Request counts one answered request: the route's configured name, the method, the status sent and the seconds it took.
func (m *Metrics) Request(route, method string, status int, seconds float64) {
	m.requests.inc(route, knownMethod(method), statusCode(status))
	m.durations.WithLabelValues(m.routes.value(route)).Observe(seconds)
}

// Verdict counts one verdict.
func (m *Metrics) Verdict(action, reason string) { m.verdicts.inc(action, reason) }

// Login counts the end of one login.
func (m *Metrics) Login(provider, outcome string) { m.logins.inc(provider, outcome) }

// Audit counts one audit event.
func (m *Metrics) Audit(event string) { m.audit.inc(event) }

// Revocation counts one revocation.
func (m *Metrics) Revocation(scope, reason, delivery string) {
	m.revocations.inc(scope, reason, delivery)
}

// SessionRecord counts what became of a record of the index of sessions.
func (m *Metrics) SessionRecord(outcome string) { m.records.inc(outcome) }

// Refresh counts n looks at the tokens of sessions of a provider, which ended in the same way.
func (m *Metrics) Refresh(provider, outcome string, n int) { m.refreshes.add(n, provider, outcome) }

// DryRun counts a request or login that the candidate would have answered otherwise.
func (m *Metrics) DryRun(kind, live, candidate, reason string) {
	m.dryRun.inc(kind, live, candidate, reason)
}

// handler answers with every metric that can be collected, and logs about those that cannot.
func (m *Metrics) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError,
		ErrorLog:      slog.NewLogLogger(log.With("component", "metrics").Handler(), slog.LevelWarn),
	})
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	default:
		return other
	}
}

func statusCode(status int) string {
	if status < 100 || status > 599 {
		return other
	}
	return strconv.Itoa(status)
}
