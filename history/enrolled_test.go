package history_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/file"
)

func requireEnrolled(t *testing.T, b *bed, want time.Time) {
	t.Helper()
	if at, err := b.Enrolled(t.Context(), alice); err != nil || !at.Equal(want) {
		t.Errorf("enrolled at %v, %v, want %v", at, err, want)
	}
}

func TestTheLatestEnrolmentCountsThoughEarlierOnesAreWrittenAfterIt(t *testing.T) {
	b := newBed(t, openFile(t))
	requireEnrolled(t, b, time.Time{})
	must(t, b.MarkEnrolled(t.Context(), bob, noon.Add(time.Hour)))
	must(t, b.MarkEnrolled(t.Context(), alice, noon))
	for i := range 40 {
		must(t, b.MarkEnrolled(t.Context(), alice, noon.Add(-time.Duration(i)*time.Second)))
		requireEnrolled(t, b, noon)
	}
	must(t, b.MarkEnrolled(t.Context(), alice, noon.Add(time.Millisecond)))
	requireEnrolled(t, b, noon.Add(time.Millisecond))
}

func TestOfEnrolmentsThatTwoEdgesMarkAtOnceTheLatestCounts(t *testing.T) {
	server := redistest.Start(t)
	edges := []*bed{newBed(t, openRedis(t, server)), newBed(t, openRedis(t, server))}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := edges[i%2].MarkEnrolled(t.Context(), alice, noon.Add(-time.Duration(i)*time.Second)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	requireEnrolled(t, edges[0], noon)
}

func TestAMarkThatCannotBeReadIsNotKnownRatherThanNone(t *testing.T) {
	for name, value := range map[string][]byte{
		"empty": {}, "of a later release": {2, 0, 0, 0, 0, 0, 1}, "short": {1, 0, 0, 0, 0, 1}, "long": {1, 0, 0, 0, 0, 0, 0, 1},
	} {
		m := newMemory()
		b := newBed(t, m)
		must(t, b.MarkEnrolled(t.Context(), alice, noon))
		key := m.onlyKey(t)
		m.lists[key] = append(m.lists[key], value)
		if at, err := b.Enrolled(t.Context(), alice); err == nil || !at.IsZero() {
			t.Errorf("%s: enrolled at %v, %v", name, at, err)
		}
		must(t, b.MarkEnrolled(t.Context(), alice, noon.Add(time.Second)))
		m.lists[key] = m.lists[key][:2]
		requireEnrolled(t, b, noon.Add(time.Second))
	}
}

func TestAMarkIsKeptFor720HoursAfterTheLast(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := file.Open(dir)
		must(t, err)
		b := newBed(t, s)
		must(t, b.MarkEnrolled(t.Context(), alice, noon))
		time.Sleep(700 * time.Hour)
		must(t, b.MarkEnrolled(t.Context(), alice, noon.Add(-time.Hour)))
		time.Sleep(720*time.Hour - time.Millisecond)
		requireEnrolled(t, b, noon)
		time.Sleep(2 * time.Millisecond)
		requireEnrolled(t, b, time.Time{})
		must(t, s.Close())
	})
}
