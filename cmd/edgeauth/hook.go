package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/webhook"
)

// hook sends audit events to the webhook. It lives as long as the process; where events go, and which, changes with the
// configuration.
type hook struct {
	log  *slog.Logger
	sink *webhook.Sink
	only atomic.Pointer[map[audit.Name]bool] // the events that are sent; nil: all
}

func newHook(log *slog.Logger, metrics *admin.Metrics) *hook {
	for _, o := range webhook.Outcomes() {
		metrics.Webhook(string(o), 0)
	}
	for _, c := range webhook.Causes() {
		metrics.WebhookFailed(string(c), 0)
	}
	return &hook{log: log, sink: webhook.New(webhook.Options{
		Log: log, Now: time.Now,
		Settled: func(o webhook.Outcome, n int) { metrics.Webhook(string(o), n) },
		Failed:  func(c webhook.Cause) { metrics.WebhookFailed(string(c), 1) },
	})}
}

// hookTarget is what one configuration says of the webhook.
type hookTarget struct {
	target *webhook.Target // nil: there is none
	only   map[audit.Name]bool
}

func newHookTarget(c config.Webhook) (hookTarget, error) {
	address := c.Address()
	if address == nil {
		return hookTarget{}, nil
	}
	roots, err := rootsFrom(c.CAFile)
	if err != nil {
		return hookTarget{}, fmt.Errorf("webhook: %w", err)
	}
	var h hookTarget
	if len(c.Events) > 0 {
		h.only = map[audit.Name]bool{}
	}
	for _, name := range c.Events {
		h.only[audit.Name(name)] = true
	}
	h.target, err = webhook.NewTarget(webhook.TargetConfig{
		URL: address, Secret: []byte(c.Secret.Reveal()), RootCAs: roots, Timeout: c.Timeout, Queue: c.Queue, RetryFor: c.RetryFor,
	})
	return h, err
}

// use sends events as a configuration says from now on.
func (h *hook) use(t hookTarget) {
	if t.only == nil {
		h.only.Store(nil)
	} else {
		h.only.Store(&t.only)
	}
	h.sink.Use(t.target)
}

// offer queues an event, if it is wanted. It never waits.
func (h *hook) offer(e *audit.Event) {
	if only := h.only.Load(); !h.sink.Active() || only != nil && !(*only)[e.Name] {
		return
	}
	text, err := json.Marshal(e)
	if err != nil {
		h.log.Error("an audit event cannot be written as JSON", "event", string(e.Name), "error", err)
		return
	}
	h.sink.Offer(text)
}

// leastFlush is how long the end of the process waits for the webhook although requests took all of server.drain.
const leastFlush = time.Second

// flush sends what is left until the drain is over.
func (h *hook) flush(drained time.Time) {
	if least := time.Now().Add(leastFlush); drained.Before(least) {
		drained = least
	}
	ctx, cancel := context.WithDeadline(context.Background(), drained)
	defer cancel()
	if lost := h.sink.Flush(ctx); lost > 0 {
		h.log.Warn("events could not be sent to the webhook before the end; the audit log has them", "events", lost)
	}
}
