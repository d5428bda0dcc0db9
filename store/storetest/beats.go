package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/revocation"
)

// hear probes a shard and returns its beats in the order of their origins.
func hear(t *testing.T, s Subject, shard int, mine revocation.Beat) (all []revocation.Beat, at revocation.Millis) {
	t.Helper()
	head, err := s.Probe(t.Context(), shard, mine)
	must(t, err)
	if head.Unread != "" {
		t.Errorf("unread: %s", head.Unread)
	}
	slices.SortFunc(head.Beats, func(a, b revocation.Beat) int { return cmp.Compare(a.Origin, b.Origin) })
	return head.Beats, head.Time
}

func beats(t *testing.T, s Subject) {
	first := revocation.Beat{Origin: revocation.NewOrigin("a.example"), Read: 1_700_000_000_123,
		Cursor: revocation.Cursor{Major: 1_700_000_000_000, Minor: 7}, Clock: -1500 * time.Millisecond, Region: "eu-1"}
	second := revocation.Beat{Origin: revocation.NewOrigin("b")}
	_, first.At = hear(t, s, 3, first)
	_, second.At = hear(t, s, 3, second)
	want := func(when string, want ...revocation.Beat) {
		t.Helper()
		got, _ := hear(t, s, 3, revocation.Beat{})
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	want("both", first, second)
	if other, _ := hear(t, s, 4, revocation.Beat{}); len(other) > 0 {
		t.Errorf("another shard hears %v", other)
	}
	if heard, _ := hear(t, s, 3, revocation.Beat{Deaf: true}); len(heard) > 0 {
		t.Errorf("who does not listen hears %v", heard)
	}
	first.Read, first.Region = 1_700_000_001_000, ""
	_, first.At = hear(t, s, 3, first)
	want("after a newer one", first, second)
	hear(t, s, 3, revocation.Beat{Origin: first.Origin, Gone: true})
	want("after the first has gone", second)
	hear(t, s, 3, revocation.Beat{Origin: first.Origin, Gone: true})
	want("after it has gone twice", second)
}

func listens(t *testing.T, s Subject) {
	before := revocation.MillisOf(time.Now().Add(-time.Minute))
	got, at := hear(t, s, 3, revocation.Beat{Region: "eu-1", Read: 5})
	if len(got) > 0 {
		t.Errorf("somebody is heard: %v", got)
	}
	if at < before {
		t.Errorf("the log's clock says %v", at.Time())
	}
}
