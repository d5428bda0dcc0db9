package api

import (
	"encoding/json"
	"sync"

	"github.com/edgeauth/edgeauth/audit"
)

// queue is how many events wait for one client. When there are more the oldest goes, and the client is told.
const queue = 1024

// Hub hands events to whoever follows them. It outlives configurations. It is safe for concurrent use.
type Hub struct {
	mu        sync.RWMutex // guards followers
	followers map[*follower]struct{}
}

// NewHub returns a hub that nobody follows.
func NewHub() *Hub { return &Hub{followers: map[*follower]struct{}{}} }

// Publish offers an event to those who follow. It never waits for any of them.
func (h *Hub) Publish(e *audit.Event) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var bounded *audit.Event
	for f := range h.followers {
		if !f.wants(e) {
			continue
		}
		if bounded == nil {
			if bounded = bound(e); bounded == nil {
				return
			}
		}
		f.offer(bounded)
	}
}

// bound is an event in the form in which it is written: with texts of bounded length that hold nothing odd.
func bound(e *audit.Event) *audit.Event {
	text, err := json.Marshal(e)
	if err != nil {
		return nil // no event is of that kind
	}
	var out audit.Event
	if err := out.UnmarshalJSON(text); err != nil {
		return nil
	}
	return &out
}

// follow begins to keep the events that wants accepts. The follower is given back by leave.
func (h *Hub) follow(wants func(*audit.Event) bool) *follower {
	f := &follower{wants: wants, ready: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.followers[f] = struct{}{}
	return f
}

func (h *Hub) leave(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.followers, f)
}

// follower is one client's queue.
type follower struct {
	wants func(*audit.Event) bool
	ready chan struct{} // holds one when something waits

	mu   sync.Mutex // guards what follows
	wait []*audit.Event
	lost uint64 // that stood before the first of wait
}

func (f *follower) offer(e *audit.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wait) >= queue {
		f.wait = f.wait[1:]
		f.lost++
	}
	f.wait = append(f.wait, e)
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// next takes the event that waited longest, and how many were lost before it; nil where none waits.
func (f *follower) next() (e *audit.Event, lost uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wait) == 0 {
		return nil, 0
	}
	e, lost = f.wait[0], f.lost
	f.wait, f.lost = f.wait[1:], 0
	return e, lost
}
