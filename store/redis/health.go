package redis

import (
	"fmt"
	"sync"
	"time"
)

// health remembers how the last call went.
type health struct {
	mu    sync.Mutex // guards all below
	asked bool
	err   error
	since time.Time // of the first of the calls in a row that went like the last
}

func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.asked || (err == nil) != (h.err == nil) {
		h.since = time.Now()
	}
	h.asked, h.err = true, err
}

func (h *health) read() (ok bool, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	since := h.since.UTC().Format(time.RFC3339)
	switch {
	case !h.asked:
		return false, "not asked yet"
	case h.err != nil:
		return false, fmt.Sprintf("failing since %s: %v", since, h.err)
	}
	return true, "answering since " + since
}
