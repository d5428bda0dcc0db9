package revocation_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// strayLog is a log whose blocking reads another server answers, as a master does whose place was taken, to whoever has not heard of it.
type strayLog struct {
	*memLog
	other  *memLog
	stray  atomic.Bool
	probes atomic.Int64 // of shard 0
}

func (l *strayLog) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	if wait > 0 && l.stray.Load() {
		return l.other.Read(ctx, shard, after, wait)
	}
	return l.memLog.Read(ctx, shard, after, wait)
}

func (l *strayLog) Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error) {
	time.Sleep(time.Millisecond) // else a storm would stop the clock
	if shard == 0 {
		l.probes.Add(1)
	}
	return l.memLog.Probe(ctx, shard, mine)
}

// astray is an edge that has followed such a log for a while.
func astray(t *testing.T) (*strayLog, *edge) {
	t.Helper()
	log := &strayLog{memLog: &memLog{}, other: &memLog{}}
	e := startEdge(t, log)
	time.Sleep(10 * time.Second)
	log.stray.Store(true)
	time.Sleep(2 * time.Second) // reads that were under way have ended
	return log, e
}

// put writes an entry, of which nobody who waits hears yet.
func put(l *memLog, e revocation.Entry) {
	l.mu.Lock()
	l.put(e)
	l.mu.Unlock()
	time.Sleep(time.Millisecond)
}

func (l *memLog) tellAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake()
}

func Test_what_another_server_tells_an_edge_that_listens_hides_nothing_of_the_log(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, e := astray(t)
		defer e.stop()
		revoked, names := ended()
		elsewhere, told := ended()
		next, _ := ended()
		before := log.probes.Load()
		put(log.memLog, revoked)
		put(log.other, elsewhere)
		put(log.memLog, next)
		if log.probes.Load() != before {
			t.Fatal("the edge has asked meanwhile: this test shows nothing")
		}
		log.other.tellAll()
		time.Sleep(3 * time.Second)
		if !e.Standing(&told).Revoked {
			t.Error("what the other server told is not refused")
		}
		if !e.Standing(&names).Revoked {
			t.Errorf("a revocation in the log is not known, and the copy is said to be %v old", e.ShardStaleness(0))
		}
	})
}

func Test_an_edge_that_listens_to_a_server_which_is_ahead_of_the_log_asks_no_more_often(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, e := astray(t)
		defer e.stop()
		elsewhere, _ := ended()
		put(log.other, elsewhere)
		log.other.mu.Lock()
		log.other.shards[0].stream[0].at.Major += 3_600_000 // its clock is an hour ahead
		log.other.mu.Unlock()
		log.other.tellAll()
		before := log.probes.Load()
		time.Sleep(10 * time.Second)
		if n := log.probes.Load() - before; n > 20 || e.happened(revocation.Gap) > 0 {
			t.Errorf("in ten seconds it probed %d times and told of %d gaps", n, e.happened(revocation.Gap))
		}
	})
}

func Test_a_burst_of_revocations_acts_at_once_and_is_asked_about_once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &strayLog{memLog: &memLog{}}
		e := startEdge(t, log)
		defer e.stop()
		time.Sleep(10*time.Second + 100*time.Millisecond) // the next probe is not due yet
		before := log.probes.Load()
		for range 10 {
			entry, names := ended()
			put(log.memLog, entry)
			log.tellAll()
			if synctest.Wait(); !e.Standing(&names).Revoked {
				t.Error("a revocation is not heard of at once")
			}
		}
		time.Sleep(500 * time.Millisecond)
		if n := log.probes.Load() - before; n > 4 {
			t.Errorf("ten revocations within ten milliseconds cost %d probes", n)
		}
	})
}
