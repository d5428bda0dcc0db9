// Package admin answers on the loopback listener: liveness, readiness and metrics. It owns the metrics' names and the
// form of the readiness report, and is the one place that knows Prometheus. It must not know what it measures: others
// hand it numbers and functions.
package admin

import (
	"log/slog"
	"net/http"
)

// Options is what Handler needs. Metrics and Log may be nil: then /metrics is 404 and nothing is logged.
type Options struct {
	Checks  []Check // in the order in which they are reported
	Metrics *Metrics
	Log     *slog.Logger
}

// Handler serves GET and HEAD of
//
//   - /healthz: 200 while the process lives, whatever its surroundings do;
//   - /readyz: 200, or 503 when a check is not ready, with every check's state as JSON;
//   - /metrics: the Prometheus text format.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.Handle("GET /readyz", readiness(o.Checks))
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics.handler(o.Log))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // a caller who has gone needs no answer
}
