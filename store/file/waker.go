package file

import "sync"

// waker lets readers of a shard wait for the next append.
type waker struct {
	mu   sync.Mutex    // guards next
	next chan struct{} // closed at the next append; nil while nobody waits
}

// wait returns a channel that is closed at the next append after this call.
func (w *waker) wait() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == nil {
		w.next = make(chan struct{})
	}
	return w.next
}

func (w *waker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next != nil {
		close(w.next)
		w.next = nil
	}
}
