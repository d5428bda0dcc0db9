package revocation

import (
	"math"
	"sync"
	"time"
)

// FleetOptions says who an edge is among the others. Only Now is needed; without Self an edge listens and tells nothing.
type FleetOptions struct {
	Self   Origin
	Before Origin // an earlier run in the same place, which has ended; empty: none is known of
	Region string
	Now    func() time.Time
}

// Fleet is what this edge knows of all edges that follow the log, itself among them, by what each last told of each shard. It is
// for operators: no verdict hangs on it, though a not-before reaches further where clocks are said to be wrong ([Fleet.Lead]). It is safe for concurrent use.
type Fleet struct {
	opt FleetOptions

	mu     sync.Mutex // guards shards
	shards [Shards]roll
}

// roll is what probes of a shard told of the edges.
type roll struct {
	last     answer // to a probe
	told     answer // to a probe that listened
	life     string
	beats    []Beat
	unread   string
	clock    time.Duration // by how much this edge's clock was ahead of the log's
	read     Millis        // as Beat.Read, of this edge
	turn     int           // counts probes
	replaced bool          // whether Before was taken away
}

// answer ties a time of the log's clock to one of this edge's.
type answer struct {
	asked time.Time // when the probe was sent, by this edge's clock; zero: none was answered yet
	at    Millis    // when the log answered, by its own
}

// since is the time since a time of the log's clock, at most. A time from after the answer is from another server's clock, and
// says nothing.
func (a answer) since(at Millis, now time.Time) time.Duration {
	if at == 0 || at > a.at {
		return Never
	}
	return a.at.Time().Sub(at.Time()) + now.Sub(a.asked)
}

// NewFleet returns a Fleet that has heard nothing.
func NewFleet(o FleetOptions) *Fleet { return &Fleet{opt: o} }

// Self is this edge.
func (f *Fleet) Self() Origin { return f.opt.Self }

// Region is where this edge is; empty: nobody said.
func (f *Fleet) Region() string { return f.opt.Region }

// beat is what this edge tells of a shard that it has read up to a position.
func (f *Fleet) beat(shard int, at Cursor) Beat {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &f.shards[shard]
	r.turn++
	return Beat{Origin: f.opt.Self, Deaf: r.turn%r.every() != 0, Region: f.opt.Region, Read: r.read, Cursor: at, Clock: r.clock}
}

// every is of how many probes one listens. Each edge hears of each, so that the cost to the log grows by the square of their number
// otherwise; a dozen hear each other each time.
func (r *roll) every() int { return min(1+len(r.beats)/16, 5) }

// heard takes in the answer to a probe that was sent and answered at these times, and reports whether its trouble is new.
func (f *Fleet) heard(shard int, sent, answered time.Time, head Head, listened bool) (news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &f.shards[shard]
	if sent.Before(r.last.asked) {
		return false // a later one was answered sooner
	}
	if r.life != head.Life { // another server may have another clock
		r.read = 0
	}
	r.last, r.life = answer{sent, head.Time}, head.Life
	if listened {
		news = r.unread != head.Unread
		r.told, r.beats, r.unread = r.last, head.Beats, head.Unread
	}
	if head.Time != 0 {
		r.clock = sent.Add(answered.Sub(sent) / 2).Sub(head.Time.Time()).Round(time.Millisecond)
	}
	return news
}

// logTime is what time it is by the log's clocks, by the one that is furthest behind; the greatest of all while none has told.
func (f *Fleet) logTime(now time.Time) Millis {
	f.mu.Lock()
	defer f.mu.Unlock()
	earliest := Millis(math.MaxInt64)
	for i := range f.shards {
		if last := f.shards[i].last; last.at != 0 {
			earliest = min(earliest, last.at+Millis(now.Sub(last.asked).Milliseconds())) // which no change of this edge's clock moves
		}
	}
	return earliest
}

// caughtUp notes that the shard was read to the end that it had at that time.
func (f *Fleet) caughtUp(shard int, head Head) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := &f.shards[shard]; r.life == head.Life {
		r.read = head.Time
	}
}

// predecessor returns the run before this one until done is called for the shard.
func (f *Fleet) predecessor(shard int) (before Origin, done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opt.Before == "" || f.shards[shard].replaced {
		return "", nil
	}
	return f.opt.Before, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.shards[shard].replaced = true
	}
}

// Unread says why beats of a shard are missing; empty: none are, as far as this edge knows.
func (f *Fleet) Unread(shard int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.shards[shard].unread
}

// Silence is the time since this edge sent the oldest of the last probes that were answered, over all shards: what it knows of the
// others is as old. The greatest Duration: some shard never answered.
func (f *Fleet) Silence() (oldest time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.opt.Now()
	for i := range f.shards {
		if f.shards[i].last.asked.IsZero() {
			return Never
		}
		oldest = max(oldest, now.Sub(f.shards[i].last.asked))
	}
	return oldest
}
