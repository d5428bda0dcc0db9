// Package webhook sends documents to an HTTP endpoint of the operator's: signed, in order, at least once, from a bounded
// queue that never makes anybody wait. It must not know what the documents say or where the configuration is.
//
// What is sent is a POST of a JSON array. Edgeauth-Signature is `t=UNIX,v1=HEX`: the time in seconds and the HMAC-SHA256,
// under the shared secret, of that time, a dot and the body (the scheme that Stripe made common). Edgeauth-Delivery names
// the array, the same at each attempt. Edgeauth-Missed says how many documents before this array are lost for good.
package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"
)

// Outcome is what became of a document that was offered.
type Outcome string

// The outcomes.
const (
	Delivered Outcome = "delivered" // the endpoint answered with 2xx
	Dropped   Outcome = "dropped"   // the queue was full, and this was the oldest
	Refused   Outcome = "refused"   // the endpoint answered in a way that another attempt would not change
	GivenUp   Outcome = "given_up"  // it could not be delivered for TargetConfig.RetryFor, or before the process ended
)

// Outcomes returns every outcome.
func Outcomes() []Outcome { return []Outcome{Delivered, Dropped, Refused, GivenUp} }

// Options are what a Sink is made of. All are needed.
type Options struct {
	Log *slog.Logger
	Now func() time.Time
	// Settled is called with what became of documents, and how many. Offer calls it, so it must not block.
	Settled func(o Outcome, n int)
	// Failed is called with why an attempt failed, one of Causes.
	Failed func(Cause)
}

// Sink takes documents and delivers them. It outlives changes of its target. It is safe for concurrent use, but Run and
// Flush must not run at the same time.
type Sink struct {
	opt     Options
	target  atomic.Pointer[Target] // nil: off
	changed chan struct{}          // capacity 1: the target is another
	queue   queue

	now      *batch // what is being delivered; Run's and Flush's alone
	inFlight atomic.Int64
	missed   int // documents lost that no delivery has told of; Run's and Flush's too
}

// New returns a Sink without a target: it drops what it is offered without a word.
func New(o Options) *Sink {
	return &Sink{opt: o, changed: make(chan struct{}, 1), queue: queue{wake: make(chan struct{}, 1)}}
}

// Use sets where documents go from now on, those that wait among them; nil turns the sink off and drops them.
func (s *Sink) Use(t *Target) {
	old := s.target.Swap(t)
	limit := 0
	if t != nil {
		limit = t.queue
	}
	s.settle(Dropped, s.queue.resize(limit))
	if old != nil && old != t {
		old.close()
	}
	signal(s.changed)
}

// Offer queues a document, which the caller must not change any more. It never waits: where the queue is full, the oldest
// document in it is dropped.
func (s *Sink) Offer(document json.RawMessage) {
	s.settle(Dropped, s.queue.push(document))
}

// Active reports whether there is a target: without one, nobody needs to make documents.
func (s *Sink) Active() bool { return s.target.Load() != nil }

// Len is how many documents wait, those among them that are on their way.
func (s *Sink) Len() int { return s.queue.len() + int(s.inFlight.Load()) }

func (s *Sink) settle(o Outcome, n int) {
	if n > 0 {
		s.opt.Settled(o, n)
	}
}

// Run delivers until the context ends. It returns nil. What has not been delivered by then is left for Flush.
func (s *Sink) Run(ctx context.Context) error {
	for s.load(ctx) {
		for settled := false; !settled && ctx.Err() == nil; {
			var wait time.Duration
			if wait, settled = s.attempt(ctx); !settled {
				s.sleep(ctx, wait)
			}
		}
	}
	return nil
}

// flushFailures is how many failures in a row end a flush: nobody waits for the end of a process because a webhook is down.
const flushFailures = 3

// Flush delivers what is left until the context ends or the endpoint fails three times in a row, and gives up the rest,
// whose number it returns. It is for the end of the process, after Run.
func (s *Sink) Flush(ctx context.Context) (lost int) {
	for failures := 0; failures < flushFailures && s.Len() > 0 && s.load(ctx); {
		if _, settled := s.attempt(ctx); settled {
			failures = 0
			continue
		}
		if failures++; failures < flushFailures {
			s.sleep(ctx, firstPause)
		}
	}
	lost = s.queue.resize(0)
	if s.now != nil {
		lost += len(s.now.documents)
		s.unload()
	}
	s.settle(GivenUp, lost)
	if t := s.target.Swap(nil); t != nil {
		t.close()
	}
	return lost
}

// load waits until there is something to deliver; false means that the context has ended.
func (s *Sink) load(ctx context.Context) bool {
	for s.now == nil {
		if documents := s.queue.take(); len(documents) > 0 {
			s.tellLost()
			s.now = newBatch(documents, s.missed)
			s.inFlight.Store(int64(len(documents)))
			break
		}
		select {
		case <-ctx.Done():
			return false
		case <-s.queue.wake:
		}
	}
	return ctx.Err() == nil
}

// tellLost notes documents that the queue dropped.
func (s *Sink) tellLost() {
	if n := s.queue.forgetLost(); n > 0 {
		s.missed += n
		s.opt.Log.Warn("the webhook's queue was full: its oldest events were dropped; the audit log has them", "events", n)
	}
}

func (s *Sink) unload() {
	s.now = nil
	s.inFlight.Store(0)
}

// attempt tries once to deliver the batch. Unless that settled it, it says how long to wait.
func (s *Sink) attempt(ctx context.Context) (wait time.Duration, settled bool) {
	select {
	case <-s.changed: // what changed before now is what is tried now
	default:
	}
	b, t := s.now, s.target.Load()
	if t == nil {
		s.end(Dropped)
		return 0, true
	}
	r := t.post(ctx, b, s.opt.Now())
	switch {
	case r.cause == "":
		s.end(Delivered)
		return 0, true
	case ctx.Err() != nil:
		return 0, false // it was not the endpoint's doing
	}
	s.opt.Failed(r.cause)
	s.tellLost()
	b.failed(s.opt.Now())
	wait = b.pause(r.retryAfter)
	about := []any{"to", t.String(), "cause", string(r.cause), "attempt", b.attempts, "events", len(b.documents), "delivery", b.id}
	switch {
	case r.final:
		s.opt.Log.Warn("the webhook refuses events; the audit log has them", about...)
		s.end(Refused)
		return 0, true
	case s.opt.Now().Add(wait).Sub(b.first) > t.retryFor:
		s.opt.Log.Warn("the webhook has not taken events for too long, and they were given up; the audit log has them", about...)
		s.end(GivenUp)
		return 0, true
	}
	s.opt.Log.Warn("the webhook does not take events; they will be sent again", append(about, "in", wait.String(), "waiting", s.Len())...)
	return wait, false
}

// end settles the batch. The endpoint knows now of what the batch said is missing, or will be told of more.
func (s *Sink) end(o Outcome) {
	n := len(s.now.documents)
	if o == Delivered {
		s.missed -= s.now.missed
	} else {
		s.missed += n
	}
	s.unload()
	s.settle(o, n)
}

// sleep waits, but not for a target that is no longer the one that failed.
func (s *Sink) sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.changed:
	case <-timer.C:
	}
}

// signal wakes who waits for c, or who will next.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
