package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/revocation"
)

// checks are what /readyz reports. Only what this edge cannot serve without makes it not ready: an edge whose store or
// identity provider is away goes on serving the sessions that exist.
func (e *edge) checks() []admin.Check {
	return []admin.Check{
		{Name: "edge", Func: e.checkDraining},
		{Name: "revocation_log", Func: e.checkLog},
		{Name: "store", Func: e.checkStore},
		{Name: "outbox", Func: e.checkOutbox},
		{Name: "providers", Func: func() (admin.State, string) { return e.tree.Load().checkProviders() }},
		{Name: "certificates", Func: func() (admin.State, string) { return e.tree.Load().checkCerts() }},
	}
}

func (e *edge) checkDraining() (admin.State, string) {
	if e.draining.Load() {
		return admin.NotReady, "shutting down"
	}
	return admin.Ready, ""
}

// lateLog is the staleness past which the log counts as degraded: three probes missed.
const lateLog = 3 * time.Second

func (e *edge) checkLog() (admin.State, string) {
	age := e.replica.Staleness()
	switch {
	case age == math.MaxInt64:
		return admin.NotReady, "the revocation log has not been read yet"
	case age > lateLog:
		return admin.Degraded, fmt.Sprintf("this edge's copy may be %s old", age.Round(time.Second))
	}
	return admin.Ready, ""
}

func (e *edge) checkStore() (admin.State, string) {
	if ok, detail := e.store.Status(); !ok {
		return admin.Degraded, detail
	}
	return admin.Ready, ""
}

func (e *edge) checkOutbox() (admin.State, string) {
	if n := e.writer.Pending(); n > 0 {
		return admin.Degraded, fmt.Sprintf("%d revocations act on this edge only, until the store is back", n)
	}
	return admin.Ready, ""
}

// measure registers the gauges that hold for the whole process.
func (e *edge) measure() {
	for i := range revocation.Shards {
		e.metrics.Gauge("edgeauth_revocation_staleness_seconds", "How old this edge's copy of the revocation log can be at most, by shard. +Inf: never read.",
			map[string]string{"shard": fmt.Sprintf("%02d", i)}, func() float64 { return seconds(e.replica.ShardStaleness(i)) })
	}
	e.metrics.Gauge("edgeauth_revocation_registers", "Registers of the revocation log in memory.", nil, func() float64 { return float64(e.replica.Len()) })
	e.metrics.Gauge("edgeauth_revocation_outbox", "Revocations that wait for the store.", nil, func() float64 { return float64(e.writer.Pending()) })
	e.metrics.Gauge("edgeauth_store_up", "Whether the store answered when it was last asked.", nil, func() float64 {
		ok, _ := e.store.Status()
		return truth(ok)
	})
	e.metrics.Gauge("edgeauth_keys_usable", "Keys of the ring that are pending, active or retiring.", nil, func() float64 {
		return float64(len(e.keys.Ring().Usable(time.Now())))
	})
}

func seconds(d time.Duration) float64 {
	if d == math.MaxInt64 {
		return math.Inf(1)
	}
	return d.Seconds()
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// measureTree registers the gauges that belong to one configuration, in place of those of the one before.
func (e *edge) measureTree(t *tree) {
	const name = "edgeauth_provider_ready"
	e.metrics.ForgetGauges(name)
	for _, p := range t.providers {
		e.metrics.Gauge(name, "Whether logins at a provider are possible.", map[string]string{"provider": p.Name()},
			func() float64 { return truth(p.Status().Ready) })
	}
}

// keysChanged notes a changed key ring.
func (e *edge) keysChanged() {
	e.audit.Write(context.Background(), audit.Event{Name: audit.KeysReloaded})
}
