package main

import (
	"fmt"
	"math"
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
