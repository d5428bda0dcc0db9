package revocation_test

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// edge is one follower with its copy and its writer, in virtual time.
type edge struct {
	*revocation.Replica
	writer *revocation.Writer
	fleet  *revocation.Fleet // nil: the others do not hear of it
	log    sharedLog
	stop   func()

	mu   sync.Mutex // guards seen
	seen map[revocation.Happening]int
}

// sharedLog is what an edge needs of a log.
type sharedLog interface {
	revocation.Stream
	revocation.Sink
}

func startEdge(t *testing.T, log sharedLog) *edge {
	t.Helper()
	e := prepareEdge(log)
	e.run(t)
	return e
}

func prepareEdge(log sharedLog) *edge {
	e := &edge{Replica: revocation.NewReplica(time.Now), log: log, seen: map[revocation.Happening]int{}}
	e.writer = revocation.NewWriter(log, e.Replica, "here", func(int) {})
	e.fleet = revocation.NewFleet(revocation.FleetOptions{Self: revocation.NewOrigin("edge"), Now: time.Now})
	return e
}

func (e *edge) run(t *testing.T) {
	t.Helper()
	f := revocation.NewFollower(revocation.FollowerOptions{
		Stream: e.log, Sink: e.log, Replica: e.Replica, Log: slog.New(slog.DiscardHandler), Now: time.Now, Grace: revocation.DefaultGrace, Fleet: e.fleet,
		Notify: func(h revocation.Happening, _ string) { e.mu.Lock(); e.seen[h]++; e.mu.Unlock() },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = f.Run(ctx) })
	wg.Go(func() { _ = e.writer.Run(ctx) })
	e.stop = func() { cancel(); wg.Wait() }
}

// twoEdges is a new log with two edges that have followed it for a while.
func twoEdges(t *testing.T) (log *memLog, a, b *edge) {
	t.Helper()
	log = &memLog{}
	a, b = startEdge(t, log), startEdge(t, log)
	time.Sleep(10 * time.Second)
	return log, a, b
}

func (e *edge) happened(h revocation.Happening) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen[h]
}

// mint is a session of the edge's present incarnation.
func (e *edge) mint(t *testing.T) revocation.Names {
	t.Helper()
	inc, ok := e.Current()
	if !ok {
		t.Fatal("the edge has no incarnation to mint under")
	}
	b := bearer(time.Now())
	b.Incarnation = inc
	return b.Names()
}

func bearer(epoch time.Time) revocation.Bearer {
	return revocation.Bearer{
		ID: identity.NewSessionID(), Family: identity.NewFamily(), Device: identity.NewDeviceID(),
		Subject:    identity.Subject{Issuer: "https://id.test", Sub: "alice"},
		IdPSession: identity.IdPSession{Issuer: "https://id.test", SID: "s1"}, Epoch: epoch,
	}
}

// everyone is a register of everybody's not-before, as of now.
func everyone() revocation.Entry {
	now := revocation.MillisOf(time.Now())
	return revocation.Entry{Register: revocation.All(), Value: revocation.Value{Since: now, Until: now + 3_600_000, Reason: "test"}}
}

func Test_a_new_log_is_begun_once_and_both_edges_mint_under_it(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		ia, oka := a.Current()
		ib, okb := b.Current()
		if !oka || !okb || ia != ib {
			t.Fatalf("edges mint under %v (%v) and %v (%v)", ia, oka, ib, okb)
		}
		if n := a.mint(t); !b.Standing(&n).Vouched {
			t.Error("the other edge does not vouch for a session of the same log")
		}
	})
}

func Test_a_revocation_on_one_edge_denies_on_the_other_before_the_next_probe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		n := a.mint(t)
		if d, err := a.writer.Write(t.Context(), everyone()); err != nil || d != revocation.Delivered {
			t.Fatalf("write: %v, %v", d, err)
		}
		if !a.Standing(&n).Revoked {
			t.Error("the edge that wrote it does not know it at once")
		}
		time.Sleep(50 * time.Millisecond)
		if !b.Standing(&n).Revoked {
			t.Error("the other edge does not know it after 50 ms")
		}
	})
}

func Test_staleness_is_zero_to_one_second_while_all_is_well_and_grows_without_bound_when_the_log_is_down(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startEdge(t, log)
		defer a.stop()
		if a.Ready() || a.Staleness() != math.MaxInt64 {
			t.Error("an edge that read nothing claims to know how old its copy is")
		}
		time.Sleep(10 * time.Second)
		if s := a.Staleness(); s > time.Second {
			t.Errorf("staleness is %v with a log that answers", s)
		}
		log.setDown(true)
		time.Sleep(time.Minute)
		if s := a.Staleness(); s < 59*time.Second || s > 62*time.Second {
			t.Errorf("staleness is %v after a minute without the log", s)
		}
		n := a.mint(t)
		if st := a.Standing(&n); !st.Vouched || st.Revoked {
			t.Errorf("an outage changed a standing: %+v", st)
		}
		log.setDown(false)
		time.Sleep(3 * time.Second)
		if s := a.Staleness(); s > time.Second {
			t.Errorf("staleness is %v after the log came back", s)
		}
	})
}

func Test_RS02_a_flushed_log_is_given_back_and_what_was_revoked_stays_revoked_everywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(10 * time.Second)
		before, _ := a.Current()
		n := a.mint(t)
		if _, err := a.writer.Write(t.Context(), everyone()); err != nil {
			t.Fatal(err)
		}
		all := make([]int, revocation.Shards)
		for i := range all {
			all[i] = i
		}
		log.flush(all...)
		fresh := startEdge(t, log) // knows nothing, sees an empty log
		defer fresh.stop()
		time.Sleep(10 * time.Second)
		if after, _ := a.Current(); after != before {
			t.Error("the log's incarnation changed although an edge still knew everything")
		}
		if a.happened(revocation.Reseeded) == 0 {
			t.Error("nobody gave the log its entries back")
		}
		st := fresh.Standing(&n)
		if !st.Vouched || !st.Revoked {
			t.Errorf("an edge that began on the flushed log says %+v of a revoked session", st)
		}
	})
}

func Test_a_log_that_lost_one_shard_while_no_edge_ran_begins_a_new_incarnation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startEdge(t, log)
		time.Sleep(10 * time.Second)
		n := a.mint(t)
		a.stop()
		log.flush(5)
		b := startEdge(t, log)
		defer b.stop()
		time.Sleep(20 * time.Second)
		if _, ok := b.Current(); !ok {
			t.Fatal("the edge never became ready")
		}
		if b.Standing(&n).Vouched {
			t.Error("the edge vouches for sessions although a part of their log was lost")
		}
	})
}

func Test_a_trimmed_stream_is_made_up_for_by_the_snapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		n := a.mint(t)
		log.appendAndTrim(everyone())
		time.Sleep(3 * time.Second)
		if !b.Standing(&n).Revoked {
			t.Error("an entry that was trimmed before it was read is not known")
		}
	})
}

func Test_what_is_written_during_an_outage_acts_here_at_once_and_elsewhere_afterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		n := a.mint(t)
		log.setDown(true)
		d, err := a.writer.Write(t.Context(), everyone())
		if err != nil || d != revocation.InMemory || a.writer.Pending() != 1 {
			t.Fatalf("write without a log: %v, %v, %d pending", d, err, a.writer.Pending())
		}
		if !a.Standing(&n).Revoked || b.Standing(&n).Revoked {
			t.Error("want it to act on this edge at once and on the other not yet")
		}
		log.setDown(false)
		time.Sleep(5 * time.Second)
		if !b.Standing(&n).Revoked || a.writer.Pending() != 0 {
			t.Error("the outbox was not delivered")
		}
	})
}

func Test_a_login_after_a_not_before_lives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(10 * time.Second)
		old := a.mint(t)
		if _, err := a.writer.Write(t.Context(), everyone()); err != nil {
			t.Fatal(err)
		}
		b := bearer(time.Now()) // in the same millisecond
		names := b.Names()
		b.Epoch = time.UnixMilli(int64(a.NotBefore(&names)) + 1)
		b.Incarnation, _ = a.Current()
		fresh := b.Names()
		if !a.Standing(&old).Revoked || a.Standing(&fresh).Revoked {
			t.Error("want the session before the not-before ended and the one after it alive")
		}
	})
}

func Test_an_edge_that_starts_without_its_log_is_not_ready_until_it_is_there(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{down: true}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(time.Minute)
		if _, ok := a.Current(); ok || a.Ready() {
			t.Error("the edge is ready without a log")
		}
		log.setDown(false)
		time.Sleep(10 * time.Second)
		if _, ok := a.Current(); !ok {
			t.Error("the edge did not become ready by itself")
		}
	})
}

func Test_nobody_mints_under_an_incarnation_that_is_still_forming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startEdge(t, log)
		defer a.stop()
		time.Sleep(10 * time.Second)
		before, _ := a.Current()
		next := identity.NewIncarnation()
		for i := range revocation.Shards {
			if _, err := log.Begin(t.Context(), i, before, next, i == 0); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		if now, _ := a.Current(); now != before {
			t.Errorf("the edge mints under %v, which is forming", now)
		}
		if _, err := log.Begin(t.Context(), 0, next, next, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if now, _ := a.Current(); now != next {
			t.Errorf("the edge mints under %v and not under the incarnation that was formed", now)
		}
	})
}
