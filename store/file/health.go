package file

import "sync"

// health remembers how the last call went.
type health struct {
	mu  sync.Mutex // guards err
	err error
}

func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

func (h *health) read() (ok bool, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return false, h.err.Error()
	}
	return true, "open"
}
