package logmodel

// disk is what outlives an edge that has one. Of a copy of the log it is the entries that the model keeps: what else a copy
// promises only spares its edge the reading of a snapshot.
type disk struct {
	hasDisk bool
	away    bool // the edge crashed and has not started again
	box     set  // the outbox: revocations that wait, and those that were delivered and that the copy does not hold yet
	copied  set  // the copy of the log
	draft   set  // the next one, while it is written
	spared  set  // what the box need not keep once that is done
	saving  bool
	own     set // what it has answered for; an observer knows
}

// write puts revocations into the outbox on the disk, before they are answered for.
func (d *disk) write(what set) {
	if d.hasDisk {
		d.box |= what
	}
}

// answer notes revocations that the edge has answered for, and that its disk has to keep.
func (d *disk) answer(what set) {
	if d.hasDisk {
		d.own |= what
	}
}

// knows are the revocations that an edge remembers, or would if it started.
func (e *edge) knows() set { return e.memory | e.outbox | e.box | e.copied }

// save begins a copy of the log, or ends it. A draft that a crash leaves behind counts for nothing.
func (w *world) save(e *edge) bool {
	switch {
	case e.saving:
		if !w.rules.Before {
			e.spared = e.box &^ e.outbox
		}
		e.copied, e.box = e.draft, e.box&^e.spared
		e.saving, e.draft, e.spared = false, 0, 0
	case !take(&w.saves):
		return false
	default:
		e.saving, e.draft, e.spared = true, e.memory, e.box&^e.outbox
	}
	return true
}

// crash ends an edge.
func (w *world) crash(e *edge) bool {
	*e = edge{disk: disk{hasDisk: e.hasDisk, away: e.hasDisk, box: e.box, copied: e.copied, own: e.own}}
	return true
}

// start is an edge that begins on its disk: what it finds there it refuses, and all that was in the outbox waits for the log,
// whether it took it before or not.
func (w *world) start(e *edge) bool {
	e.away, e.memory, e.outbox = false, e.box|e.copied, e.box
	return true
}
