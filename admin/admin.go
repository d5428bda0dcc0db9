// Package admin answers on the loopback listener: liveness, readiness, metrics, and the console. It owns the metrics' names and the
// form of the readiness report, and is the one place that knows Prometheus. It must not know what it measures: others
// hand it numbers and functions.
package admin

import (
	"log/slog"
	"net/http"

	"github.com/edgeauth/edgeauth/web"
)

// Options is what Handler needs. Metrics, Overview and Log may be nil: then /metrics or the console are 404, and nothing is logged.
type Options struct {
	Checks   []Check // in the order in which they are reported
	Metrics  *Metrics
	Overview func() Overview // must answer at once, from memory
	Pages    *web.Pages      // needed with Overview
	Host     string          // by which the listener was configured; it may be reached by that name
	Log      *slog.Logger
}

// Handler serves GET and HEAD of
//
//   - /healthz: 200 while the process lives, whatever its surroundings do;
//   - /readyz: 200, or 503 when a check is not ready, with every check's state as JSON;
//   - /metrics: the Prometheus text format;
//   - / and /console.json: what the edge knows of itself and of the others, for people and for programs.
//
// All but /healthz refuse names of other sites on a loopback address.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.Handle("GET /readyz", local(o.Host, readiness(o.Checks)))
	if o.Metrics != nil {
		mux.Handle("GET /metrics", local(o.Host, o.Metrics.handler(o.Log)))
	}
	if o.Overview != nil {
		c := console{o.Overview, o.Checks, o.Pages, o.Log}
		mux.Handle("GET /{$}", local(o.Host, http.HandlerFunc(c.page)))
		mux.Handle("GET /console.json", local(o.Host, http.HandlerFunc(c.json)))
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
