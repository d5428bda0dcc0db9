package revocation

import (
	"slices"
	"time"
)

// batch is what writers who meet at the box want kept: one sync serves them all.
type batch struct {
	entries []Entry
	done    chan struct{} // closed when err is known
	err     error
}

// join adds entries to the next batch; nil without a box. It needs mu, held since they were put into a list: whoever takes the
// batch finds them in the lists.
func (w *Writer) join(entries []Entry) *batch {
	if w.box == nil {
		return nil
	}
	if w.next == nil {
		w.next = &batch{done: make(chan struct{})}
	}
	w.next.entries = append(w.next.entries, entries...)
	return w.next
}

// commit waits until the box keeps a batch, and reports whether it does. A disk that hangs holds up one writer; whoever waits
// behind that one for longer than a write may take goes on without.
func (w *Writer) commit(b *batch) bool {
	if b == nil {
		return false
	}
	t := time.NewTimer(writeTimeout)
	defer t.Stop()
	select {
	case <-b.done:
	case w.using <- struct{}{}:
		w.add()
		<-w.using
		<-b.done // by this writer or one before: batches are taken under using alone
	case <-t.C:
		w.unkept.Store(true)
		return false
	}
	return b.err == nil
}

// add has the box keep the next batch. It needs using.
func (w *Writer) add() {
	w.mu.Lock()
	b := w.next
	w.next = nil
	w.mu.Unlock()
	if b == nil {
		return
	}
	if b.err = w.box.Add(b.entries); b.err != nil {
		w.unkept.Store(true) // the box has said why
	}
	close(b.done)
}

// Kept reports whether all that waits, and all that was delivered since a copy was saved, would outlive this process.
func (w *Writer) Kept() bool { return w.box != nil && !w.unkept.Load() }

// tidy makes the box forget what need not be kept any longer, once that is half of it, and keep what it could not keep before.
// What it forgets too late is delivered twice, which changes nothing. If the box is in use, there is a next time.
func (w *Writer) tidy() {
	if w.box == nil {
		return
	}
	select {
	case w.using <- struct{}{}:
		defer func() { <-w.using }()
	default:
		return
	}
	left, b, due := w.due()
	if !due {
		return
	}
	err := w.box.Keep(left)
	if err != nil {
		w.unkept.Store(true)
	}
	if b != nil {
		b.err = err
		close(b.done)
	}
}

// due reports whether the box should be written anew, with what, and which batch that serves. It needs using.
func (w *Writer) due() (left []Entry, served *batch, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.outbox) + len(w.retained)
	over := w.box.Len() - n
	if !w.unkept.Load() && (over <= 0 || over < n) {
		return nil, nil, false
	}
	w.unkept.Store(false) // who finds the box in use for too long from now on is not among these
	served, w.next = w.next, nil
	return slices.Concat(w.retained, w.outbox), served, true
}
