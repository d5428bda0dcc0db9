package revocation_test

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// floor is an entry that raises the subject of bearer.
func floor(level identity.Level, since, until revocation.Millis) revocation.Entry {
	return revocation.Entry{Register: revocation.Floor(bearer(time.Time{}).Subject, level), Value: revocation.Value{Since: since, Until: until, Reason: "zones", Actor: "risk"}}
}

// floors are those that a copy of the log knows of a bearer, by level.
func floors(r *revocation.Replica, b revocation.Bearer) []revocation.FloorValue {
	names := b.Names()
	out := r.Standing(&names).Floors
	slices.SortFunc(out, func(a, b revocation.FloorValue) int { return cmp.Compare(a.Level, b.Level) })
	return out
}

func Test_a_subject_has_a_floor_of_each_level_and_others_have_none(t *testing.T) {
	r := revocation.NewReplica(time.Now)
	b := bearer(time.UnixMilli(5))
	r.Apply(floor("high", 10, 100), floor("elevated", 20, 50), floor("high", 5, 200))
	want := []revocation.FloorValue{
		{Level: "elevated", Value: revocation.Value{Since: 20, Until: 50, Reason: "zones", Actor: "risk"}},
		{Level: "high", Value: revocation.Value{Since: 10, Until: 200, Reason: "zones", Actor: "risk"}},
	}
	if diff := gocmp.Diff(want, floors(r, b)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	names := b.Names()
	if st := r.Standing(&names); st.Revoked {
		t.Errorf("a floor ended the session: %+v", st)
	}
	for _, other := range []revocation.Bearer{{Family: b.Family, ID: b.ID, Device: b.Device}, {Subject: identity.Subject{Issuer: b.Subject.Issuer, Sub: "bob"}},
		{Subject: identity.Subject{Issuer: "https://other.test", Sub: b.Subject.Sub}}, {}} {
		if got := floors(r, other); got != nil {
			t.Errorf("%+v is under %+v", other, got)
		}
	}
}

func Test_a_floor_of_another_scope_raises_nobody(t *testing.T) {
	r := revocation.NewReplica(time.Now)
	b := bearer(time.UnixMilli(5))
	for _, scope := range []revocation.Scope{revocation.ScopeDevice, revocation.ScopeFamily, revocation.ScopeSession, revocation.ScopeIdPSession, revocation.ScopeAll, revocation.ScopeTenant} {
		for _, key := range []revocation.Key{revocation.Key(b.Device), revocation.Key(b.Family), revocation.Key(b.ID), revocation.Subject(b.Subject).Key, {}} {
			r.Apply(revocation.Entry{Register: revocation.Register{Scope: scope, Key: key, Kind: revocation.KindFloor, Level: "high"}, Value: revocation.Value{Since: 1, Until: 9}})
		}
	}
	names := b.Names()
	if st := r.Standing(&names); st.Revoked || st.Floors != nil {
		t.Errorf("%+v", st)
	}
}

func Test_the_order_of_floors_does_not_matter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	b := bearer(time.UnixMilli(2))
	for range 500 {
		var entries []revocation.Entry
		for range 1 + rnd.IntN(8) {
			e := floor([]identity.Level{"normal", "elevated", "high"}[rnd.IntN(3)], 0, 0)
			e.Value = randomValue(rnd)
			entries = append(entries, e)
		}
		one, two := revocation.NewReplica(time.Now), revocation.NewReplica(time.Now)
		one.Apply(entries...)
		rnd.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		for _, e := range append(entries, entries...) {
			two.Apply(e)
		}
		if diff := gocmp.Diff(floors(one, b), floors(two, b)); diff != "" {
			t.Fatalf("%+v: %s", entries, diff)
		}
	}
}

func Test_each_floor_changes_the_version_and_a_known_one_does_not(t *testing.T) {
	r := revocation.NewReplica(time.Now)
	seen := r.Version()
	for _, c := range []struct {
		entry revocation.Entry
		news  bool
	}{{floor("high", 10, 100), true}, {floor("high", 10, 100), false}, {floor("high", 9, 90), false}, {floor("high", 9, 110), true}, {floor("high", 11, 90), true},
		{floor("elevated", 10, 100), true}} {
		r.Apply(c.entry)
		if now := r.Version(); (now != seen) != c.news {
			t.Errorf("%+v: version %d after %d", c.entry, now, seen)
		} else {
			seen = now
		}
	}
}

func Test_a_floor_is_forgotten_after_its_end_and_can_come_again(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	r := revocation.NewReplica(func() time.Time { return now })
	b := bearer(now)
	at := revocation.MillisOf(now)
	levels := func() (out []identity.Level) {
		for _, f := range floors(r, b) {
			out = append(out, f.Level)
		}
		return out
	}
	r.Apply(floor("high", at, at+1000), floor("elevated", at, at+1_000_000))
	r.Sweep(at)
	if diff := gocmp.Diff([]identity.Level{"elevated", "high"}, levels()); diff != "" {
		t.Errorf("before their ends: %s", diff)
	}
	now = now.Add(6 * time.Minute)
	r.Sweep(revocation.MillisOf(now))
	if diff := gocmp.Diff([]identity.Level{"elevated"}, levels()); diff != "" || r.Len() != 1 {
		t.Errorf("after the end of one: %s", diff)
	}
	now = now.Add(time.Hour)
	r.Sweep(revocation.MillisOf(now))
	if got := levels(); got != nil || r.Len() != 0 {
		t.Errorf("after all ends: %v", got)
	}
	at = revocation.MillisOf(now)
	r.Apply(floor("high", at, at+1000))
	if got := floors(r, b); len(got) != 1 || got[0].Since != at {
		t.Errorf("raised again: %+v", got)
	}
}

func Test_floors_are_read_written_and_swept_at_once(t *testing.T) {
	r := revocation.NewReplica(time.Now)
	b := bearer(time.Now())
	past, future := revocation.MillisOf(time.Now().Add(-time.Hour)), revocation.MillisOf(time.Now().Add(time.Hour))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range revocation.Millis(500) {
				switch i {
				case 0:
					r.Apply(floor("high", n, future), floor("elevated", n, past))
				case 1:
					r.Sweep(revocation.MillisOf(time.Now()))
				default:
					for _, f := range floors(r, b) {
						if f.Until == 0 {
							t.Errorf("a floor without a value: %+v", f)
						}
					}
				}
			}
		})
	}
	wg.Wait()
	if got := floors(r, b); len(got) == 0 || got[len(got)-1].Since != 499 {
		t.Errorf("afterwards %+v", got)
	}
}

func Test_floors_reach_other_edges_later_ones_and_an_emptied_log(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer func() { a.stop(); b.stop() }()
		at := revocation.MillisOf(time.Now())
		want := []revocation.FloorValue{}
		for _, level := range []identity.Level{"elevated", "high"} {
			e := floor(level, at, at+3_600_000)
			if _, err := a.writer.Write(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			e.Region = "here"
			want = append(want, revocation.FloorValue{Level: level, Value: e.Value})
		}
		time.Sleep(5 * time.Second)
		late := startEdge(t, log)
		defer late.stop()
		time.Sleep(5 * time.Second)
		for name, e := range map[string]*edge{"the writer": a, "the other": b, "one that began later": late} {
			if diff := gocmp.Diff(want, floors(e.Replica, bearer(time.Now()))); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
		log.flush(everyShard()...)
		time.Sleep(10 * time.Second)
		fresh := startEdge(t, log)
		defer fresh.stop()
		time.Sleep(5 * time.Second)
		if diff := gocmp.Diff(want, floors(fresh.Replica, bearer(time.Now()))); diff != "" {
			t.Errorf("after the log was emptied (-want +got)\n%s", diff)
		}
	})
}

func Test_levels_in_the_log_have_the_names_that_a_configuration_can_give(t *testing.T) {
	long := identity.Level(strings.Repeat("a", 32))
	for _, level := range []identity.Level{"a", "high", "level_2", "very-high", long} {
		e := floor(level, 1, 2)
		if got, err := revocation.Decode(e.Encode()); err != nil || got != e {
			t.Errorf("%q came back as %+v, %v", level, got, err)
		}
	}
	w := revocation.NewWriter(&memLog{}, revocation.NewReplica(time.Now), "", func(int) {})
	for _, level := range []identity.Level{"", "High", "2nd", "_x", "so high", "a:b", "a/b", "a\n", "é", long + "a"} {
		e := floor(level, 1, 2)
		if got, err := revocation.Decode(e.Encode()); !errors.Is(err, revocation.ErrUnreadable) {
			t.Errorf("%q was read as %+v, %v", level, got, err)
		}
		if _, err := w.Write(t.Context(), e); !errors.Is(err, revocation.ErrEntry) {
			t.Errorf("%q was written: %v", level, err)
		}
	}
}
