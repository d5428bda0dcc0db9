package sessions_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/store"
)

func TestASessionComesBackAsItWasRecorded(t *testing.T) {
	b := open(t)
	for _, sub := range []string{"a-1", "\xff\x00 bytes", "名前"} {
		r := b.fresh(identity.Subject{Issuer: "https://idp.test", Sub: sub}, 8)
		r.SID, r.Level, r.Reasons = "sid \xfe\x00\r\n", identity.High, []string{"time_zones", "new_device"}
		r.RaisedAt, r.Place = r.FirstSeen.Add(-time.Minute), sessions.Place{Private: true, Prefix: "10.0.0.0/24"}
		r.Assurance = identity.Assurance{ACR: "mfa", AMR: []string{"pwd", "hwk"}, AuthTime: r.FirstSeen.Truncate(time.Second)}
		b.record(r)
		if diff := cmp.Diff([]sessions.Record{r}, b.of(r.Subject)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", sub, diff)
		}
	}
	if got := b.of(identity.Subject{Issuer: "https://other.test", Sub: "a-1"}); len(got) != 0 {
		t.Errorf("another issuer's subject has %v", got)
	}
}

func TestTheStoreShowsNobody(t *testing.T) {
	b := open(t)
	r := b.record(b.fresh(alice, 8))
	key, rows := b.roll()
	for _, name := range []string{alice.Sub, "alice", "corp.test", "203.0.113", "Berlin", "Firefox", string(r.Device[:]), string(r.ID[:])} {
		if bytes.Contains([]byte(key), []byte(name)) || bytes.Contains(rows[r.Family.String()], []byte(name)) {
			t.Errorf("it shows %q", name)
		}
	}
	if len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestASessionThatIsSeenAgainKeepsWhenItWasFirstSeen(t *testing.T) {
	b := open(t)
	login := b.record(b.fresh(alice, 8))
	b.offset = 20 * time.Minute
	stepped := b.fresh(alice, 8)
	stepped.Family, stepped.Level, stepped.Ends = login.Family, identity.High, login.Ends
	b.record(stepped)
	want := stepped
	want.FirstSeen = login.FirstSeen
	if diff := cmp.Diff([]sessions.Record{want}, b.of(alice)); diff != "" {
		t.Errorf("after a step-up (-want +got):\n%s", diff)
	}
	late := login
	late.FirstSeen = login.FirstSeen.Add(-time.Second)
	b.record(late)
	want.FirstSeen = late.FirstSeen
	if diff := cmp.Diff([]sessions.Record{want}, b.of(alice)); diff != "" {
		t.Errorf("after what another edge had waiting since before (-want +got):\n%s", diff)
	}
}

func TestAnEpochAheadOfTheClockIsNoTimeAtWhichASessionWasSeen(t *testing.T) {
	now := time.Now()
	r := sessions.Of(&session.Session{Epoch: now.Add(identity.MaxClockSkew)}, sessions.Sight{LastSeen: now})
	if !r.FirstSeen.Equal(now) {
		t.Errorf("first seen %v, at %v", r.FirstSeen, now)
	}
}

func TestTheLastSeenComesFirst(t *testing.T) {
	b := open(t)
	var want []identity.Family
	for i := range 3 {
		b.offset = time.Duration(i) * time.Minute
		want = append([]identity.Family{b.record(b.fresh(alice, 8)).Family}, want...)
	}
	var got []identity.Family
	for _, r := range b.of(alice) {
		got = append(got, r.Family)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARecordThatWasMovedOrDamagedIsLeftOutAndTold(t *testing.T) {
	b := open(t)
	good := b.record(b.fresh(alice, 8))
	key, rows := b.roll()
	sealed := rows[good.Family.String()]
	bent := append(bytes.Clone(sealed[:len(sealed)-2]), "AA"...)
	for row, value := range map[string][]byte{"moved": sealed, identity.NewFamily().String(): sealed, "bent": bent, "empty": nil, "junk": []byte("{}")} {
		must(t, b.store.Enter(t.Context(), key, row, value, 99, time.Hour))
	}
	if got := families(b.of(alice)); !cmp.Equal(got, []identity.Family{good.Family}) || b.unreadable.Load() != 5 {
		t.Errorf("got %v, and %d are told of", got, b.unreadable.Load())
	}
	all, _, err := b.All(t.Context(), "", 10)
	if must(t, err); !cmp.Equal(families(all), []identity.Family{good.Family}) || b.unreadable.Load() != 10 {
		t.Errorf("walking got %v, and %d are told of", families(all), b.unreadable.Load())
	}
}

func TestARecordOpensAfterTheKeysWereRotated(t *testing.T) {
	b := open(t)
	r := b.record(b.fresh(alice, 8))
	b.addKey()
	if got := families(b.of(alice)); !cmp.Equal(got, []identity.Family{r.Family}) {
		t.Errorf("got %v", got)
	}
}

func TestOfMoreSessionsThanAreKeptTheEndedGoFirst(t *testing.T) {
	b := open(t)
	var live, ended []sessions.Record
	for i := range sessions.Kept {
		r := b.record(b.fresh(alice, 8))
		if i%2 == 0 {
			live = append(live, r)
		} else {
			ended = append(ended, r)
		}
	}
	now := revocation.MillisOf(b.now())
	for _, r := range ended {
		b.log.Apply(revocation.Entry{Register: revocation.Family(r.Family), Value: revocation.Value{Since: now, Until: now + 9*3_600_000}})
	}
	live = append(live, b.record(b.fresh(alice, 1))) // ends before all others
	if diff := cmp.Diff(families(live), families(b.of(alice))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range sessions.Kept {
		b.record(b.fresh(alice, 8))
	}
	if n := len(b.of(alice)); n != sessions.Kept {
		t.Errorf("%d are kept", n)
	}
}

func TestAWalkMeetsEverybody(t *testing.T) {
	b := open(t)
	var want []sessions.Record
	for i := range 25 {
		for range 1 + i%3 {
			want = append(want, b.record(b.fresh(identity.Subject{Issuer: "https://idp.test", Sub: fmt.Sprint(i)}, 8)))
		}
	}
	var got []sessions.Record
	for at, calls := "", 0; calls == 0 || at != ""; calls++ {
		page, next, err := b.All(t.Context(), at, 10)
		must(t, err)
		if len(page) > 12 { // ten, and the rest of a subject's
			t.Errorf("%d at once", len(page))
		}
		got, at = append(got, page...), next
	}
	if diff := cmp.Diff(families(want), families(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, err := b.All(t.Context(), "!", 10); !errors.Is(err, store.ErrCursor) {
		t.Errorf("a cursor that is none: %v", err)
	}
}

func TestWhatIsRemovedIsGone(t *testing.T) {
	b := open(t)
	stays, goes := b.record(b.fresh(alice, 8)), b.record(b.fresh(alice, 8))
	for range 2 {
		must(t, b.Remove(t.Context(), alice, goes.Family))
	}
	if got := families(b.of(alice)); !cmp.Equal(got, []identity.Family{stays.Family}) {
		t.Errorf("got %v", got)
	}
}

func TestWhatCannotBeRecordedIsAnError(t *testing.T) {
	b := open(t)
	past := b.fresh(alice, 1)
	b.offset = time.Hour + 2*identity.MaxClockSkew
	if err := b.Record(t.Context(), past); !errors.Is(err, sessions.ErrEnded) {
		t.Errorf("a session that has ended: %v", err)
	}
	if err := b.Record(t.Context(), b.fresh(identity.Subject{}, 1)); err == nil {
		t.Error("nobody's session is recorded")
	}
	if _, err := b.Of(t.Context(), identity.Subject{}); err == nil {
		t.Error("nobody's sessions are read")
	}
	must(t, b.store.Close())
	_, of := b.Of(t.Context(), alice)
	_, _, all := b.All(t.Context(), "", 1)
	for doing, err := range map[string]error{"recording": b.Record(t.Context(), b.fresh(alice, 1)), "reading": of, "walking": all, "removing": b.Remove(t.Context(), alice, past.Family)} {
		var outage *store.Unavailable
		if !errors.As(err, &outage) {
			t.Errorf("%s with the store away: %v", doing, err)
		}
	}
}
