package admin

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// The names of the gauges that an edge registers. Units are in the name.
const (
	GaugeStaleness      = "edgeauth_revocation_staleness_seconds"            // label shard
	GaugeOriginAge      = "edgeauth_revocation_origin_staleness_seconds"     // labels origin, run, region
	GaugeOriginHeard    = "edgeauth_revocation_origin_silence_seconds"       // labels origin, run, region
	GaugeOriginClock    = "edgeauth_revocation_origin_clock_seconds"         // labels origin, run, region
	GaugeOriginsUnread  = "edgeauth_revocation_origins_unread_shards"        // no label
	GaugeUnreadable     = "edgeauth_revocation_unreadable_entries"           // no label
	GaugeRegisters      = "edgeauth_revocation_registers"                    // no label
	GaugeOutbox         = "edgeauth_revocation_outbox_entries"               // no label
	GaugeOutboxKept     = "edgeauth_revocation_outbox_kept"                  // no label; 0 or 1
	GaugeLeaning        = "edgeauth_revocation_from_disk"                    // no label; 0 or 1
	GaugeCopyAge        = "edgeauth_revocation_copy_age_seconds"             // no label
	GaugeDiskRefused    = "edgeauth_revocation_files_refused"                // label file
	GaugeConfigValid    = "edgeauth_config_valid"                            // no label; 0 or 1
	GaugeConfigLoaded   = "edgeauth_config_loaded_timestamp_seconds"         // no label
	GaugeProviderReady  = "edgeauth_provider_ready"                          // label provider; 0 or 1
	GaugeStoreReady     = "edgeauth_store_ready"                             // no label; 0 or 1
	GaugeStoreCalls     = "edgeauth_store_calls_in_flight"                   // no label
	GaugeStoreConns     = "edgeauth_store_connections"                       // no label
	GaugeKeysActive     = "edgeauth_keys_active"                             // no label
	GaugeKeyRetire      = "edgeauth_key_retire_timestamp_seconds"            // label key
	GaugeRiskSource     = "edgeauth_risk_source_ready"                       // labels kind, file; 0 or 1
	GaugeHistory        = "edgeauth_history_ready"                           // no label; 0 or 1
	GaugeExchanges      = "edgeauth_exchanges_open"                          // label kind
	GaugeWebhookQueue   = "edgeauth_webhook_queue_events"                    // no label
	GaugeSessionRecords = "edgeauth_session_records_waiting"                 // no label
	GaugeCertificate    = "edgeauth_certificate_not_after_timestamp_seconds" // label host
)

// Gauge shows f's result under name, at each scrape anew. labels may be nil. The same name and labels again replace the
// function, as a reload does; one help text counts for all of a name. f must answer at once and may be called by several
// goroutines; NaN says that there is no value.
func (m *Metrics) Gauge(name, help string, labels map[string]string, f func() float64) {
	m.gauges.set(name, help, labels, f)
}

// Point is one value of a gauge whose labels come and go.
type Point struct {
	Labels map[string]string
	Value  float64
}

// maxPoints bounds the points of one gauge.
const maxPoints = 200

// Points shows what f returns under name, at each scrape anew; all points have the same labels, and those past the 200th are left
// out. It is for what nobody registers: it is there, and then it is gone. f is bound as that of Gauge.
func (m *Metrics) Points(name, help string, f func() []Point) { m.gauges.setPoints(name, help, f) }

// ForgetGauges removes all gauges of name, so that a reload leaves none for what is no longer configured.
func (m *Metrics) ForgetGauges(name string) { m.gauges.forget(name) }

// gauges is a collector of functions. It describes nothing beforehand, since functions come and go.
type gauges struct {
	mu     sync.Mutex // guards all below
	help   map[string]string
	funcs  map[string]map[string]gauge // by name, then by labels
	points map[string]func() []Point   // by name
}

type gauge struct {
	labels prometheus.Labels
	value  func() float64
}

func newGauges() *gauges {
	return &gauges{help: map[string]string{}, funcs: map[string]map[string]gauge{}, points: map[string]func() []Point{}}
}

func (g *gauges) set(name, help string, labels map[string]string, f func() float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.funcs[name] == nil {
		g.funcs[name] = map[string]gauge{}
	}
	g.help[name] = help
	g.funcs[name][labelKey(labels)] = gauge{labels: maps.Clone(labels), value: f}
}

func (g *gauges) setPoints(name, help string, f func() []Point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.help[name], g.points[name] = help, f
}

func (g *gauges) forget(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.funcs, name)
	delete(g.help, name)
}

// labelKey is one text for one set of labels, whatever characters they hold.
func labelKey(labels map[string]string) string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString(strconv.Quote(name) + "=" + strconv.Quote(labels[name]) + ",")
	}
	return key.String()
}

// Describe sends nothing, which makes this an unchecked collector.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect calls every function. A gauge with an impossible name or label is an error of that gauge alone.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	for _, s := range g.snapshot() {
		out <- metric(s.desc, s.value())
	}
	for _, c := range g.clouds() {
		points := c.points()
		for _, p := range points[:min(len(points), maxPoints)] {
			out <- metric(prometheus.NewDesc(c.name, c.help, nil, p.Labels), p.Value)
		}
	}
}

func metric(desc *prometheus.Desc, value float64) prometheus.Metric {
	m, err := prometheus.NewConstMetric(desc, prometheus.GaugeValue, value)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return m
}

type cloud struct {
	name, help string
	points     func() []Point
}

func (g *gauges) clouds() (all []cloud) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, f := range g.points {
		all = append(all, cloud{name, g.help[name], f})
	}
	return all
}

type series struct {
	desc  *prometheus.Desc
	value func() float64
}

// snapshot lets the functions be called without the lock, since they take locks of their own.
func (g *gauges) snapshot() []series {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []series
	for name, byLabel := range g.funcs {
		for _, one := range byLabel {
			all = append(all, series{prometheus.NewDesc(name, g.help[name], nil, one.labels), one.value})
		}
	}
	return all
}
