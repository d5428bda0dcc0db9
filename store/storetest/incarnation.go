package storetest

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

var none identity.Incarnation // read-only: no incarnation

func begin(t *testing.T, s Subject, expect, next identity.Incarnation, forming bool) identity.Incarnation {
	t.Helper()
	now, err := s.Begin(t.Context(), 2, expect, next, forming)
	must(t, err)
	return now
}

func requireHead(t *testing.T, s Subject, current identity.Incarnation, forming bool, held ...identity.Incarnation) {
	t.Helper()
	head, err := s.Probe(t.Context(), 2, revocation.Beat{})
	must(t, err)
	if head.Current != current || head.Forming != forming {
		t.Errorf("current is %v (forming: %v), want %v (forming: %v)", head.Current, head.Forming, current, forming)
	}
	byText := func(a, b identity.Incarnation) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(held, byText)
	slices.SortFunc(head.Held, byText)
	if diff := cmp.Diff(held, head.Held); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
}

func begins(t *testing.T, s Subject) {
	a, b, c := identity.NewIncarnation(), identity.NewIncarnation(), identity.NewIncarnation()
	for _, step := range []struct {
		name              string
		expect, next, now identity.Incarnation
		forming           bool
	}{
		{"another is expected of a new shard", b, a, none, false},
		{"none is there", none, a, a, true},
		{"a retry", none, a, a, true},
		{"a late rival", none, b, a, true},
		{"forming ends", a, a, a, false},
		{"a retry of the beginning, too late", none, a, a, true},
		{"the next one", a, b, b, false},
		{"the earlier one is expected", a, c, b, false},
	} {
		if now := begin(t, s, step.expect, step.next, step.forming); now != step.now {
			t.Errorf("%s: current is %v, want %v", step.name, now, step.now)
		}
		if step.name == "a late rival" {
			requireHead(t, s, a, true, a)
		}
	}
	requireHead(t, s, b, false, a, b)
}

func beginRace(t *testing.T, s Subject) {
	var wg sync.WaitGroup
	var told [20]identity.Incarnation
	var won sync.Map
	for i := range told {
		wg.Go(func() {
			next := identity.NewIncarnation()
			now, err := s.Begin(t.Context(), 2, none, next, true)
			if err != nil {
				t.Error(err)
			}
			if told[i] = now; now == next {
				won.Store(i, true)
			}
		})
	}
	wg.Wait()
	if n := count(&won); n != 1 {
		t.Errorf("%d won", n)
	}
	for _, now := range told {
		if now != told[0] {
			t.Errorf("one was told %v, another %v", told[0], now)
		}
	}
	requireHead(t, s, told[0], true, told[0])
}

func reseeds(t *testing.T, s Subject) {
	first, other := identity.NewIncarnation(), identity.NewIncarnation()
	entries := inShard(2, 450)
	must(t, s.Reseed(t.Context(), 2, first, entries))
	requireHead(t, s, first, false, first)

	more := inShard(2, 3)
	must(t, s.Reseed(t.Context(), 2, other, more))
	must(t, s.Reseed(t.Context(), 2, other, nil))
	requireHead(t, s, first, false, first, other)

	want := registers{}
	want.merge(append(entries, more...))
	if diff := cmp.Diff(want, snapshots(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func reseedsAgain(t *testing.T, s Subject) {
	inc, entries := identity.NewIncarnation(), inShard(2, 10)
	must(t, s.Append(t.Context(), entries))
	before, err := s.Probe(t.Context(), 2, revocation.Beat{})
	must(t, err)
	must(t, s.Reseed(t.Context(), 2, inc, entries))
	after, err := s.Probe(t.Context(), 2, revocation.Beat{})
	must(t, err)
	if after.Last != before.Last {
		t.Errorf("the stream went from %v to %v", before.Last, after.Last)
	}
}

func reseedIsFollowed(t *testing.T, s Subject) {
	entries := inShard(2, 5)
	must(t, s.Append(t.Context(), entries[:2]))
	_, next := readAll(t, s, 2, revocation.Cursor{})
	grown := entries[0]
	grown.Until++
	given := append([]revocation.Entry{grown}, entries[1:]...)
	must(t, s.Reseed(t.Context(), 2, identity.NewIncarnation(), given))
	got, _ := readAll(t, s, 2, next)
	if diff := cmp.Diff([]revocation.Entry{grown, entries[2], entries[3], entries[4]}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
