package revocation_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// member is an edge that the others can see.
type member struct {
	*edge
}

// cutLog is one edge's way to the log.
type cutLog struct {
	sharedLog
	mu  sync.Mutex // guards cut
	cut bool
}

func (l *cutLog) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

func (l *cutLog) is() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

func (l *cutLog) Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error) {
	if l.is() {
		return revocation.Head{}, errDown
	}
	return l.sharedLog.Probe(ctx, shard, mine)
}

// join starts an edge of a name at a log, with its clock so far ahead. The edge leaves with the test.
func join(t *testing.T, log sharedLog, name string, ahead time.Duration, before revocation.Origin) *member {
	t.Helper()
	return joinBy(t, log, name, func() time.Time { return time.Now().Add(ahead) }, before)
}

// joinBy starts one with a clock.
func joinBy(t *testing.T, log sharedLog, name string, now func() time.Time, before revocation.Origin) *member {
	t.Helper()
	m := &member{edge: &edge{Replica: revocation.NewReplica(now), seen: map[revocation.Happening]int{}}}
	m.fleet = revocation.NewFleet(revocation.FleetOptions{Self: revocation.NewOrigin(name), Before: before, Region: "eu", Now: now})
	f := revocation.NewFollower(revocation.FollowerOptions{
		Stream: log, Sink: log, Replica: m.Replica, Log: slog.New(slog.DiscardHandler), Now: now, Fleet: m.fleet,
		Grace: revocation.DefaultGrace, Notify: func(revocation.Happening, string) {},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = f.Run(ctx) })
	m.stop = func() { cancel(); wg.Wait() }
	return m
}

// sees returns what an edge knows of another, by name.
func (m *member) sees(name string) (found []revocation.Sighting) {
	for _, s := range m.fleet.Sightings() {
		if s.Origin.Name() == name {
			found = append(found, s)
		}
	}
	return found
}

func Test_each_edge_knows_of_every_other_how_far_it_has_read(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a, b := join(t, log, "a", 0, ""), join(t, log, "b", 0, "")
		defer a.stop()
		defer b.stop()
		time.Sleep(10 * time.Second)
		revoked := everyone()
		if err := log.Append(t.Context(), []revocation.Entry{revoked}); err != nil {
			t.Fatal(err)
		}
		written := revocation.MillisOf(time.Now())
		time.Sleep(3 * time.Second)
		for _, m := range []*member{a, b} {
			for _, name := range []string{"a", "b"} {
				seen := m.sees(name)
				if len(seen) != 1 || seen[0].Region != "eu" || seen[0].Self != (seen[0].Origin == m.fleet.Self()) {
					t.Fatalf("of %s is known: %+v", name, seen)
				}
				if s := seen[0]; s.Staleness > 3*time.Second || s.Heard > 2*time.Second {
					t.Errorf("%s is %v stale, and was heard %v ago", name, s.Staleness, s.Heard)
				}
				s := seen[0].Shards[revoked.Shard()]
				if s.Read < written || s.Cursor.Major == 0 {
					t.Errorf("nothing shows that %s has read what was written at %v: %+v", name, written.Time(), s)
				}
			}
		}
		if first := a.fleet.Sightings()[0]; !first.Self {
			t.Errorf("%s comes before this edge", first.Origin)
		}
	})
}

func Test_what_is_said_of_an_edge_is_never_better_than_it_is(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		line := &cutLog{sharedLog: log}
		a, b := join(t, log, "a", 0, ""), join(t, line, "b", 0, "")
		defer a.stop()
		defer b.stop()
		for i := range 120 {
			time.Sleep(137 * time.Millisecond)
			line.set(i%30 > 20)
			s := a.sees("b")
			if len(s) == 0 {
				continue
			}
			if real := b.Staleness(); s[0].Staleness < real {
				t.Errorf("after %d looks: b's copy may be %v old, and a says %v", i, real, s[0].Staleness)
			}
		}
	})
}

func Test_an_edge_that_is_cut_off_falls_silent_and_is_forgotten_after_an_hour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		line := &cutLog{sharedLog: log}
		a, b := join(t, log, "a", 0, ""), join(t, line, "b", 0, "")
		defer a.stop()
		defer b.stop()
		time.Sleep(10 * time.Second)
		line.set(true)
		time.Sleep(10 * time.Minute)
		seen := a.sees("b")
		if len(seen) != 1 || seen[0].Heard < 10*time.Minute-time.Second || seen[0].Staleness < seen[0].Heard || a.sees("a")[0].Staleness > 2*time.Second {
			t.Errorf("after ten minutes a sees %+v", seen)
		}
		if s := b.fleet.Silence(); s < 10*time.Minute-time.Second {
			t.Errorf("b does not say that what it knows is old: %v", s)
		}
		if of := b.sees("a"); len(of) != 1 || of[0].Heard < 10*time.Minute-time.Second {
			t.Errorf("b knows of a: %+v", of)
		}
		time.Sleep(revocation.BeatLife - 10*time.Minute + 2*time.Second)
		if seen := a.sees("b"); len(seen) != 0 {
			t.Errorf("after an hour a still sees b: heard %v ago", seen[0].Heard)
		}
		line.set(false)
		time.Sleep(5 * time.Second)
		if seen := a.sees("b"); len(seen) != 1 || seen[0].Staleness > 3*time.Second {
			t.Errorf("after it came back a sees %+v", seen)
		}
	})
}

func Test_an_edge_that_ends_is_gone_at_once_and_one_that_crashed_when_it_is_back(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		line := &cutLog{sharedLog: log}
		a, b := join(t, log, "a", 0, ""), join(t, line, "b", 0, "")
		defer a.stop()
		time.Sleep(10 * time.Second)
		line.set(true) // it cannot say farewell
		b.stop()
		time.Sleep(10 * time.Second)
		if seen := a.sees("b"); len(seen) != 1 || seen[0].Heard < 10*time.Second {
			t.Fatalf("of the one that crashed a knows %+v", seen)
		}
		again := join(t, log, "b", 0, b.fleet.Self())
		time.Sleep(10 * time.Second)
		if seen := a.sees("b"); len(seen) != 1 || seen[0].Origin != again.fleet.Self() {
			t.Errorf("after it started again a knows %+v", seen)
		}
		again.stop()
		time.Sleep(2 * time.Second)
		if seen := a.sees("b"); len(seen) != 0 {
			t.Errorf("after it ended a knows %+v", seen)
		}
	})
}

func Test_two_edges_of_one_name_are_two(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a, b := join(t, log, "a", 0, ""), join(t, log, "a", 0, "")
		defer a.stop()
		defer b.stop()
		time.Sleep(10 * time.Second)
		if seen := a.sees("a"); len(seen) != 2 || !seen[0].Self || seen[1].Self {
			t.Errorf("a sees %+v", seen)
		}
	})
}

func Test_an_edge_whose_clock_is_wrong_is_as_fresh_as_it_is_and_the_difference_is_told(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a, b, c := join(t, log, "a", 0, ""), join(t, log, "b", 7*time.Minute, ""), join(t, log, "c", -7*time.Minute, "")
		defer a.stop()
		defer b.stop()
		defer c.stop()
		time.Sleep(10 * time.Second)
		for _, m := range []*member{a, b, c} {
			for name, ahead := range map[string]time.Duration{"a": 0, "b": 7 * time.Minute, "c": -7 * time.Minute} {
				s := m.sees(name)[0]
				if s.Staleness > 3*time.Second || s.Heard > 2*time.Second || s.Clock != ahead {
					t.Errorf("%s sees %s: %v stale, heard %v ago, clock %v", m.fleet.Self(), name, s.Staleness, s.Heard, s.Clock)
				}
			}
		}
	})
}

func Test_a_beat_from_a_faster_clock_before_a_failover_makes_nobody_fresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		line := &cutLog{sharedLog: log}
		a, b := join(t, log, "a", 0, ""), join(t, line, "b", 0, "")
		defer a.stop()
		defer b.stop()
		time.Sleep(10 * time.Second)
		line.set(true)
		log.failOver(-10 * time.Minute)
		time.Sleep(time.Minute)
		seen := a.sees("b")
		if len(seen) != 1 || seen[0].Staleness != revocation.Never || seen[0].Heard != revocation.Never {
			t.Errorf("a says of an edge that is cut off: %+v", seen)
		}
		if s := a.sees("a")[0]; s.Staleness > 2*time.Second {
			t.Errorf("a says of itself: %v stale, heard %v ago", s.Staleness, s.Heard)
		}
		line.set(false)
		time.Sleep(5 * time.Second)
		if s := a.sees("b")[0]; s.Staleness > 3*time.Second {
			t.Errorf("once it is back a says: %v stale", s.Staleness)
		}
	})
}

func Test_many_edges_listen_less_often_and_still_know_each_other(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		probes := &listeners{memLog: log}
		a := join(t, probes, "a", 0, "")
		defer a.stop()
		for range 39 {
			defer join(t, log, "b", 0, "").stop()
		}
		time.Sleep(20 * time.Second)
		probes.deaf.Store(0)
		probes.all.Store(0)
		time.Sleep(60 * time.Second)
		if all, deaf := probes.all.Load(), probes.deaf.Load(); deaf < all/2 || deaf > all*3/4 {
			t.Errorf("%d of %d probes did not listen, want two of three", deaf, all)
		}
		seen := a.sees("b")
		if len(seen) != 39 {
			t.Errorf("%d others are known", len(seen))
		}
		for _, s := range seen {
			if s.Staleness > 5*time.Second {
				t.Errorf("%s is said to be %v stale", s.Origin, s.Staleness)
			}
		}
		if s := a.sees("a")[0]; s.Staleness > 2*time.Second || s.Heard > 2*time.Second {
			t.Errorf("of itself it says %v stale, heard %v ago", s.Staleness, s.Heard)
		}
	})
}

// listeners counts the probes of an edge, and those that did not want to hear of the others.
type listeners struct {
	*memLog
	all, deaf atomic.Int64
}

func (l *listeners) Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error) {
	if l.all.Add(1); mine.Deaf {
		l.deaf.Add(1)
	}
	return l.memLog.Probe(ctx, shard, mine)
}
