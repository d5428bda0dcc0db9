package logmodel

// set is a set of small numbers: of revocations, or of incarnations.
type set uint8

func (s set) has(n uint8) bool { return s&(1<<n) != 0 }

func (s set) with(n uint8) set { return s | 1<<n }

// slots bounds the stream. Paths that would need more are not followed.
const slots = 6

// stream holds a shard's entries by their place: the revocations written there, none if it was trimmed or never was.
type stream [slots + 1]set

// log is one shard as the store keeps it.
type log struct {
	incarnation uint8 // current; 0: none
	held        set   // incarnations that it counts as held in full
	snapshot    set
	stream      stream
	last        uint8 // place of the newest entry
	trimmed     uint8 // of the newest that was trimmed away
	life        uint8 // changes whenever something acknowledged may be lost
	clock       uint8 // the greatest place ever given out, of any life
}

// head is what a probe returns.
type head struct {
	incarnation uint8
	held        set
	last        uint8
	trimmed     uint8
	life        uint8
}

func (l *log) head() head { return head{l.incarnation, l.held, l.last, l.trimmed, l.life} }

// append writes revocations. It reports whether there was a place for them.
func (l *log) append(what set) bool {
	if what == 0 {
		return true
	}
	if l.last == slots {
		return false
	}
	l.last++
	l.stream[l.last] = what
	l.snapshot |= what
	l.clock = max(l.clock, l.last)
	return true
}

// after is what a reader finds beyond a place, and the place that it has reached then.
func (l *log) after(place uint8) (what set, reached uint8) {
	reached = place
	for p := place + 1; p <= l.last; p++ {
		if l.stream[p] != 0 {
			what, reached = what|l.stream[p], p
		}
	}
	return what, reached
}

// empty is the loss of everything. Places begin again: behind all that were given out, as the clock of the same machine
// has it, or from the beginning, as that of a slower one.
func (l *log) empty(behind bool) {
	life, clock := l.life, l.clock
	*l = log{life: life + 1, clock: clock}
	if behind {
		l.last = clock // nothing stands there; ids follow the clock
	}
}

// lag is a failover to a copy that lacks the newest entry. It reports whether there was one to lack.
func (l *log) lag() bool {
	if l.last == 0 || l.stream[l.last] == 0 {
		return false
	}
	l.stream[l.last] = 0
	l.last--
	l.snapshot = 0
	for _, s := range l.stream {
		l.snapshot |= s
	}
	l.life++
	return true
}

// trim takes the oldest entry out of the stream; the snapshot keeps it. It reports whether there was one.
func (l *log) trim() bool {
	for p := l.trimmed + 1; p <= l.last; p++ {
		if l.stream[p] != 0 {
			l.stream[p], l.trimmed = 0, p
			return true
		}
	}
	return false
}
