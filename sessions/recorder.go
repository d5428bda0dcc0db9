package sessions

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

const (
	patience = 500 * time.Millisecond // of a login, with the store
	attempt  = 2 * time.Second        // of Run, for one record
	retry    = time.Second            // after a store that could not be asked
	waiters  = 10_000                 // records that may wait; what comes after that is dropped
)

// Outcome is what became of a record, for metrics.
type Outcome string

// The outcomes.
const (
	Written Outcome = "written"
	Waiting Outcome = "waiting" // the store was away; it is tried again
	Dropped Outcome = "dropped" // too many wait already, or the session has ended
)

// Recorder writes records for those who must not wait for a store: logins, which have some patience, and requests, which have
// none. What cannot be written now waits in memory, the latest record of each session, and Run writes it later. It is safe for concurrent use.
type Recorder struct {
	index   *Index
	observe func(Outcome)
	wake    chan struct{}

	mu      sync.Mutex // guards waiting
	waiting map[identity.Family]Record
}

// NewRecorder returns a recorder; observe is told of each record's outcomes and must not block.
func NewRecorder(x *Index, observe func(Outcome)) *Recorder {
	return &Recorder{index: x, observe: observe, wake: make(chan struct{}, 1), waiting: map[identity.Family]Record{}}
}

// Record writes a record now, for as long as a login has patience; else Run does, later. It goes on when ctx is cancelled.
func (r *Recorder) Record(ctx context.Context, rec Record) {
	if !r.write(context.WithoutCancel(ctx), rec, patience) {
		r.observe(Waiting)
		r.Later(rec)
	}
}

// Later has Run write a record. It never waits.
func (r *Recorder) Later(rec Record) {
	r.mu.Lock()
	_, known := r.waiting[rec.Family]
	full := !known && len(r.waiting) >= waiters
	if !full {
		r.waiting[rec.Family] = rec
	}
	r.mu.Unlock()
	if full {
		r.observe(Dropped)
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it is awake
	}
}

// Waiting is how many records wait.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// Run writes what waits until ctx ends, and tries once more then. It returns nil: what is lost then only lists lack.
func (r *Recorder) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.wake:
			if r.flush(ctx) {
				continue
			}
			select { // some of it still waits
			case <-ctx.Done():
			case <-time.After(retry):
				r.again()
			}
		}
	}
	r.flush(context.WithoutCancel(ctx))
	return nil
}

func (r *Recorder) again() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// flush writes what waits until the store fails, and reports whether it did not.
func (r *Recorder) flush(ctx context.Context) bool {
	for _, rec := range r.all() {
		if !r.write(ctx, rec, attempt) {
			return false
		}
		r.forget(rec)
	}
	return true
}

func (r *Recorder) all() (out []Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.waiting {
		out = append(out, rec)
	}
	return out
}

// forget takes a record off those that wait, unless a later one of its session has taken its place.
func (r *Recorder) forget(rec Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting[rec.Family].LastSeen.Equal(rec.LastSeen) {
		delete(r.waiting, rec.Family)
	}
}

// write reports whether there is nothing left to do.
func (r *Recorder) write(ctx context.Context, rec Record, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := r.index.Record(ctx, rec)
	switch {
	case err == nil:
		r.observe(Written)
	case errors.Is(err, ErrEnded), errors.Is(err, errNobody):
		r.observe(Dropped)
	default:
		return false
	}
	return true
}
