package admin

import "github.com/prometheus/client_golang/prometheus"

// storeCounters count what became of calls to a shared store.
type storeCounters struct {
	storeCalls, storeReads, storeRetries, storeDials *counter
	storeDurations                                   *prometheus.HistogramVec
}

func newStoreCounters(m *Metrics) storeCounters {
	c := storeCounters{
		storeCalls:   m.counter("edgeauth_store_calls_total", "Calls to the shared store that ended, by why they failed.", "cause"),
		storeReads:   m.counter("edgeauth_store_read_failures_total", "Blocking reads of the revocation log that failed, by why.", "cause"),
		storeRetries: m.counter("edgeauth_store_retries_total", "Calls that another attempt might have helped, and whether the budget allowed one.", "outcome"),
		storeDials:   m.counter("edgeauth_store_connections_total", "Attempts to open a connection to the store.", "outcome"),
		storeDurations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "edgeauth_store_call_duration_seconds",
			Help:    "Time that a call to the shared store took, with all it waited for.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1},
		}, []string{"outcome"}),
	}
	m.registry.MustRegister(c.storeDurations)
	c.storeDurations.WithLabelValues("answered") // known before they happen, and with the embedded store
	c.storeCalls.add(0, "none")
	c.storeReads.add(0, "timeout")
	c.storeRetries.add(0, "refused")
	c.storeDials.add(0, "failed")
	return c
}

// StoreCall counts one call to the shared store: why it failed, or nothing, and the seconds it took.
func (m *Metrics) StoreCall(cause string, seconds float64) {
	outcome := "failed"
	if cause == "" {
		cause, outcome = "none", "answered"
	}
	m.storeCalls.inc(cause)
	m.storeDurations.WithLabelValues(outcome).Observe(seconds)
}

// StoreReadFailed counts one blocking read of the log that failed.
func (m *Metrics) StoreReadFailed(cause string) { m.storeReads.inc(cause) }

// StoreRetry counts one call that would have tried again.
func (m *Metrics) StoreRetry(granted bool) {
	outcome := "refused"
	if granted {
		outcome = "granted"
	}
	m.storeRetries.inc(outcome)
}

// StoreDial counts one attempt to open a connection.
func (m *Metrics) StoreDial(ok bool) {
	outcome := "failed"
	if ok {
		outcome = "opened"
	}
	m.storeDials.inc(outcome)
}
