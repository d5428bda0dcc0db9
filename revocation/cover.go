package revocation

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// farthest is how much further ahead than clocks may be a clock is reckoned with: an edge with a faster one takes no login, since ID tokens
// seem too old to it.
const farthest = 12 * time.Minute

// Cover is the Since of a not-before that ends whatever there is of the names that it is about. It lies ahead of now by lead, because
// edges with faster clocks mint sessions ahead of it; and after every other not-before, because a login gets an epoch behind
// those of its names that it knows, which lie ahead of some clock themselves.
func (r *Replica) Cover(now time.Time, lead time.Duration) Millis {
	return max(MillisOf(now.Add(lead)), Millis(r.farthest.Load())+1)
}

// reach notes the not-before that lies farthest ahead, but for those of clocks that are not reckoned with.
func (r *Replica) reach(entries []Entry) {
	limit := MillisOf(r.now().Add(identity.MaxClockSkew + farthest))
	for i := range entries {
		if e := &entries[i]; e.Kind != KindNotBefore || e.Since > limit {
			continue
		}
		for old := r.farthest.Load(); int64(entries[i].Since) > old; old = r.farthest.Load() {
			if r.farthest.CompareAndSwap(old, int64(entries[i].Since)) {
				break
			}
		}
	}
}

// Lead is by how much the clock of any edge may be ahead of this one's: as much as clocks may differ, and more where an edge has
// said so.
func (f *Fleet) Lead() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	ahead := time.Duration(0)
	for i := range f.shards {
		r := &f.shards[i]
		for _, b := range r.beats {
			if b.Origin != f.opt.Self && !r.last.asked.IsZero() {
				ahead = max(ahead, b.Clock-r.clock)
			}
		}
	}
	return identity.MaxClockSkew + min(ahead, farthest)
}
