package logmodel

import "fmt"

// Result is what an exploration found.
type Result struct {
	States  int
	Problem string   // empty: none
	Trace   []string // how it comes to that, from the beginning
}

// Explore goes through all worlds that can be reached, nearest first, until it finds one that breaks the promise or there
// are no more. The promise:
//   - an edge that calls its copy fresh knows all that was acknowledged before it asked, but for what the log had lost
//     meanwhile and another edge is about to give back;
//   - an edge that begins to vouch for an incarnation knows all that was acknowledged before it asked, unless a copy lags or
//     the log lost it while another edge vouched that had not read it;
//   - nobody vouches for an incarnation of which a revocation was lost everywhere. The only excuse is an edge that was
//     vouching already and had not read it when the log and all who knew it were lost together; of what an edge with a disk has
//     answered for there is none: that is lost nowhere;
//   - an edge with a disk refuses what it has answered for whenever it runs;
//   - once faults end and all edges run, a few rounds later everybody knows what anybody knew, or had on its disk.
//
// As long as the only edge that knows a revocation is away with its disk, one that was vouching when the log lost it, and had not
// read it, goes on without it, and others may read the log that this one gave back.
func Explore(s Size, f Faults, r Rules) Result {
	all := []reached{{world: begin(s, f, r)}}
	seen := map[world]struct{}{all[0].world: {}}
	for i := 0; i < len(all); i++ {
		w := all[i].world
		if p := w.problem(); p != "" {
			return Result{len(all), p, trace(all, i)}
		}
		w.next(func(to world) {
			if _, known := seen[to]; !known {
				seen[to] = struct{}{}
				all = append(all, reached{to, i})
			}
		})
	}
	return Result{States: len(all)}
}

// reached is a world, and the number of the one that led to it first.
type reached struct {
	world
	from int
}

func trace(all []reached, i int) (out []string) {
	for ; i > 0; i = all[i].from {
		out = append([]string{fmt.Sprintf("%+v", all[i].world)}, out...)
	}
	return out
}

// problem says what is wrong with a world.
func (w world) problem() string {
	for i, e := range w.edges {
		if e.bad {
			return fmt.Sprintf("edge %d calls its copy fresh or whole and does not know %03b", i, e.due&^e.memory)
		}
		if !e.away && e.own&^e.memory != 0 {
			return fmt.Sprintf("edge %d runs and does not refuse %03b, which it has answered for", i, e.own&^e.memory)
		}
		if e.held&w.dead != 0 {
			return fmt.Sprintf("edge %d vouches for an incarnation whose revocations are lost", i)
		}
	}
	return w.settle()
}

// settle lets edges go on without faults and says who does not know then what somebody knew.
func (w world) settle() string {
	w.faults, w.unwritten = Faults{}, 0
	known := w.log.snapshot
	for i := range w.edges {
		known |= w.edges[i].knows()
		if w.edges[i].away {
			w.start(&w.edges[i])
		}
	}
	for range settling {
		for i := range w.edges {
			e := &w.edges[i]
			w.deliver(e)
			for ok := w.round(e); ok && e.step != idle; {
				ok = w.round(e)
			}
		}
	}
	for i, e := range w.edges {
		switch {
		case w.log.last == slots:
			return "" // no room to go on: not followed
		case known&^e.memory != 0:
			return fmt.Sprintf("edge %d never learns %03b", i, known&^e.memory)
		case w.log.incarnation == 0 || !e.held.has(w.log.incarnation):
			return fmt.Sprintf("edge %d never vouches for the log's incarnation", i)
		}
	}
	return ""
}

// settling is how many rounds of all edges it may take: one to find a loss, one to give back, one to learn, and one more as
// a round may be under way.
const settling = 4
