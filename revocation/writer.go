package revocation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Delivery is how far a write came. It is applied on this edge either way.
type Delivery uint8

// The deliveries.
const (
	Delivered Delivery = iota + 1 // in the log: every edge will have it; on this edge's disk too, if it has one that can be written
	Pending                       // the store is away; it waits on this edge's disk and is delivered, even after a restart
	InMemory                      // the store is away; others hear of it once it is back, unless this edge ends before
)

// String is the delivery's name in logs and metrics.
func (d Delivery) String() string {
	switch d {
	case Delivered:
		return "delivered"
	case Pending:
		return "pending"
	case InMemory:
		return "in_memory"
	}
	return "unknown"
}

// ErrEntry is an entry that cannot be meant.
var ErrEntry = errors.New("log entry makes no sense")

// Writer writes to the log and to this edge's copy of it. What the store does not take waits in an outbox (Resume) and is
// delivered by Run. It is safe for concurrent use.
type Writer struct {
	sink    Sink
	replica *Replica
	region  string
	notify  func(n int)
	limit   int // of the outbox

	mu       sync.Mutex // guards what follows
	outbox   []Entry    // the store has not taken them
	taken    int        // how many of the first entries the log has taken, though too few copies confirmed them; Run's alone
	retained []Entry    // the store has taken them, and no copy of the log on disk holds them yet
	released int        // how many have left retained
	next     *batch     // of what the box is to keep; nil: nothing

	box    Outbox        // nil: none; set before Run
	using  chan struct{} // filled by whoever uses the box
	unkept atomic.Bool   // whether the lists have what the box may not have
}

// NewWriter returns a Writer. Notify is called with the number of entries after a late delivery.
func NewWriter(sink Sink, replica *Replica, region string, notify func(n int)) *Writer {
	return &Writer{sink: sink, replica: replica, region: region, notify: notify, limit: OutboxLimit, using: make(chan struct{}, 1)}
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
		return w.keep(entries), nil
	}
	w.delivered(entries)
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

// Run delivers the outbox at once, again and again until the context ends, and once more then. It returns nil, or an error that says how many
// entries are lost to the other edges; those that the box keeps are not.
func (w *Writer) Run(ctx context.Context) error {
	w.flush(ctx) // what an earlier process left
	for pause(ctx, interval/2+rand.N(interval)) {
		w.flush(ctx)
	}
	w.flush(context.WithoutCancel(ctx))
	if n := w.Pending(); n > 0 && !w.Kept() {
		return fmt.Errorf("%d revocations could not be delivered: the store is away; this edge applied them, others have not heard", n)
	}
	return nil
}
