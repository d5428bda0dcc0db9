package logmodel

// step is where an edge stands in its round.
type step uint8

const (
	idle     step = iota // before a probe
	probed               // the answer is there
	giving               // its entries are written, the incarnation is not yet counted
	loading              // the snapshot is to be read
	loaded               // it was read; what it lacks is to be given back
	checking             // given back; is the shard still the one that was probed?
	catching             // the stream is to be read up to the probe's end
	certain              // it was read; a second probe is to tell whether all of it was there
)

// edge is one edge with its copy of the shard.
type edge struct {
	memory  set
	held    set   // incarnations whose entries it has read in full: it vouches for them
	outbox  set   // revocations that it has written and that the log has not acknowledged
	cursor  uint8 // place up to which it has read
	floor   uint8 // nothing up to here was trimmed unread
	life    uint8
	step    step
	head    head  // of the probe of this round
	mark    uint8 // the shard's life when it began to give back
	back    uint8 // the incarnation that it gives back
	due     set   // revocations acknowledged before this round's probe was sent
	snapped set   // what the snapshot held
	doubt   set   // revocations that the log had lost at some moment of this round
	bad     bool  // it called its copy fresh, or whole, without a revocation that it had to know
	disk
}

// round takes the next step of an edge's round, as revocation.Follower does. It reports whether that is possible.
func (w *world) round(e *edge) bool {
	switch e.step {
	case idle:
		e.head, e.due, e.doubt, e.step = w.log.head(), w.acknowledged, 0, probed
	case probed:
		return w.compare(e)
	case giving:
		if w.log.life == e.mark || !w.rules.Mark { // the marks of all chunks are still there
			w.log.held = w.log.held.with(e.back)
			if w.log.incarnation == 0 {
				w.log.incarnation = e.back
			}
			e.head.held = e.head.held.with(e.back)
			e.step = probed
		} else {
			e.step = idle
		}
	case loading:
		e.snapped = w.log.snapshot
		e.memory |= e.snapped
		e.step = loaded
	case loaded:
		if !w.rules.Complete {
			e.step = checking
			break
		}
		if !w.log.append(e.memory &^ e.snapped) {
			return false
		}
		e.step = checking
	case checking:
		w.check(e)
	case catching:
		w.catch(e)
	case certain:
		if !w.rules.SecondProbe || w.log.life == e.head.life && w.log.trimmed <= e.floor {
			w.confirm(e)
		}
		e.step = idle
	}
	return true
}

// forget leaves out what is set anew before it is looked at again: worlds that differ in nothing else are one.
func (e *edge) forget() {
	if e.step != giving {
		e.mark, e.back = 0, 0
	}
	if e.step != loaded {
		e.snapped = 0
	}
	if e.step == idle && !e.bad {
		e.head, e.due, e.doubt = head{}, 0, 0
	}
}

// compare decides what a probe's answer asks for.
func (w *world) compare(e *edge) bool {
	for inc := uint8(1); inc < 8; inc++ {
		if w.rules.GiveBack && e.held.has(inc) && !e.head.held.has(inc) {
			e.back, e.step, e.mark = inc, giving, w.log.life
			return w.log.append(e.memory &^ w.log.snapshot)
		}
	}
	if e.head.incarnation == 0 {
		if e.held == 0 && w.log.incarnation == 0 {
			w.born++
			w.log.incarnation, w.log.held = w.born, w.log.held.with(w.born)
		}
		e.step = idle
		return true
	}
	gap := w.rules.Gap && (e.head.last < e.cursor || e.head.trimmed > e.floor)
	unread := e.head.held.with(e.head.incarnation)&^e.held != 0
	switch {
	case gap || unread || w.rules.Life && e.head.life != e.life:
		e.step = loading
	default:
		e.floor, e.step = e.cursor, catching
	}
	return true
}

// check is the end of loading.
func (w *world) check(e *edge) {
	if now := w.log.head(); w.rules.CheckSnapshot && (now.life != e.head.life || now.incarnation != e.head.incarnation) {
		e.step = idle
		return
	}
	e.cursor, e.floor, e.life = e.head.last, e.head.last, e.head.life
	e.bad = w.whole && w.concerning(e.head.held.with(e.head.incarnation)&^e.held)&e.due&^e.memory&^w.excused&^w.risked != 0
	e.held |= e.head.held.with(e.head.incarnation)
	e.step = catching
}

// catch reads the stream up to the probe's end.
func (w *world) catch(e *edge) {
	if e.cursor >= e.head.last {
		w.confirm(e)
		e.step = idle
		return
	}
	what, reached := w.log.after(e.cursor)
	e.memory |= what
	if reached == e.cursor {
		e.step = idle // entries vanish while they are read
		return
	}
	e.cursor = reached
	if e.cursor >= e.head.last {
		e.step = certain
	}
}
