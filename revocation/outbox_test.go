package revocation_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// tediousLog takes a millisecond for each entry, and nothing of a call that runs out of time.
type tediousLog struct{ *memLog }

func (l tediousLog) Append(ctx context.Context, entries []revocation.Entry) error {
	time.Sleep(time.Duration(len(entries)) * time.Millisecond)
	return l.memLog.Append(ctx, entries)
}

func families(n int) (entries []revocation.Entry) {
	now := revocation.MillisOf(time.Now())
	for range n {
		entries = append(entries, revocation.Entry{Register: revocation.Family(identity.NewFamily()), Value: revocation.Value{Since: now, Until: now + 3_600_000}})
	}
	return entries
}

func Test_an_outbox_that_takes_longer_than_one_call_may_is_delivered_piece_by_piece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{down: true}
		a := startEdge(t, tediousLog{log})
		defer a.stop()
		for _, e := range families(5000) {
			if _, err := a.writer.Write(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		log.setDown(false)
		time.Sleep(time.Minute)
		if n := a.writer.Pending(); n != 0 {
			t.Errorf("%d of 5000 entries wait a minute after the log came back", n)
		}
	})
}

// lonelyLog takes everything and, as long as it is alone, confirms nothing.
type lonelyLog struct {
	*memLog
	alone  atomic.Bool
	writes atomic.Int64
}

func (l *lonelyLog) Append(ctx context.Context, entries []revocation.Entry) error {
	if err := l.memLog.Append(ctx, entries); err != nil {
		return err
	}
	l.writes.Add(int64(len(entries)))
	if l.alone.Load() {
		return revocation.ErrUnacknowledged
	}
	return nil
}

func Test_what_too_few_copies_confirm_reaches_the_others_and_waits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &lonelyLog{memLog: &memLog{}}
		log.alone.Store(true)
		a, b := startEdge(t, log), startEdge(t, log.memLog)
		defer a.stop()
		defer b.stop()
		time.Sleep(time.Minute) // both follow the log, and have nothing to compare any more
		log.setDown(true)
		for _, e := range families(5000) {
			if d, err := a.writer.Write(t.Context(), e); err != nil || d == revocation.Delivered {
				t.Fatal(d, err)
			}
		}
		log.setDown(false)
		time.Sleep(time.Minute)
		if n := a.writer.Pending(); n != 5000 {
			t.Errorf("%d entries wait, though nothing was confirmed", n)
		}
		if n := b.Len(); n != 5000 {
			t.Errorf("the other edge has %d of 5000", n)
		}
		if n, most := log.writes.Load(), int64(5000+130*200); n > most { // the first piece again, at most twice a second
			t.Errorf("%d entries were written for 5000, want at most %d", n, most)
		}
		log.alone.Store(false)
		time.Sleep(time.Minute)
		if n := a.writer.Pending(); n != 0 {
			t.Errorf("%d entries wait though they are confirmed", n)
		}
	})
}

func Test_an_entry_that_no_log_could_keep_is_refused_and_holds_up_nothing(t *testing.T) {
	replica := revocation.NewReplica(time.Now)
	w := revocation.NewWriter(&memLog{}, replica, "", func(int) {})
	for name, e := range map[string]revocation.Entry{
		"a level that is no name": {Register: revocation.Floor(identity.Subject{Issuer: "i", Sub: "s"}, "No Level"), Value: revocation.Value{Since: 1, Until: 2}},
		"a time before 1970":      {Register: revocation.All(), Value: revocation.Value{Since: -1, Until: 2}},
		"a scope that is none":    {Register: revocation.Register{Scope: 99, Kind: revocation.KindRevoked}, Value: revocation.Value{Since: 1, Until: 2}},
	} {
		if d, err := w.Write(t.Context(), e); err == nil {
			t.Errorf("%s: %v", name, d)
		}
	}
	if replica.Len() != 0 || w.Pending() != 0 {
		t.Errorf("%d registers, %d pending", replica.Len(), w.Pending())
	}
}
