package revocation

import (
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/edgeauth/edgeauth/identity"
)

// shard is one sixteenth of the copy. New entries go into a map; when it is full it is merged into runs, which are never
// changed, so that readers hardly wait for a merge.
type shard struct {
	writing sync.Mutex // held by who changes entries

	mu       sync.RWMutex // guards what follows; entries are changed under writing besides
	young    map[Register]Value
	runs     runs
	names    attributions
	floors   map[Register][]identity.Level // which levels have a floor, by the register without its level
	held     map[identity.Incarnation]bool
	current  identity.Incarnation
	restored restored

	doubts     map[Register]Value // what may have been said, in a form that this release cannot read; replaced as a whole
	unreadable int                // how many entries there are of that kind, with those that name no register

	confirmed atomic.Int64 // nanoseconds from Replica.start to the sending of the last good probe; 0: never
	place     atomic.Pointer[Place]
	owed      atomic.Int64 // counts the entries that no outbox keeps
}

// runs are by scope and kind. Floors have none: they are few and have names of levels.
type runs [ScopeTenant + 1][KindFloor]*run

// youngest is how many entries the map holds before it is merged. It bounds memory, 200 bytes each, and how often a run
// is written anew.
const youngest = 4096

func newShard() *shard {
	return &shard{young: map[Register]Value{}, floors: map[Register][]identity.Level{}, held: map[identity.Incarnation]bool{}}
}

// get looks a register up, and takes the worst for said where the log cannot be read.
func (s *shard) get(reg Register) (Value, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, known := s.find(reg)
	return s.doubtful(reg, v, known)
}

// find needs mu or writing.
func (s *shard) find(reg Register) (Value, bool) {
	if v, ok := s.young[reg]; ok {
		return v, true
	}
	if reg.Kind >= KindFloor || reg.Scope > ScopeTenant {
		return Value{}, false
	}
	p, ok := s.runs[reg.Scope][reg.Kind].find(reg.Key)
	if !ok {
		return Value{}, false
	}
	return s.names.value(&p), true
}

// apply merges entries and reports whether that may have changed anything.
func (s *shard) apply(entries []Entry) (changed bool) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if len(entries) > youngest {
		s.compact(entries)
		return true
	}
	for i := range entries {
		changed = s.merge(&entries[i]) || changed
	}
	if len(s.young) > youngest {
		s.compact(nil)
	}
	return changed
}

// merge needs writing.
func (s *shard) merge(e *Entry) bool {
	old, known := s.find(e.Register)
	merged := e.Value
	if known {
		merged = old.Merge(e.Value)
	}
	if known && merged == old {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young[e.Register] = merged
	if !known && e.Kind == KindFloor {
		base := e.Register.anyLevel()
		s.floors[base] = append(s.floors[base], e.Level)
	}
	return true
}

// compact merges the map and more entries into the runs; what they cannot hold stays in the map. It needs writing. Readers
// go on with what was there before.
func (s *shard) compact(more []Entry) {
	var add [ScopeTenant + 1][KindFloor][]Entry
	young := map[Register]Value{}
	for reg, v := range s.young {
		if e := (Entry{reg, v}); packable(&e) {
			add[reg.Scope][reg.Kind] = append(add[reg.Scope][reg.Kind], e)
		} else {
			young[reg] = v
		}
	}
	var rest []*Entry
	for i := range more {
		e := &more[i]
		if _, apart := young[e.Register]; packable(e) && !apart {
			add[e.Scope][e.Kind] = append(add[e.Scope][e.Kind], *e)
		} else {
			rest = append(rest, e)
		}
	}
	s.swap(young, &add)
	for _, e := range rest {
		s.merge(e)
	}
}

func (s *shard) swap(young map[Register]Value, add *[ScopeTenant + 1][KindFloor][]Entry) {
	names, runs := s.names, s.runs
	for scope := range add {
		for kind, entries := range add[scope] {
			if len(entries) > 0 {
				runs[scope][kind] = runs[scope][kind].with(entries, &names)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young, s.runs, s.names = young, runs, names
}

// all are the entries that there are when the walk begins. Runs are never changed and the map is small, so nobody has to wait
// for whoever walks, however long that takes.
func (s *shard) all() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		s.mu.RLock()
		young, runs, names := maps.Clone(s.young), s.runs, attributions{list: s.names.list}
		s.mu.RUnlock()
		for reg, v := range young {
			if !yield(Entry{reg, v}) {
				return
			}
		}
		for scope := range runs {
			for kind, r := range runs[scope] {
				for p := range r.all() {
					reg := Register{Scope: Scope(scope), Kind: Kind(kind), Key: p.key}
					if _, newer := young[reg]; !newer && !yield(Entry{reg, names.value(p)}) {
						return
					}
				}
			}
		}
	}
}

// sweep forgets what ended before limit, and of what the runs hold as soon as it is worth it.
func (s *shard) sweep(limit Millis) {
	s.writing.Lock()
	defer s.writing.Unlock()
	runs := s.runs
	for scope := range runs {
		for kind, r := range runs[scope] {
			runs[scope][kind] = r.without(limit)
		}
	}
	names := runs.renumber(s.names)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs, s.names = runs, names
	for reg, v := range s.young {
		if v.Until < limit {
			delete(s.young, reg)
			s.forgetFloor(reg)
		}
	}
}

func (s *shard) forgetFloor(reg Register) {
	if reg.Kind != KindFloor {
		return
	}
	base := reg.anyLevel()
	left := slices.DeleteFunc(s.floors[base], func(l identity.Level) bool { return l == reg.Level })
	if s.floors[base] = left; len(left) == 0 {
		delete(s.floors, base)
	}
}

// count is the number of registers.
func (s *shard) count() (n int) {
	s.writing.Lock()
	defer s.writing.Unlock()
	n = len(s.young)
	for scope := range s.runs {
		for _, r := range s.runs[scope] {
			n += r.len()
		}
	}
	for reg := range s.young {
		if reg.Kind < KindFloor {
			if _, twice := s.runs[reg.Scope][reg.Kind].find(reg.Key); twice {
				n--
			}
		}
	}
	return n
}
