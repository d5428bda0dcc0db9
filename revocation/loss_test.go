package revocation_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// hookedLog lets a test act in between.
type hookedLog struct {
	*memLog
	beforeRead  func(shard int, wait time.Duration)
	beforeSnap  func(shard int)
	noSnapshots atomic.Bool // of shard 5
}

func (l *hookedLog) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	if l.beforeRead != nil {
		l.beforeRead(shard, wait)
	}
	return l.memLog.Read(ctx, shard, after, wait)
}

func (l *hookedLog) Snapshot(ctx context.Context, shard int) (revocation.Batch, error) {
	if l.beforeSnap != nil {
		l.beforeSnap(shard)
	}
	if shard == 5 && l.noSnapshots.Load() {
		return revocation.Batch{}, errDown
	}
	return l.memLog.Snapshot(ctx, shard)
}

// ended is a family of shard 0 that has been revoked.
func ended() (revocation.Entry, revocation.Names) {
	for {
		b := bearer(time.Now())
		if r := revocation.Family(b.Family); r.Shard() == 0 {
			now := revocation.MillisOf(time.Now())
			return revocation.Entry{Register: r, Value: revocation.Value{Since: now, Until: now + 3_600_000}}, b.Names()
		}
	}
}

func everyShard() (all []int) {
	for i := range revocation.Shards {
		all = append(all, i)
	}
	return all
}

func Test_RS02_what_one_edge_alone_remembers_comes_back_though_another_filled_the_emptied_log_first(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		inc, _ := a.Current()
		both, _ := ended()
		if _, err := a.writer.Write(t.Context(), both); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		alone, names := ended()
		b.Apply(alone) // the log took it and lost it before the other edge read it
		log.flush(0)
		if err := log.Reseed(t.Context(), 0, inc, []revocation.Entry{both}); err != nil { // as the other edge does
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if !a.Standing(&names).Revoked {
			t.Error("a revocation that an edge remembers is not known to the other")
		}
	})
}

func Test_RS02_an_edge_that_starts_while_the_log_is_emptied_vouches_for_nothing_that_it_has_not_read(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &hookedLog{memLog: &memLog{}}
		first := startEdge(t, log)
		time.Sleep(10 * time.Second)
		inc, _ := first.Current()
		revoked, names := ended()
		if _, err := first.writer.Write(t.Context(), revoked); err != nil {
			t.Fatal(err)
		}
		first.stop() // nobody is left who knows
		var emptied sync.Map
		log.beforeSnap = func(shard int) {
			if _, before := emptied.LoadOrStore(shard, true); !before {
				log.flush(shard)
			}
		}
		second := startEdge(t, log)
		defer second.stop()
		for range 200 {
			time.Sleep(100 * time.Millisecond)
			if second.Standing(&names).Revoked {
				t.Fatal("the entry was not lost: the test shows nothing")
			}
			old := revocation.Bearer{Incarnation: inc}.Names()
			if second.Standing(&old).Vouched {
				t.Fatal("the edge vouches for a log of which it has read nothing")
			}
		}
		if now, ok := second.Current(); !ok || now == inc {
			t.Errorf("it mints under %v (%v), as if nothing had been lost", now, ok)
		}
	})
}

func Test_an_entry_that_is_trimmed_between_the_probe_and_the_reading_is_not_missed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &hookedLog{memLog: &memLog{}}
		late, names := ended()
		var cutOff atomic.Bool
		log.beforeRead = func(shard int, wait time.Duration) {
			if shard == 0 && wait == 0 && cutOff.CompareAndSwap(true, false) {
				log.trim(0)
				next, _ := ended()
				_ = log.Append(t.Context(), []revocation.Entry{next})
			}
		}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(10 * time.Second)
		log.setDown(true)
		time.Sleep(3 * time.Second)
		log.mu.Lock()
		log.put(late)
		log.mu.Unlock()
		written := time.Now()
		cutOff.Store(true)
		log.setDown(false)
		for range 500 {
			time.Sleep(10 * time.Millisecond)
			if age := a.ShardStaleness(0); age < time.Since(written) && !a.Standing(&names).Revoked {
				t.Fatalf("the copy is said to be %v old and lacks what was written %v ago", age, time.Since(written))
			}
		}
		if cutOff.Load() {
			t.Fatal("the edge never had to catch up")
		}
		if !a.Standing(&names).Revoked {
			t.Errorf("an entry that was trimmed while the edge caught up is not known; the copy is said to be %v old", a.Staleness())
		}
	})
}

func Test_an_edge_whose_log_was_emptied_while_it_started_becomes_ready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &hookedLog{memLog: &memLog{}}
		first := startEdge(t, log)
		time.Sleep(10 * time.Second)
		first.stop()
		log.noSnapshots.Store(true)
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(5 * time.Second)
		log.flush(everyShard()...)
		log.noSnapshots.Store(false)
		time.Sleep(20 * time.Second)
		if inc, ok := a.Current(); !ok || !a.Ready() {
			t.Errorf("ready %v, mints under %v (%v)", a.Ready(), inc, ok)
		}
	})
}

func Test_a_stream_that_was_deleted_by_hand_is_made_up_for_by_the_snapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		revoked, names := ended()
		if _, err := a.writer.Write(t.Context(), revoked); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		late, unread := ended()
		log.mu.Lock()
		log.put(late) // and nobody reads it
		s := &log.shards[0]
		s.stream, s.last, s.trimmed = nil, revocation.Cursor{}, revocation.Cursor{}
		log.mu.Unlock()
		time.Sleep(3 * time.Second)
		for i, e := range []*edge{a, b} {
			if !e.Standing(&names).Revoked || !e.Standing(&unread).Revoked {
				t.Errorf("edge %d refuses what it knew: %v, what was deleted unread: %v", i, e.Standing(&names).Revoked, e.Standing(&unread).Revoked)
			}
		}
	})
}

func Test_a_shard_whose_incarnation_was_deleted_by_hand_is_told_it_again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		inc, _ := a.Current()
		log.mu.Lock()
		log.shards[7].current = identity.Incarnation{}
		log.mu.Unlock()
		late := startEdge(t, log)
		defer late.stop()
		time.Sleep(20 * time.Second)
		for i, e := range []*edge{a, b, late} {
			if now, ok := e.Current(); !ok || now != inc || e.Staleness() > 2*time.Second {
				t.Errorf("edge %d mints under %v (%v), not under %v; its copy is %v old", i, now, ok, inc, e.Staleness())
			}
		}
	})
}

// heavyLog notes how many shards are given back at a time.
type heavyLog struct {
	*memLog
	now, most atomic.Int32
}

func (l *heavyLog) Reseed(ctx context.Context, shard int, inc identity.Incarnation, entries []revocation.Entry) error {
	for n, most := l.now.Add(1), l.most.Load(); n > most && !l.most.CompareAndSwap(most, n); most = l.most.Load() {
	}
	defer l.now.Add(-1)
	time.Sleep(100 * time.Millisecond)
	return l.memLog.Reseed(ctx, shard, inc, entries)
}

// All entries of a shard take ten times the room that they have in the copy: of all shards at once, more than an edge may have.
func Test_an_emptied_log_is_given_back_two_shards_at_a_time(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &heavyLog{memLog: &memLog{}}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(10 * time.Second)
		before, _ := a.Current()
		log.flush(everyShard()...)
		time.Sleep(10 * time.Second)
		if n := log.most.Load(); n < 1 || n > 2 {
			t.Errorf("%d at a time", n)
		}
		if now, ok := a.Current(); !ok || now != before || a.Staleness() > 2*time.Second {
			t.Errorf("afterwards it mints under %v (%v), and its copy is %v old", now, ok, a.Staleness())
		}
	})
}

func Test_what_is_over_is_not_taken_for_lost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(25 * 365 * 24 * time.Hour) // times before 2020 are kept apart, and forgotten sooner
		log := &memLog{}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(10 * time.Second)
		var entries []revocation.Entry
		for len(entries) < 5000 {
			for _, e := range families(1000) {
				if e.Until += 36_000_000; e.Shard() == 0 {
					entries = append(entries, e)
				}
			}
		}
		for i := range entries[:100] {
			entries[i].Until = entries[i].Since + 60_000
		}
		if err := log.Append(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if a.ShardLen(0) < 5000 {
			t.Fatal("the edge has forgotten what is over: this test shows nothing")
		}
		log.mu.Lock()
		for _, e := range entries[:100] {
			delete(log.shards[0].snap, e.Register) // as Redis does by then
		}
		before := log.writes
		log.mu.Unlock()
		log.failOver(0)
		time.Sleep(5 * time.Second)
		log.mu.Lock()
		after := log.writes
		log.mu.Unlock()
		if after != before || a.happened(revocation.Reseeded) > 0 {
			t.Errorf("it wrote %d times, and said %d times that the log had lost something", after-before, a.happened(revocation.Reseeded))
		}
	})
}

func Test_a_clock_that_is_hours_ahead_for_a_while_has_an_edge_forget_nothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		var ahead atomic.Int64
		m := joinBy(t, log, "a", func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, "")
		defer m.stop()
		time.Sleep(10 * time.Second)
		revoked, names := ended()
		if err := log.Append(t.Context(), []revocation.Entry{revoked}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		ahead.Store(int64(3 * time.Hour))
		time.Sleep(5 * time.Minute)
		ahead.Store(0)
		if !m.Standing(&names).Revoked {
			t.Error("a revoked session is good again")
		}
		time.Sleep(5 * time.Hour) // its clock went back, so it waits for three of them
		if m.Len() != 0 {
			t.Error("what is over is not forgotten")
		}
	})
}
