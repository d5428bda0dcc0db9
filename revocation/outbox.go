package revocation

import (
	"context"
	"errors"
	"slices"
)

// Outbox keeps entries that the store did not take, so that they outlive the process. It need not be safe for concurrent
// use.
type Outbox interface {
	// Add keeps entries too. Once it returns nil they survive the end of the process and of the machine's power.
	Add(entries []Entry) error
	// Keep makes these the only ones kept. What was kept before stays if it fails.
	Keep(entries []Entry) error
	// Len is how many entries are kept, with those that were delivered since the last Keep.
	Len() int
}

// OutboxLimit is how many entries wait at most, unless Resume says otherwise. The oldest are kept; of the rest this edge's
// copy alone knows, until it compares itself with the log.
const OutboxLimit = 100_000

// Resume keeps the outbox in box from now on, and takes over the entries that wait there since an earlier process. They
// act on this edge at once. It comes before Run and the first Write.
func (w *Writer) Resume(box Outbox, waiting []Entry, limit int) {
	w.replica.Apply(waiting...)
	w.box, w.outbox, w.limit = box, slices.Clone(waiting), limit
}

// keep puts entries into the outbox, and says whether they would outlive the process there.
func (w *Writer) keep(entries []Entry) Delivery {
	w.keeping.Lock()
	defer w.keeping.Unlock()
	if w.Pending()+len(entries) > w.limit {
		w.replica.owe(entries)
		return InMemory
	}
	w.mu.Lock()
	w.outbox = append(w.outbox, entries...)
	w.mu.Unlock()
	if w.box == nil {
		return InMemory
	}
	if err := w.box.Add(entries); err != nil {
		w.unkept.Store(true) // the box has said why
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

// Kept reports whether all that waits would outlive this process.
func (w *Writer) Kept() bool { return w.box != nil && !w.unkept.Load() }

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

// tidy makes the box forget what was delivered, once nothing waits or it has grown beyond measure, and keep what it could
// not keep before. What it forgets too late is delivered twice, which changes nothing.
func (w *Writer) tidy() {
	w.keeping.Lock()
	defer w.keeping.Unlock()
	if w.box == nil {
		return
	}
	n, kept := w.Pending(), w.box.Len()
	if w.unkept.Load() || n == 0 && kept > 0 || kept > n+w.limit {
		w.mu.Lock()
		left := slices.Clone(w.outbox)
		w.mu.Unlock()
		w.unkept.Store(w.box.Keep(left) != nil)
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
	w.outbox = slices.Delete(w.outbox, 0, n)
	w.taken = max(0, w.taken-n)
}
