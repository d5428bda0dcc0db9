package revocation

import (
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Replica is this edge's copy of the log, in memory. Reads never wait for a store. It is safe for concurrent use.
type Replica struct {
	now     func() time.Time
	start   time.Time
	version atomic.Uint64
	shards  [Shards]*shard

	mu      sync.Mutex                                    // guards the two below while they are replaced
	vouched atomic.Pointer[map[identity.Incarnation]bool] // held in full on every shard
	current atomic.Pointer[identity.Incarnation]          // to mint under
	leaning atomic.Bool                                   // whether what was restored counts

	farthest atomic.Int64 // see reach
}

// NewReplica returns an empty copy that vouches for nothing and is infinitely stale.
func NewReplica(now func() time.Time) *Replica {
	r := &Replica{now: now, start: now().Add(-longestAge)}
	r.vouched.Store(&map[identity.Incarnation]bool{})
	for i := range r.shards {
		r.shards[i] = newShard()
	}
	return r
}

// Version changes whenever something was applied: as long as it stays, no standing has changed.
func (r *Replica) Version() uint64 { return r.version.Load() }

// Apply merges entries into the copy.
func (r *Replica) Apply(entries ...Entry) {
	r.reach(entries)
	changed := false
	for len(entries) > 0 {
		shard := entries[0].Shard()
		end := slices.IndexFunc(entries, func(e Entry) bool { return e.Shard() != shard })
		if end < 0 {
			end = len(entries)
		}
		changed = r.shards[shard].apply(entries[:end]) || changed
		entries = entries[end:]
	}
	if changed {
		r.version.Add(1)
	}
}

func (r *Replica) get(reg Register) (Value, bool) { return r.shards[reg.Shard()].get(reg) }

// Standing looks a bearer up. It reads memory only.
func (r *Replica) Standing(n *Names) Standing {
	st := Standing{Vouched: (*r.vouched.Load())[n.incarnation], Floors: r.floors(n.floors)}
	for _, reg := range n.revoked {
		if v, ok := r.get(reg); ok {
			st.Revoked, st.Scope, st.Reason = true, reg.Scope, v.Reason
			return st
		}
	}
	for _, reg := range n.notBefore[:n.known] {
		if v, ok := r.get(reg); ok && n.epoch <= v.Since {
			st.Revoked, st.Scope, st.Reason = true, reg.Scope, v.Reason
			return st
		}
	}
	return st
}

// floors returns the floors of a subject, nil if there are none, as nearly always.
func (r *Replica) floors(base Register) []FloorValue {
	if base.Kind == 0 {
		return nil
	}
	s := r.shards[base.Shard()]
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []FloorValue
	for _, level := range s.floors[base] {
		reg := base
		reg.Level = level
		out = append(out, FloorValue{level, s.young[reg]})
	}
	return s.doubtfulFloors(base, out)
}

// NotBefore is the greatest not-before known for the bearer, 0 if there is none. A session minted now needs an epoch
// after it.
func (r *Replica) NotBefore(n *Names) Millis {
	var greatest Millis
	for _, reg := range n.notBefore[:n.known] {
		if v, ok := r.get(reg); ok {
			greatest = max(greatest, v.Since)
		}
	}
	return greatest
}

// All are the entries that a shard knows when the walk begins.
func (r *Replica) All(shard int) iter.Seq[Entry] { return r.shards[shard].all() }

// Entries returns all that a shard knows.
func (r *Replica) Entries(shard int) []Entry { return slices.Collect(r.All(shard)) }

// Len is the number of registers known.
func (r *Replica) Len() (n int) {
	for _, s := range r.shards {
		n += s.count()
	}
	return n
}

// ShardLen is the number of registers known in one shard.
func (r *Replica) ShardLen(shard int) int { return r.shards[shard].count() }

// Sweep forgets what ended before a time. It changes no standing: no cookie can exist any more that it was about.
func (r *Replica) Sweep(over Millis) {
	for _, s := range r.shards {
		s.sweep(over)
	}
}

// Staleness is how old the copy can be at most: over all shards the greatest time since the sending of a probe whose
// answer was caught up with. A shard that never answered makes it the greatest Duration.
func (r *Replica) Staleness() time.Duration {
	oldest := int64(math.MaxInt64)
	for i := range r.shards {
		oldest = min(oldest, r.shards[i].confirmed.Load())
	}
	return r.age(oldest)
}

// ShardStaleness is the figure of one shard.
func (r *Replica) ShardStaleness(shard int) time.Duration {
	return r.age(r.shards[shard].confirmed.Load())
}

func (r *Replica) age(confirmed int64) time.Duration {
	if confirmed == 0 {
		return math.MaxInt64
	}
	return max(0, r.now().Sub(r.start)-time.Duration(confirmed))
}

// Ready reports whether every shard has been read to its end once.
func (r *Replica) Ready() bool { return r.Staleness() != math.MaxInt64 }

// Current is the incarnation to mint sessions under; false while none is known in full.
func (r *Replica) Current() (identity.Incarnation, bool) {
	if c := r.current.Load(); c != nil && r.Ready() {
		return *c, true
	}
	return identity.Incarnation{}, false
}
