package main

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
)

// newExchanges makes the set of open exchanges, which outlives configurations, and its gauges.
func newExchanges(e *edge) *proxy.Exchanges {
	x := proxy.NewExchanges(proxy.ExchangesOptions{
		Replica: e.replica, Now: time.Now,
		Cut:     func(k proxy.Kind, why policy.Reason) { e.metrics.ExchangeCut(k.String(), string(why)) },
		Refused: func(b proxy.Bound) { e.metrics.ExchangeRefused(string(b)) },
	})
	for _, k := range proxy.Kinds() {
		e.metrics.Gauge(admin.GaugeExchanges, "Requests that were forwarded and whose exchange has not ended, by what they look like.",
			map[string]string{"kind": k.String()}, func() float64 { return float64(x.Open(k)) })
	}
	return x
}

// farewell ends what is open within a time. net/http does not know of WebSockets: without it they would be cut off.
func (e *edge) farewell(within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	e.open.Leave(within)
	e.open.Wait(ctx)
}

// use puts a tree in force for what is open already.
func (t *tree) use(x *proxy.Exchanges) {
	x.Use(proxy.Limits{PerSession: t.cfg.Session.MaxExchanges, Total: t.cfg.Server.MaxExchanges}, t.apps...)
}
