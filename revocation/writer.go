package revocation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Delivery is how far a write came. It is applied on this edge either way.
type Delivery uint8

// The deliveries.
const (
	Delivered Delivery = iota + 1 // in the log: every edge will have it
	Pending                       // the store is away; the entry waits in this edge's outbox
)

// String is the delivery's name in logs and metrics.
func (d Delivery) String() string {
	switch d {
	case Delivered:
		return "delivered"
	case Pending:
		return "pending"
	}
	return "unknown"
}

// ErrEntry is an entry that cannot be meant.
var ErrEntry = errors.New("log entry makes no sense")

// Writer writes to the log and to this edge's copy of it. What the store does not take waits in an outbox and is
// delivered by Run. It is safe for concurrent use.
type Writer struct {
	sink    Sink
	replica *Replica
	region  string
	notify  func(n int)

	mu     sync.Mutex // guards outbox
	outbox []Entry
}

// NewWriter returns a Writer. Notify is called with the number of entries after a late delivery.
func NewWriter(sink Sink, replica *Replica, region string, notify func(n int)) *Writer {
	return &Writer{sink: sink, replica: replica, region: region, notify: notify}
}

// writeTimeout bounds one attempt to deliver.
const writeTimeout = time.Second

// Write applies the entries on this edge at once and delivers them to the log, or to the outbox. It goes on when ctx is
// cancelled: a client that hangs up does not undo its logout. The only error is ErrEntry, and then nothing was done.
func (w *Writer) Write(ctx context.Context, entries ...Entry) (Delivery, error) {
	entries = slices.Clone(entries) // a caller's list is not written to
	for i := range entries {
		if entries[i].Region == "" {
			entries[i].Region = w.region
		}
		if err := entries[i].check(); err != nil {
			return 0, err
		}
	}
	w.replica.Apply(entries...)
	if err := w.deliver(context.WithoutCancel(ctx), entries); err != nil {
		w.keep(entries)
		return Pending, nil
	}
	return Delivered, nil
}

// check refuses what ends before it begins, and what no log could keep: it would hold up the outbox for ever.
func (e Entry) check() error {
	if e.Until <= e.Since || scopeOf(e.Scope.String()) == 0 || kindOf(e.Kind.String()) == 0 {
		return fmt.Errorf("%w: %s %s from %d until %d", ErrEntry, e.Scope, e.Kind, e.Since, e.Until)
	}
	if _, err := Decode(e.Encode()); err != nil {
		return fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return nil
}

func (w *Writer) deliver(ctx context.Context, entries []Entry) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return w.sink.Append(ctx, entries)
}

func (w *Writer) keep(entries []Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outbox = append(w.outbox, entries...)
}

// Pending is the number of entries that wait.
func (w *Writer) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.outbox)
}

// Run delivers the outbox until the context ends, and once more then. It returns nil, or an error that says how many
// entries were lost to the other edges.
func (w *Writer) Run(ctx context.Context) error {
	for pause(ctx, interval/2+rand.N(interval)) {
		w.flush(ctx)
	}
	w.flush(context.WithoutCancel(ctx))
	if n := w.Pending(); n > 0 {
		return fmt.Errorf("%d revocations could not be delivered: the store is away; this edge applied them, others have not heard", n)
	}
	return nil
}

// piece is how many entries one attempt delivers: few enough for writeTimeout, however long the store was away.
const piece = 200

func (w *Writer) flush(ctx context.Context) {
	delivered := 0
	for first := w.first(); len(first) > 0; first = w.first() {
		if err := w.deliver(ctx, first); err != nil {
			break
		}
		w.drop(len(first))
		delivered += len(first)
	}
	if delivered > 0 {
		w.notify(delivered)
	}
}

// first returns the entries that have waited longest. They wait until they are dropped; only Run drops.
func (w *Writer) first() []Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.outbox[:min(len(w.outbox), piece)])
}

func (w *Writer) drop(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outbox = slices.Delete(w.outbox, 0, n)
}
