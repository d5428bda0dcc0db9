package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/revocation"
)

// measure registers the gauges that hold for the whole process.
func (e *edge) measure() {
	for i := range revocation.Shards {
		e.metrics.Gauge(admin.GaugeStaleness, "How old this edge's copy of the revocation log can be at most, by shard. +Inf: never read.",
			map[string]string{"shard": fmt.Sprintf("%02d", i)}, func() float64 { return seconds(e.replica.ShardStaleness(i)) })
	}
	e.metrics.Gauge(admin.GaugeUnreadable, "Entries of the log that this edge cannot read; what they name is refused.", nil, func() float64 { return float64(e.replica.Unreadable()) })
	e.metrics.Gauge(admin.GaugeRegisters, "Registers of the revocation log in memory.", nil, func() float64 { return float64(e.replica.Len()) })
	e.metrics.Gauge(admin.GaugeOutbox, "Revocations that wait for the store.", nil, func() float64 { return float64(e.writer.Pending()) })
	e.metrics.Gauge(admin.GaugeWebhookQueue, "Audit events that wait for the webhook.", nil, func() float64 { return float64(e.hook.sink.Len()) })
	e.metrics.Gauge(admin.GaugeStoreReady, "Whether the last command to the store was answered.", nil, func() float64 {
		ok, _ := e.store.Status()
		return truth(ok)
	})
	e.metrics.Gauge(admin.GaugeKeysActive, "Keys of the ring that open cookies now.", nil, func() float64 {
		return float64(len(e.keys.Ring().Usable(time.Now())))
	})
	e.metrics.Gauge(admin.GaugeHistory, "Whether histories of logins can be kept: the key ring has a pepper.", nil, func() float64 {
		_, ok := e.keys.Ring().Pepper()
		return truth(ok)
	})
	e.durable.measure(e)
	e.measureFleet()
	e.measureKeys()
	e.measureRedis()
}

// measureKeys registers a gauge for each key of the ring, in place of those of the ring before.
func (e *edge) measureKeys() {
	e.metrics.ForgetGauges(admin.GaugeKeyRetire)
	for _, k := range e.keys.Ring().Usable(time.Now()) {
		if k.RetireAfter.IsZero() {
			continue // nothing has replaced it yet
		}
		e.metrics.Gauge(admin.GaugeKeyRetire, "When a key of the ring stops opening cookies.", map[string]string{"key": k.ID.String()},
			func() float64 { return float64(k.RetireAfter.Unix()) })
	}
}

// keysChanged notes a changed key ring.
func (e *edge) keysChanged() {
	e.measureKeys()
	e.audit.Write(context.Background(), audit.Event{Name: audit.KeysReloaded})
}

// measureTree registers the gauges that belong to one configuration, in place of those of the one before.
func (e *edge) measureTree(t *tree) {
	e.measureEvents(t.cfg.Levels.Names())
	loaded := float64(time.Now().Unix())
	e.metrics.Gauge(admin.GaugeConfigLoaded, "When the configuration in use was loaded.", nil, func() float64 { return loaded })
	e.metrics.ForgetGauges(admin.GaugeProviderReady)
	for _, p := range t.providers {
		e.metrics.Gauge(admin.GaugeProviderReady, "Whether logins at a provider are possible.", map[string]string{"provider": p.Name()},
			func() float64 { return truth(p.Status().Ready) })
	}
	e.measureTokens(t)
	e.metrics.ForgetGauges(admin.GaugeRiskSource)
	if t.watch.places != nil {
		for i, st := range t.watch.places.Status() {
			e.metrics.Gauge(admin.GaugeRiskSource, "Whether a file of places or networks is in use as it stands.",
				map[string]string{"kind": string(st.Kind), "file": st.Path}, func() float64 { return truth(t.watch.places.Status()[i].Problem == nil) })
		}
	}
	e.metrics.ForgetGauges(admin.GaugeCertificate)
	for i, host := range t.certs.Status() {
		e.metrics.Gauge(admin.GaugeCertificate, "The end of the certificate being served.", map[string]string{"host": host.Host},
			func() float64 { return end(t.certs.Status()[i]) })
	}
}

// end is no number while there is no certificate.
func end(h certs.HostStatus) float64 {
	if h.NotAfter.IsZero() {
		return math.NaN()
	}
	return float64(h.NotAfter.Unix())
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

// countingRevoker counts what logins and logouts write to the log.
type countingRevoker struct {
	login.Revoker
	metrics *admin.Metrics
}

// Write writes and counts.
func (c countingRevoker) Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error) {
	d, err := c.Revoker.Write(ctx, entries...)
	if err == nil {
		for _, e := range entries {
			c.metrics.Revocation(e.Scope.String(), e.Reason, d.String())
		}
	}
	return d, err
}
