// Package logmodel is a model of how edges follow one shard of the revocation log and how both make good what one of them
// lost: the protocol of package revocation, cut into its atomic steps, with every fault at every place, and with what outlives
// an edge that has a disk. Explore goes through all states that small worlds can reach. Names follow revocation.Follower; a rule of the protocol can be left out, to see
// that the model would notice.
package logmodel

// Edges is how many edges a world has.
const Edges = 2

// Rules are the protocol's. All of them hold in the product.
type Rules struct {
	Gap           bool // a last id below the cursor, or entries trimmed unread, lead to the snapshot
	Life          bool // so does another life of the shard
	Complete      bool // what a snapshot lacks is given back
	GiveBack      bool // an incarnation that the shard does not hold is given back
	Mark          bool // it is counted only if nothing was lost meanwhile
	CheckSnapshot bool // a snapshot counts only if the shard is still the one that was probed
	SecondProbe   bool // reading the stream counts only if nothing was trimmed or lost meanwhile
	Outbox        bool // what the log did not take is kept and delivered later
	Retained      bool // what it took stays on the writer's disk until a saved copy holds it
	Before        bool // a saved copy stands for what was delivered before it was made, not before it was on the disk
	Cursor        bool // what is read between two probes alone moves the cursor, and no blocking read
}

// Whole are all rules.
func Whole() Rules { return Rules{true, true, true, true, true, true, true, true, true, true, true} }

// Size is how much there is in a world.
type Size struct {
	Revocations int
	Disks       int  // how many of the edges have one
	Saves       int8 // how often a copy of the log is saved on one
}

// Faults is how often each fault may happen.
type Faults struct {
	Empty int8 // the log loses everything
	Lag   int8 // a copy takes over that lacks the newest entry
	Trim  int8 // the oldest entry leaves the stream
	Crash int8 // an edge loses its memory; one with a disk is away until it starts on that, one without starts at once
	Fail  int8 // a write has no answer, done or not
	Stray int8 // a blocking read is answered by a master whose place another has taken
}

// world is a log, its edges, and what an observer knows who sees all.
type world struct {
	log    log
	edges  [Edges]edge
	faults Faults
	saves  int8 // that are left
	rules  *Rules

	unwritten    set // revocations that nobody has made yet
	acknowledged set // that the log has acknowledged
	lost         set // answered ones that nobody knows any more, on no disk either
	excused      set // of these: an edge that had not read them yet goes on to vouch for their incarnation
	risked       set // acknowledged ones that the log lost while an edge vouched that had not read them yet
	dead         set // incarnations whose revocations were lost without that: nobody may vouch for them again
	born         uint8
	under        [8]uint8 // by revocation: the newest incarnation when it was made, whose sessions it concerns, too
	whole        bool     // no copy lags in this world: who begins to vouch has to know all
}

// begin is a log whose first incarnation both edges have read.
func begin(s Size, f Faults, r Rules) world {
	w := world{faults: f, saves: s.Saves, rules: &r, unwritten: 1<<s.Revocations - 1, born: 1, whole: f.Lag == 0}
	w.log.incarnation, w.log.held = 1, set(0).with(1)
	for i := range w.edges {
		w.edges[i].held, w.edges[i].hasDisk = set(0).with(1), i < s.Disks
	}
	return w
}

// next calls visit with every world that one step leads to.
func (w world) next(visit func(world)) {
	try := func(step func(*world) bool) {
		if to := w; step(&to) {
			to.observe()
			for i := range to.edges {
				to.edges[i].forget()
			}
			visit(to)
		}
	}
	for i := range w.edges {
		w.edges[i].each(func(step func(*world, *edge) bool) {
			try(func(w *world) bool { return step(w, &w.edges[i]) })
		})
		for r := range uint8(8) {
			if w.unwritten.has(r) && !w.edges[i].away {
				w.revocations(i, r, try)
			}
		}
	}
	try(func(w *world) bool { w.log.empty(true); return take(&w.faults.Empty) })
	try(func(w *world) bool { w.log.empty(false); return take(&w.faults.Empty) })
	try(func(w *world) bool { return take(&w.faults.Lag) && w.log.lag() })
	try(func(w *world) bool { return take(&w.faults.Trim) && w.log.trim() })
}

// each calls visit with the steps that an edge may take by itself, or that end it.
func (e *edge) each(visit func(func(*world, *edge) bool)) {
	if e.away {
		visit((*world).start)
		return
	}
	visit((*world).round)
	visit((*world).listen)
	visit((*world).stray)
	visit((*world).deliver)
	visit(func(w *world, e *edge) bool { return take(&w.faults.Crash) && w.crash(e) })
	if e.hasDisk {
		visit((*world).save)
	}
}

func take(budget *int8) bool {
	*budget--
	return *budget >= 0
}

// revocations are the ways in which making one can end: it is acknowledged, it never reached the log, or it did and nobody
// heard of it.
func (w world) revocations(by int, r uint8, try func(func(*world) bool)) {
	apply := func(w *world) *edge {
		e := &w.edges[by]
		w.unwritten &^= 1 << r
		e.memory = e.memory.with(r)
		w.under[r] = w.born
		return e
	}
	try(func(w *world) bool {
		e := apply(w)
		w.acknowledged = w.acknowledged.with(r)
		if w.rules.Retained {
			e.write(1 << r)
		}
		e.answer(1 << r)
		return w.log.append(1 << r)
	})
	for _, written := range []bool{false, true} {
		try(func(w *world) bool {
			e := apply(w)
			if w.rules.Outbox {
				e.outbox = e.outbox.with(r)
				e.write(1 << r)
				e.answer(1 << r)
			}
			return take(&w.faults.Fail) && (!written || w.log.append(1<<r))
		})
	}
}

// listen is the blocking read between two rounds.
func (w *world) listen(e *edge) bool {
	if e.step != idle {
		return false
	}
	what, reached := w.log.after(e.cursor)
	news := what &^ e.memory
	e.memory |= what
	w.move(e, reached)
	return news != 0
}

// stray is a blocking read that finds an entry where the log has none yet, as it is another server's.
func (w *world) stray(e *edge) bool {
	if e.step != idle || w.log.last == slots || !take(&w.faults.Stray) {
		return false
	}
	w.move(e, w.log.last+1)
	return true
}

// move is what a blocking read does to the cursor.
func (w *world) move(e *edge, reached uint8) {
	if !w.rules.Cursor {
		e.cursor = reached
	}
}

func (w *world) deliver(e *edge) bool {
	if e.outbox == 0 || !w.log.append(e.outbox) {
		return false
	}
	w.acknowledged |= e.outbox
	if !w.rules.Retained {
		e.box &^= e.outbox
	}
	e.outbox = 0
	return true
}

// confirm is an edge that calls its copy as fresh as its probe.
func (w *world) confirm(e *edge) {
	e.bad = e.due&^e.memory&^e.doubt&^w.excused != 0
}

// concerning are the revocations that concern sessions of some of these incarnations.
func (w *world) concerning(incarnations set) (out set) {
	for r, newest := range w.under {
		if incarnations&(1<<(newest+1)-2) != 0 {
			out = out.with(uint8(r))
		}
	}
	return out
}

// observe brings up to date what an observer knows.
func (w *world) observe() {
	known, durable := w.log.snapshot, set(0)
	vouching := false
	for i := range w.edges {
		e := &w.edges[i]
		known |= e.knows()
		durable |= e.own
		vouching = vouching || e.held != 0
	}
	gone := (w.acknowledged | durable) &^ known &^ w.lost
	w.lost |= gone
	if vouching {
		w.excused |= gone &^ durable
		gone &= durable
	}
	if gone != 0 {
		w.dead |= 1<<(w.born+1) - 2
	}
	away := w.acknowledged &^ w.log.snapshot
	for i := range w.edges {
		e := &w.edges[i]
		e.doubt |= away
		if e.held != 0 {
			w.risked |= away &^ e.memory
		}
	}
}
