package revocation_test

import (
	"context"
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
