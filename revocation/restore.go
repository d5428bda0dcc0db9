package revocation

import (
	"math"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// This file is how a copy outlives its process. What was restored is only leaned on while the log cannot be read: until
// then, and for re-seeding always, it counts for nothing but its entries.

// Place is how far the copy of a shard has come in the shard's stream.
type Place struct {
	Cursor  Cursor // all up to here is in the copy
	Checked Cursor // a probe has shown that nothing was trimmed unread up to here
	Life    string // of the shard when its snapshot was read
}

// ShardState is what a copy promises of one shard.
type ShardState struct {
	Current   identity.Incarnation
	Held      []identity.Incarnation // that the copy contains in full
	Place     Place
	Staleness time.Duration // how old the copy can be at most; the greatest Duration: it was never read
}

// longestAge is the greatest age that a restored copy can have; an older one counts as never read.
const longestAge = 10 * 365 * 24 * time.Hour

// restored is what another process's copy promised of a shard. It is guarded by the shard's mutex.
type restored struct {
	held      []identity.Incarnation
	confirmed int64 // as shard.confirmed; 0: never
}

// State returns what the copy promises of a shard now. Entries keeps the promise if it is called afterwards.
func (r *Replica) State(shard int) ShardState {
	s := r.shards[shard]
	out := ShardState{Place: r.place(shard), Staleness: r.ShardStaleness(shard)}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.unreadable > 0 {
		out.Place = Place{} // doubts are not kept: who restores the copy has to read the snapshot
	}
	out.Current = s.current
	for inc := range s.held {
		out.Held = append(out.Held, inc)
	}
	for _, inc := range s.restored.held {
		if !s.held[inc] {
			out.Held = append(out.Held, inc)
		}
	}
	return out
}

// Restore takes over what another process's copy promised, before a Follower runs. The entries are given to Apply. Age is
// the time since State returned those states; a negative one counts as infinite.
func (r *Replica) Restore(states [Shards]ShardState, age time.Duration) {
	elapsed := r.now().Sub(r.start)
	for i := range states {
		s, st := r.shards[i], &states[i]
		r.reached(i, st.Place)
		s.mu.Lock()
		s.current = st.Current
		s.restored = restored{held: slices.Clone(st.Held)}
		if age >= 0 && st.Staleness >= 0 && st.Staleness < longestAge && age < longestAge {
			s.restored.confirmed = max(0, int64(elapsed-age-st.Staleness))
		}
		s.mu.Unlock()
	}
}

// RestoredAge is how old the restored copy can be at most by now; the greatest Duration if none was restored.
func (r *Replica) RestoredAge() time.Duration {
	oldest := int64(math.MaxInt64)
	for i := range r.shards {
		r.shards[i].mu.RLock()
		oldest = min(oldest, r.shards[i].restored.confirmed)
		r.shards[i].mu.RUnlock()
	}
	return r.age(oldest)
}

// Leaning reports whether this edge vouches for something that it has from the restored copy alone.
func (r *Replica) Leaning() bool {
	if !r.leaning.Load() {
		return false
	}
	for i := range r.shards {
		if r.restoredHeld(i) {
			return true
		}
	}
	return false
}

// lean makes the restored copy count as this edge's own, unless it is older than bound.
func (r *Replica) lean(bound time.Duration) bool {
	if r.RestoredAge() > bound {
		return false
	}
	r.leaning.Store(true)
	r.recompute()
	for i := range r.shards {
		s := r.shards[i]
		s.mu.RLock()
		at := s.restored.confirmed
		s.mu.RUnlock()
		s.confirmed.CompareAndSwap(0, at)
	}
	return true
}

// settle notes that a restored copy was read on to the end of the log, which has lost nothing since. What the log does not
// hold any more is not vouched for.
func (r *Replica) settle(shard int, head Head) {
	if !r.restoredHeld(shard) {
		return
	}
	s := r.shards[shard]
	s.mu.Lock()
	for _, inc := range s.restored.held {
		if slices.Contains(head.Held, inc) {
			s.held[inc] = true
		}
	}
	s.restored = restored{}
	s.mu.Unlock()
	r.recompute()
}

func (r *Replica) restoredHeld(shard int) bool {
	s := r.shards[shard]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.restored.held) > 0
}

// place is how far the shard's copy has come.
func (r *Replica) place(shard int) Place {
	if p := r.shards[shard].place.Load(); p != nil {
		return *p
	}
	return Place{}
}

// reached notes how far the shard's copy has come, once it holds all up to there.
func (r *Replica) reached(shard int, p Place) {
	if r.place(shard) != p {
		r.shards[shard].place.Store(&p)
	}
}

// owe notes that the copy knows something which the log may never be told otherwise.
func (r *Replica) owe(entries []Entry) {
	for _, e := range entries {
		r.shards[e.Shard()].owed.Add(1)
	}
}
