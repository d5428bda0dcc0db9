package revocation

import (
	"maps"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// This file is what a copy makes of registers whose name it can read and whose value it cannot, being corrupt or of a later
// release: it takes the worst for said. Such doubts are this edge's own. They are never given back to the log or saved.

// doubted is the reason that a doubt gives.
const doubted = "unreadable log entry"

// recheck is how often a shard's snapshot is loaded anew while something in it cannot be read: somebody may have mended it.
const recheck = 10 * time.Minute

// doubt takes note of what a read could not read. A doubt ends, or raises, what there is until now; logins from now on are not
// concerned. whole says that it was all of the shard: what it does not name any more is in no doubt, and what it did is in
// doubt since then.
func (r *Replica) doubt(shard int, u Unread, whole bool) {
	s := r.shards[shard]
	now := MillisOf(r.now().Add(identity.MaxClockSkew))
	s.mu.Lock()
	before, after := s.doubts, map[Register]Value{}
	if s.unreadable += u.Count; whole {
		s.unreadable = u.Count
	} else {
		maps.Copy(after, before)
	}
	for reg := range u.Named {
		v, known := before[reg]
		if !known || !whole {
			v = Value{Since: now, Until: now + Millis(longestAge.Milliseconds()), Reason: doubted}
		}
		after[reg] = v
	}
	s.doubts = after
	s.mu.Unlock()
	if !maps.Equal(before, after) {
		r.version.Add(1)
	}
}

// doubtful is a value with what is in doubt about its register. It needs mu.
func (s *shard) doubtful(reg Register, v Value, known bool) (Value, bool) {
	if len(s.doubts) == 0 {
		return v, known
	}
	if d, ok := s.doubts[reg]; ok {
		return v.Merge(d), true
	}
	return v, known
}

// doubtfulFloors adds the floors that may be there. base is their name without the level. It needs mu.
func (s *shard) doubtfulFloors(base Register, floors []FloorValue) []FloorValue {
	for reg, v := range s.doubts {
		if reg.Kind == KindFloor && reg.anyLevel() == base {
			floors = append(floors, FloorValue{reg.Level, v})
		}
	}
	return floors
}

// Unreadable is how many entries of the log this release could not read when it last looked, with those that came since.
func (r *Replica) Unreadable() (n int) {
	for i := range r.shards {
		n += r.unreadable(i)
	}
	return n
}

func (r *Replica) unreadable(shard int) int {
	s := r.shards[shard]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.unreadable
}
