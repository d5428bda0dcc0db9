package revocation

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Outbox keeps a Writer's entries on disk: those that the store did not take, and those that it took since a copy of the log
// was saved there. It need not be safe for concurrent use.
type Outbox interface {
	// Add keeps entries too. Once it returns nil they survive the end of the process and of the machine's power.
	Add(entries []Entry) error
	// Keep makes these the only ones kept. What was kept before stays if it fails.
	Keep(entries []Entry) error
	// Len is how many entries are kept, with those that need not be any longer.
	Len() int
}

// OutboxLimit is how many entries wait at most, unless Resume says otherwise. The oldest are kept; of the rest this edge's
// copy alone knows, until it compares itself with the log.
const OutboxLimit = 100_000

// longOver is how long an entry must have ended for a new process not to give it back: longer than any clock is wrong that
// an edge could work with.
const longOver = 24 * time.Hour

// Resume keeps the outbox in box from now on, and takes over the entries that an earlier process left there. They act on
// this edge at once and wait for the store. That it may have taken some of them before changes nothing: whatever it has lost
// since, it has again then, and entries that it has merge into themselves. It comes before Run and the first Write.
func (w *Writer) Resume(box Outbox, left []Entry, limit int) {
	over := MillisOf(w.replica.now().Add(-longOver))
	left = slices.DeleteFunc(slices.Clone(left), func(e Entry) bool { return e.Until < over })
	w.replica.Apply(left...)
	w.box, w.outbox, w.limit = box, left, limit
}

// keep puts entries into the outbox, and says whether they would outlive the process there.
func (w *Writer) keep(entries []Entry) Delivery {
	w.mu.Lock()
	if len(w.outbox)+len(entries) > w.limit {
		w.mu.Unlock()
		w.replica.owe(entries)
		return InMemory
	}
	w.outbox = append(w.outbox, entries...)
	b := w.join(entries)
	w.mu.Unlock()
	if !w.commit(b) {
		return InMemory
	}
	return Pending
}

// Pending is the number of entries that wait.
func (w *Writer) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.outbox)
}

// piece is how many entries one attempt delivers: few enough for writeTimeout, however long the store was away.
const piece = 200

func (w *Writer) flush(ctx context.Context) {
	delivered := 0
	for first := w.part(0); len(first) > 0; first = w.part(0) {
		if err := w.deliver(ctx, first); err != nil {
			w.spread(ctx, len(first), err)
			break
		}
		w.drop(len(first))
		delivered += len(first)
	}
	w.tidy()
	if delivered > 0 {
		w.notify(delivered)
	}
}

// spreads is how many pieces one flush spreads at most, so that the end of the process does not wait long.
const spreads = 20

// spread has the log take what waits behind entries that it took and too few copies confirmed: other edges read it there, though
// it goes on waiting. What it took once is left alone until the first entries are confirmed.
func (w *Writer) spread(ctx context.Context, first int, err error) {
	for range spreads {
		if !errors.Is(err, ErrUnacknowledged) {
			return
		}
		w.taken = max(w.taken, first)
		next := w.part(w.taken)
		if len(next) == 0 {
			return
		}
		if err = w.deliver(ctx, next); err == nil || errors.Is(err, ErrUnacknowledged) {
			w.taken += len(next)
		}
	}
}

// part returns the entries that have waited longest, from a position on. They wait until they are dropped; only Run drops.
func (w *Writer) part(from int) []Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	from = min(from, len(w.outbox))
	return slices.Clone(w.outbox[from:min(len(w.outbox), from+piece)])
}

func (w *Writer) drop(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retain(w.outbox[:n])
	w.outbox = slices.Delete(w.outbox, 0, n)
	w.taken = max(0, w.taken-n)
}
