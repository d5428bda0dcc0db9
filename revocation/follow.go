package revocation

import (
	"maps"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// This file is how the Follower tells the Replica where a shard stands.

// confirm notes that the shard was read to the end that a probe sent at that time reported.
func (r *Replica) confirm(shard int, sent time.Time) {
	s := r.shards[shard]
	at := int64(sent.Sub(r.start))
	for {
		old := s.confirmed.Load()
		if at <= old || s.confirmed.CompareAndSwap(old, at) {
			return
		}
	}
}

// loaded notes that all entries of the incarnations that a shard holds are in memory, and which one is current. One that
// is still forming is not: it may yet be given to a shard that lost its data, so no session may hang on it.
func (r *Replica) loaded(shard int, head Head) {
	s := r.shards[shard]
	s.mu.Lock()
	if !head.Forming {
		s.current = head.Current
	}
	s.held[head.Current] = true
	for _, inc := range head.Held {
		s.held[inc] = true
	}
	s.restored = restored{}
	s.mu.Unlock()
	r.recompute()
}

// currentOf is the shard's current incarnation; zero while none is known.
func (r *Replica) currentOf(shard int) identity.Incarnation {
	s := r.shards[shard]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current
}

// holds reports whether the shard's copy contains an incarnation in full, up to where it has come.
func (r *Replica) holds(shard int, inc identity.Incarnation) bool {
	s := r.shards[shard]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.held[inc] || slices.Contains(s.restored.held, inc)
}

// known returns the incarnations that the shard's copy contains in full, the current one first: a shard without one
// takes the first that it is given. What was restored is not among them. It may lack what others wrote since, and given
// back as a whole it would revive whom they revoked.
func (r *Replica) known(shard int) []identity.Incarnation {
	s := r.shards[shard]
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]identity.Incarnation, 0, len(s.held))
	for inc := range s.held {
		out = append(out, inc)
		if inc == s.current {
			out[0], out[len(out)-1] = out[len(out)-1], out[0]
		}
	}
	return out
}

// beyond returns what the shard's copy knows and the entries do not contain, but for what was over at a time: a snapshot may leave that
// out. A register may come several times.
func (r *Replica) beyond(shard int, entries []Entry, over Millis) (missing []Entry) {
	there := newShard()
	there.compact(entries)
	for e := range r.All(shard) {
		if e.Until < over {
			continue
		}
		if v, known := there.find(e.Register); !known || v.Merge(e.Value) != v {
			missing = append(missing, e)
		}
	}
	return missing
}

// recompute derives what all shards have in common.
func (r *Replica) recompute() {
	r.mu.Lock()
	defer r.mu.Unlock()
	leaning := r.leaning.Load()
	held, current, same := r.shards[0].state(false)
	vouched, _, _ := r.shards[0].state(leaning)
	for i := 1; i < Shards; i++ {
		other, cur, _ := r.shards[i].state(false)
		more, _, _ := r.shards[i].state(leaning)
		intersect(held, other)
		intersect(vouched, more)
		same = same && cur == current
	}
	if same && held[current] {
		r.current.Store(&current)
	}
	if !maps.Equal(vouched, *r.vouched.Load()) {
		r.vouched.Store(&vouched)
		r.version.Add(1)
	}
}

func intersect(all, with map[identity.Incarnation]bool) {
	maps.DeleteFunc(all, func(inc identity.Incarnation, _ bool) bool { return !with[inc] })
}

// state returns a copy of what the shard holds, with what was restored or without, and whether it has a current
// incarnation.
func (s *shard) state(leaning bool) (held map[identity.Incarnation]bool, current identity.Incarnation, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	held = maps.Clone(s.held)
	if leaning {
		for _, inc := range s.restored.held {
			held[inc] = true
		}
	}
	return held, s.current, !s.current.IsZero()
}
