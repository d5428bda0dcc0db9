package e2e_test

import (
	"sync"
	"time"
)

// landFault is something that the nemesis does to machines and their network. What it did to the network is undone for it.
type landFault struct {
	name string
	do   func(l *land)
}

// elections are the faults that make another server the master. Each is in every run.
func elections() []landFault {
	return []landFault{
		{"the master and an edge are split off", func(l *land) { l.splitBrain(l.chance.IntN(3), func(int) {}) }},
		{"the master is killed while sessions log out", func(l *land) {
			old := l.master()
			var leaving sync.WaitGroup
			for edge := range l.edges {
				leaving.Go(func() { l.leave(edge) })
			}
			time.Sleep(time.Duration(l.chance.Int64N(int64(5 * time.Millisecond))))
			old.Kill()
			leaving.Wait()
			l.replaced(old)
			old.Restart()
		}},
	}
}

// splitBrain leaves the master alone with an edge, until both sides have taken all they take, and for longer than the
// bound. Meanwhile is done to the edge.
func (l *land) splitBrain(edge int, meanwhile func(edge int)) {
	old, begun := l.master(), time.Now()
	l.net.Split(l.hosts[old], l.homes[edge])
	l.leave(edge) // the old master takes it: it does not know yet that its replicas are gone
	l.replaced(old)
	l.leave((edge + 1) % 3)
	l.leave(edge) // the old master refuses it
	meanwhile(edge)
	time.Sleep(bound)
	l.leave((edge + 2) % 3)
	l.edges[edge].Until("the edge beside the old master denies", func() bool { return l.history.count(edge, stale, begun) > 0 })
}

// further are the other faults. A short run draws some.
func further() []landFault {
	return []landFault{
		{"an edge's cable is pulled", func(l *land) { l.someone().Unplug(); l.hold() }},
		{"an edge is split off", func(l *land) { l.net.Split(l.someone()); l.hold() }},
		{"what an edge sends to Redis is lost", func(l *land) {
			m := l.someone()
			for _, host := range l.hosts {
				m.Lose(host)
			}
			l.hold()
		}},
		{"what the master sends to an edge is lost", func(l *land) { l.hosts[l.master()].Lose(l.someone()); l.hold() }},
		{"the master does not hear the other servers", func(l *land) {
			old := l.master()
			for _, m := range l.others(old) {
				m.Lose(l.hosts[old])
			}
			l.replaced(old)
		}},
		{"the master and an edge are split off, which is killed and starts anew", func(l *land) { l.splitBrain(l.chance.IntN(3), l.restart) }},
		{"the network falls in two somewhere", func(l *land) {
			for _, m := range l.group.Nodes() {
				if l.chance.IntN(2) == 0 {
					l.net.Split(l.hosts[m])
				}
			}
			for _, m := range l.homes {
				if l.chance.IntN(2) == 0 {
					l.net.Split(m)
				}
			}
			l.hold()
		}},
		{"the replicas do not hear each other", func(l *land) {
			m := l.others(l.master())
			m[0].Lose(m[1])
			m[1].Lose(m[0])
			l.hold()
		}},
		{"the lines of Redis are slow and lossy", func(l *land) {
			for _, host := range l.hosts {
				host.Choke()
			}
			l.hold()
		}},
		{"nobody reaches anybody", func(l *land) { l.net.Off(); l.hold() }},
		{"the master hangs, and wakes up when another has its place", func(l *land) {
			old := l.master()
			old.Pause()
			l.replaced(old)
			l.leave(l.chance.IntN(3))
			old.Resume()
		}},
		{"all of Redis is killed", func(l *land) {
			all := append(l.group.Nodes(), l.group.Sentinels()...)
			for _, s := range all {
				s.Kill()
			}
			l.hold()
			for _, s := range all {
				s.Restart()
			}
		}},
		{"Redis loses its data", func(l *land) { l.master().Try("FLUSHALL") }},
		{"the streams are trimmed", func(l *land) { trim(l.master()) }},
		{"an edge is split off, killed and starts anew", func(l *land) {
			edge := l.chance.IntN(3)
			l.net.Split(l.homes[edge])
			l.restart(edge)
			l.hold()
		}},
	}
}
