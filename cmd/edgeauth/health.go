package main

import (
	"time"

	"github.com/edgeauth/edgeauth/admin"
)

// checks are what /readyz reports. Only what this edge cannot serve without makes it not ready: an edge whose store or
// identity provider is away goes on serving the sessions that exist.
func (e *edge) checks() []admin.Check {
	return []admin.Check{
		{Name: "edge", Func: e.checkDraining},
		{Name: "configuration", Func: e.checkConfig},
		{Name: "revocation_log", Func: e.checkLog},
		{Name: "store", Func: e.checkStore},
		{Name: "clock", Func: e.checkClock},
		{Name: "outbox", Func: e.checkOutbox},
		{Name: "providers", Func: func() (admin.State, string) { return e.tree.Load().checkProviders() }},
		{Name: "risk", Func: func() (admin.State, string) { return e.checkRisk() }},
		{Name: "certificates", Func: func() (admin.State, string) { return e.tree.Load().checkCerts() }},
	}
}

func (e *edge) checkDraining() (admin.State, string) {
	if e.draining.Load() {
		return admin.NotReady, "shutting down"
	}
	return admin.Ready, ""
}

func (e *edge) checkConfig() (admin.State, string) {
	if e.stale.Load() {
		return admin.Degraded, "the configuration file was changed and cannot be used; the one before it stays in use, the log says why"
	}
	return admin.Ready, ""
}

// lateLog is the staleness past which the log counts as degraded: three probes missed.
const lateLog = 3 * time.Second

func (e *edge) checkStore() (admin.State, string) {
	if ok, detail := e.store.Status(); !ok {
		return admin.Degraded, detail
	}
	if s, ok := e.store.(interface{ Evicts() string }); ok && s.Evicts() != "" {
		return admin.Degraded, s.Evicts()
	}
	return admin.Ready, ""
}
