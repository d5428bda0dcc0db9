package revocation_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// deafLog is a log that an edge cannot hear while it is deaf.
type deafLog struct {
	*memLog
	deaf atomic.Bool
}

func (l *deafLog) Probe(ctx context.Context, shard int, beat revocation.Beat) (revocation.Head, error) {
	if l.deaf.Load() {
		return revocation.Head{}, errDown
	}
	return l.memLog.Probe(ctx, shard, beat)
}

func (l *deafLog) Snapshot(ctx context.Context, shard int) (revocation.Batch, error) {
	if l.deaf.Load() {
		return revocation.Batch{}, errDown
	}
	return l.memLog.Snapshot(ctx, shard)
}

func (l *deafLog) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	b, err := l.memLog.Read(ctx, shard, after, wait)
	if l.deaf.Load() {
		return revocation.Batch{}, errDown
	}
	return b, err
}

// Each of the two faults alone loses nothing: other edges read what the log has, and the edge that wrote it gives back what the
// log lost.
func Test_a_revocation_that_the_log_lost_before_anyone_read_it_comes_back_with_the_edge_that_crashed(t *testing.T) {
	for name, then := range map[string]time.Duration{"right after its answer": 0, "once a copy on disk holds it": 25 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &memLog{}
				line := &deafLog{memLog: log}
				a, other := startDurable(t, log, t.TempDir(), 0), startEdge(t, line)
				defer other.stop()
				time.Sleep(15 * time.Second)
				line.deaf.Store(true)
				time.Sleep(2 * time.Second) // a read that was under way has ended
				gone, names := ended()
				if d, err := a.writer.Write(t.Context(), gone); d != revocation.Delivered || err != nil {
					t.Fatal(d, err)
				}
				time.Sleep(then)
				dir := a.crash(t)
				log.flush(everyShard()...)
				line.deaf.Store(false)
				time.Sleep(5 * time.Second)
				if other.Standing(&names).Revoked {
					t.Fatal("another edge has heard of it: this test shows nothing")
				}

				a = startDurable(t, log, dir, 0)
				if !a.Standing(&names).Revoked {
					t.Error("the edge that had answered for it does not refuse it from the first moment")
				}
				time.Sleep(5 * time.Second)
				if !other.Standing(&names).Revoked || a.writer.Pending() != 0 {
					t.Errorf("five seconds after that edge is back another refuses %v; %d wait", other.Standing(&names).Revoked, a.writer.Pending())
				}
			})
		})
	}
}

// What is given back are entries, not an incarnation: sessions of the lost one stay refused, those of the new one good.
func Test_what_comes_back_under_another_incarnation_revives_nobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startDurable(t, log, t.TempDir(), 0)
		time.Sleep(5 * time.Second)
		before := a.mint(t)
		gone, names := ended()
		if d, err := a.writer.Write(t.Context(), gone); d != revocation.Delivered || err != nil {
			t.Fatal(d, err)
		}
		dir := a.crash(t)
		log.flush(everyShard()...)
		other := startEdge(t, log)
		defer other.stop()
		time.Sleep(10 * time.Second)
		live := other.mint(t)

		a = startDurable(t, log, dir, 0)
		time.Sleep(10 * time.Second)
		for _, e := range []*edge{a.edge, other} {
			if !e.Standing(&names).Revoked {
				t.Error("an edge does not know what came back")
			}
			if e.Standing(&before).Vouched {
				t.Error("an edge vouches for an incarnation that was lost")
			}
			if st := e.Standing(&live); !st.Vouched || st.Revoked {
				t.Errorf("a session of the new incarnation: %+v", st)
			}
		}
	})
}

// slowBox is a disk that takes its time, or hangs.
type slowBox struct {
	takes time.Duration
	hangs chan struct{} // until it is closed
	adds  atomic.Int32

	mu   sync.Mutex // guards kept
	kept []revocation.Entry
}

func (b *slowBox) Add(entries []revocation.Entry) error {
	b.adds.Add(1)
	if b.hangs != nil {
		<-b.hangs
	}
	time.Sleep(b.takes)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, entries...)
	return nil
}

func (b *slowBox) Keep(entries []revocation.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = entries
	return nil
}

func (b *slowBox) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.kept)
}

// startWriter runs a writer without a follower.
func startWriter(t *testing.T, log revocation.Sink, box revocation.Outbox, left []revocation.Entry) (w *revocation.Writer, stop func()) {
	t.Helper()
	w = revocation.NewWriter(log, revocation.NewReplica(time.Now), "", func(int) {})
	w.Resume(box, left, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.Run(ctx) })
	return w, func() { cancel(); wg.Wait() }
}

func Test_revocations_that_meet_at_the_disk_share_its_syncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &slowBox{takes: 10 * time.Millisecond}
		w, stop := startWriter(t, &memLog{}, box, nil)
		defer stop()
		var all sync.WaitGroup
		for _, e := range families(40) {
			all.Go(func() {
				if d, err := w.Write(t.Context(), e); d != revocation.Delivered || err != nil {
					t.Error(d, err)
				}
			})
		}
		all.Wait()
		if n := box.adds.Load(); n > 3 || box.Len() != 40 {
			t.Errorf("%d syncs for 40 revocations at once, of which %d are kept", n, box.Len())
		}
	})
}

func Test_a_disk_that_hangs_holds_up_one_revocation_and_no_other(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, box := &memLog{}, &slowBox{hangs: make(chan struct{})}
		w, stop := startWriter(t, log, box, nil)
		defer stop()
		var first sync.WaitGroup
		all := families(3)
		first.Go(func() { _, _ = w.Write(t.Context(), all[0]) })
		synctest.Wait()
		began := time.Now()
		if d, err := w.Write(t.Context(), all[1]); d != revocation.Delivered || err != nil || w.Kept() {
			t.Errorf("beside a disk that hangs: %v, %v, kept %v", d, err, w.Kept())
		}
		log.setDown(true)
		if d, err := w.Write(t.Context(), all[2]); d != revocation.InMemory || err != nil {
			t.Errorf("with the log away as well: %v, %v", d, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("two revocations took %v", took)
		}
		log.setDown(false)
		time.Sleep(3 * time.Second)
		if w.Pending() != 0 {
			t.Error("a disk that hangs keeps revocations from the log")
		}
		close(box.hangs)
		first.Wait()
		time.Sleep(3 * time.Second)
		if !w.Kept() || box.Len() != 3 {
			t.Errorf("once the disk is back: kept %v, %d on it", w.Kept(), box.Len())
		}
	})
}

func Test_what_a_full_disk_cannot_keep_is_delivered_all_the_same_and_kept_once_there_is_room(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &brokenBox{}
		w, stop := startWriter(t, &memLog{}, box, nil)
		box.full.Store(true)
		gone, _ := ended()
		if d, err := w.Write(t.Context(), gone); d != revocation.Delivered || err != nil || w.Kept() {
			t.Errorf("%v, %v; kept %v", d, err, w.Kept())
		}
		box.full.Store(false)
		time.Sleep(3 * time.Second)
		stop() // the box belongs to the writer until then
		if !w.Kept() || box.Len() != 1 {
			t.Errorf("kept %v, %d on the disk", w.Kept(), box.Len())
		}
	})
}

func Test_what_was_delivered_is_kept_until_a_copy_holds_it_and_the_newest_past_the_limit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &slowBox{}
		w, stop := startWriter(t, &memLog{}, box, nil)
		defer stop()
		write := func(entries []revocation.Entry) {
			t.Helper()
			for _, e := range entries {
				if d, err := w.Write(t.Context(), e); d != revocation.Delivered || err != nil {
					t.Fatal(d, err)
				}
			}
		}
		write(families(5))
		saved := w.Saving()
		write(families(2)) // while the copy is written
		if box.Len() != 7 {
			t.Errorf("%d of 7 are kept before a copy is on the disk", box.Len())
		}
		saved()
		if box.Len() != 2 {
			t.Errorf("%d are kept beside a copy that lacks 2", box.Len())
		}

		many := families(1000)
		write(many)
		time.Sleep(3 * time.Second)
		if n := box.Len(); n > 200 {
			t.Errorf("%d are kept, with a limit of 100", n)
		}
		if !slices.Contains(box.kept, many[999]) {
			t.Error("the newest is not among them")
		}
		w.Saving()()
		if box.Len() != 0 {
			t.Errorf("%d are kept beside a copy that holds all", box.Len())
		}
	})
}

func Test_an_entry_that_ended_long_ago_is_not_given_back_and_one_that_ended_just_now_is(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := families(3)
		now := revocation.MillisOf(time.Now())
		left[0].Since, left[0].Until = 1, now-25*3_600_000
		left[1].Since, left[1].Until = 1, now-3_600_000
		log, box := &memLog{down: true}, &slowBox{kept: left}
		w, stop := startWriter(t, log, box, left)
		defer stop()
		if n := w.Pending(); n != 2 {
			t.Errorf("%d wait", n)
		}
		log.setDown(false)
		time.Sleep(3 * time.Second)
		b, _ := log.Snapshot(t.Context(), left[1].Shard())
		if w.Pending() != 0 || len(b.Entries) == 0 {
			t.Errorf("%d wait, the log has %v", w.Pending(), b.Entries)
		}
	})
}
