package revocation

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Never is a time that has not come, or that nobody can tell.
const Never time.Duration = math.MaxInt64

// maxSightings bounds what is shown, whatever stands in the log.
const maxSightings = 200

// Sighting is what is known of one origin, as upper bounds: what its last beats said, and the time since.
type Sighting struct {
	Origin    Origin
	Self      bool
	Region    string
	Heard     time.Duration // since it last beat in any shard
	Staleness time.Duration // how old its copy can be at most: the greatest of all shards
	Clock     time.Duration // by how much its clock is ahead of the log's: the greatest of all shards, either way
	Shards    [Shards]ShardSighting
}

// ShardSighting is the part of one shard. Without a beat all of it is Never, and the cursor that of nothing.
type ShardSighting struct {
	Heard     time.Duration
	Staleness time.Duration
	Read      Millis
	Cursor    Cursor
}

// Sightings are all origins that are known of, this edge first, then by name.
func (f *Fleet) Sightings() []Sighting {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[Origin]*Sighting{}
	now := f.opt.Now()
	for i := range f.shards {
		r := &f.shards[i]
		for _, b := range r.beats {
			s := found[b.Origin]
			if s == nil {
				s = f.unseen(b.Origin)
				found[b.Origin] = s
			}
			s.see(i, b, r.sight(b, s.Self, now))
		}
	}
	out := make([]Sighting, 0, len(found))
	for _, s := range found {
		out = append(out, *s)
	}
	slices.SortFunc(out, selfThenName)
	return out[:min(len(out), maxSightings)]
}

func selfThenName(a, b Sighting) int {
	if a.Self != b.Self {
		if a.Self {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Origin, b.Origin)
}

func (f *Fleet) unseen(o Origin) *Sighting {
	s := &Sighting{Origin: o, Self: o == f.opt.Self, Heard: Never, Staleness: Never}
	for i := range s.Shards {
		s.Shards[i] = ShardSighting{Heard: Never, Staleness: Never}
	}
	return s
}

// see adds what was seen in one shard. Staleness is that of all shards, so one without a beat leaves it Never.
func (s *Sighting) see(shard int, b Beat, seen ShardSighting) {
	s.Shards[shard] = seen
	s.Heard = min(s.Heard, seen.Heard)
	s.Region = b.Region
	if b.Clock.Abs() > s.Clock.Abs() {
		s.Clock = b.Clock
	}
	s.Staleness = 0
	for i := range s.Shards {
		s.Staleness = max(s.Staleness, s.Shards[i].Staleness)
	}
}

// sight is what a beat says by now. Of itself this edge knows better than by its own beat, which is one probe old.
func (r *roll) sight(b Beat, self bool, now time.Time) ShardSighting {
	when := r.told
	if self {
		when = r.last
		b.At, b.Read = when.at, r.read
	}
	return ShardSighting{Heard: when.since(b.At, now), Staleness: when.since(b.Read, now), Read: b.Read, Cursor: b.Cursor}
}
