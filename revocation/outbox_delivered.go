package revocation

import "slices"

// This file is about entries that the store has taken. It may lose them before another edge has read them, and this edge may end
// before it has given them back: until a copy of the log on this edge's disk holds them, the outbox there does, and the next
// process gives them to the store again.

// delivered notes entries that the store has taken, and waits until the box keeps them. A box that cannot keep them changes
// nothing about that: they are delivered.
func (w *Writer) delivered(entries []Entry) {
	w.mu.Lock()
	w.retain(entries)
	b := w.join(entries)
	w.mu.Unlock()
	w.commit(b)
}

// retain needs mu. Past half the outbox's limit the oldest go, of which others are the likeliest to have read.
func (w *Writer) retain(entries []Entry) {
	if w.box == nil {
		return
	}
	w.retained = append(w.retained, entries...)
	if n := len(w.retained); n > w.limit/2 {
		w.release(n - w.limit/4)
	}
}

// release needs mu.
func (w *Writer) release(n int) {
	w.retained = slices.Delete(w.retained, 0, n)
	w.released += n
}

// Saving is called before a copy of the log is made, and saved once that copy is on this edge's disk: what was delivered before
// Saving need not be kept beside it.
func (w *Writer) Saving() (saved func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := w.released + len(w.retained)
	return func() {
		w.mu.Lock()
		w.release(max(0, end-w.released))
		w.mu.Unlock()
		w.tidy()
	}
}
