package history_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/file"
)

// constant table: the tests' present, subjects and pepper.
var (
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	alice  = identity.Subject{Issuer: "https://id.test/realms/corp", Sub: "0b8f"}
	bob    = identity.Subject{Issuer: "https://id.test/realms/corp", Sub: "7c21"}
	pepper = [32]byte{1, 2, 3}
)

// memory is a store that a test looks into, damages or takes away.
type memory struct {
	mu    sync.Mutex // guards all below
	lists map[string][][]byte
	down  error
}

func newMemory() *memory { return &memory{lists: map[string][][]byte{}} }

func (m *memory) Push(_ context.Context, key string, value []byte, newest int, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	all := append([][]byte{value}, m.lists[key]...)
	m.lists[key] = all[:min(newest, len(all))]
	return nil
}

func (m *memory) List(_ context.Context, key string) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.lists[key]), m.down
}

func (m *memory) Erase(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.lists, key)
	return m.down
}

// onlyKey is the key of the one list that there is.
func (m *memory) onlyKey(t *testing.T) string {
	t.Helper()
	keys := slices.Collect(maps.Keys(m.lists))
	if len(keys) != 1 {
		t.Fatalf("keys %q", keys)
	}
	return keys[0]
}

func (m *memory) takeAway() {
	m.down = &store.Unavailable{Doing: "asking", Where: "memory", Err: errors.New("down")}
}

// bed is a history over a store, with a clock and a count of what was left out.
type bed struct {
	*history.History
	now        time.Time
	pepper     [32]byte
	unreadable int
	t          *testing.T
}

func newBed(t *testing.T, s history.Lists) *bed {
	b := &bed{now: noon, pepper: pepper, t: t}
	b.History = history.New(history.Options{
		Store:  s,
		Pepper: func() ([32]byte, bool) { return b.pepper, b.pepper != [32]byte{} },
		Now:    func() time.Time { return b.now },
		Unreadable: func(_ context.Context, who identity.Subject, entries int) {
			if who != alice {
				t.Errorf("the history of %v is said to be unreadable", who)
			}
			b.unreadable += entries
		},
	})
	return b
}

func (b *bed) record(who identity.Subject, sightings ...policy.Sighting) {
	b.t.Helper()
	for _, s := range sightings {
		must(b.t, b.Record(b.t.Context(), who, s))
	}
}

func (b *bed) read(who identity.Subject) []policy.Sighting {
	b.t.Helper()
	got, err := b.Read(b.t.Context(), who)
	must(b.t, err)
	return got
}

// seen is a sighting at a time that is known by its country.
func seen(at time.Time, country string) policy.Sighting {
	return policy.Sighting{At: at, Place: policy.Place{Country: country}}
}

// countries tells which sightings there are, and in which order.
func countries(sightings []policy.Sighting) (c []string) {
	for _, s := range sightings {
		c = append(c, s.Place.Country)
	}
	return c
}

func openFile(t *testing.T) *file.Store {
	t.Helper()
	s, err := file.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
