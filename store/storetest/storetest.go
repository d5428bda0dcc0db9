// Package storetest holds every store to the same meaning: one contract suite, which each implementation runs against
// itself. It knows a store by its methods only; what is particular to one (a server that dies, a file that is held) is
// tested beside that store.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
)

// Subject is a store under test: all that the stores offer to their various consumers.
type Subject interface {
	Claim(ctx context.Context, key string, value []byte, ttl time.Duration) (store.Claim, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Get(ctx context.Context, key string) (value []byte, found bool, err error)
	Delete(ctx context.Context, key string) error
	Swap(ctx context.Context, key string, seen, value []byte, ttl time.Duration) (bool, error)
	Acquire(ctx context.Context, key string, holder []byte, ttl time.Duration) (bool, error)
	Renew(ctx context.Context, key string, holder []byte, ttl time.Duration) (bool, error)
	Release(ctx context.Context, key string, holder []byte) error
	Push(ctx context.Context, key string, value []byte, newest int, ttl time.Duration) error
	List(ctx context.Context, key string) ([][]byte, error)
	Erase(ctx context.Context, key string) error
	Enter(ctx context.Context, key, row string, value []byte, keep int, ttl time.Duration) error
	Roll(ctx context.Context, key string) (map[string][]byte, error)
	Strike(ctx context.Context, key, row string) error
	Walk(ctx context.Context, after string, least int, each func(key, row string, value []byte)) (next string, err error)
	revocation.Stream
	revocation.Sink
	Status() (ok bool, detail string)
	Close() error
}

// limit is how long an outcome is waited for.
const limit = 30 * time.Second

// Run runs the contract suite. open returns an empty store of the test, and closes it when the test ends.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"a mark is claimed once, and a retry of the same value is told from a replay", claimOnce},
		{"of many that claim a mark at once one wins", claimRace},
		{"a mark that ended can be claimed again", claimEnds},
		{"a value is kept byte by byte until it is replaced or deleted", values},
		{"a value that ended is gone", valueEnds},
		{"a value is swapped only if it is the one that was seen, and a swap may be repeated", swaps},
		{"of many that swap a value at once one wins", swapRace},
		{"a lease has one holder until it is released or ends", leases},
		{"a lease that is renewed goes on, and one that ended cannot be renewed", leaseEnds},
		{"of many that want a lease at once one gets it", leaseRace},
		{"marks, values, lists, leases and rolls of the same key do not meet", namespaces},
		{"a life below a millisecond is an error and writes nothing", shortLives},
		{"a list keeps its newest values byte by byte, newest first, until it is erased", lists},
		{"a value that is pushed again moves to the front, so that a push may be repeated", pushesAgain},
		{"of many that push to one list at once none is lost", pushRace},
		{"a list ends when its last push said, be that later or sooner", listEnds},
		{"a list that would keep nothing is an error and writes nothing", keepsNothing},
		{"a roll keeps its rows byte by byte, each under its name, until they are struck", rolls},
		{"a row ends by itself, whatever the others do", rowsEnd},
		{"of too many rows those go that end first, but never the one just entered", rowsGo},
		{"of many that enter rows at once none is lost", enterRace},
		{"a roll that would keep nothing is an error and writes nothing", rollKeepsNothing},
		{"a walk meets all rolls, in pieces", walks},
		{"a walk from a cursor that is none is an error", badCursors},
		{"an empty shard is empty in every way", emptyShard},
		{"entries come in the order in which they were written, to their own shard only", order},
		{"a shard that loses nothing keeps its life", oneLife},
		{"what an edge tells of a shard is heard by all who probe it, until it has gone", beats},
		{"who says nothing of itself hears the others and is not heard", listens},
		{"a read goes on where the last one ended", cursors},
		{"a read that waits is woken by an append", wakes},
		{"a read that waits in vain brings nothing", waitsInVain},
		{"the snapshot is the merge of all entries, in any order and however often they came", merges},
		{"of texts of the same time the greater by bytes is kept", comparesBytes},
		{"who starts in the midst of writing misses nothing", startsAmidWrites},
		{"an entry that nobody could read is refused", refusesNonsense},
		{"an incarnation begins only in place of the expected one", begins},
		{"of many that begin an incarnation at once one wins", beginRace},
		{"re-seeding gives entries back and counts the incarnation among those held", reseeds},
		{"re-seeding what is known writes nothing to the stream", reseedsAgain},
		{"re-seeding shows to those who follow the stream", reseedIsFollowed},
		{"a caller who gave up gets an error", cancelled},
		{"a read that waits ends when the store is closed", closeEndsRead},
		{"a closed store is unavailable", closed},
		{"the status says that the store works", status},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// calls is one call of every method that can fail for want of the store.
func calls(s Subject) map[string]func(context.Context) error {
	inc := identity.NewIncarnation()
	return map[string]func(context.Context) error{
		"Claim":  func(ctx context.Context) error { _, err := s.Claim(ctx, "k", []byte("v"), time.Minute); return err },
		"Put":    func(ctx context.Context) error { return s.Put(ctx, "k", []byte("v"), time.Minute) },
		"Get":    func(ctx context.Context) error { _, _, err := s.Get(ctx, "k"); return err },
		"Delete": func(ctx context.Context) error { return s.Delete(ctx, "k") },
		"Swap": func(ctx context.Context) error {
			_, err := s.Swap(ctx, "k", []byte("v"), []byte("w"), time.Minute)
			return err
		},
		"Acquire": func(ctx context.Context) error { _, err := s.Acquire(ctx, "k", []byte("h"), time.Minute); return err },
		"Renew":   func(ctx context.Context) error { _, err := s.Renew(ctx, "k", []byte("h"), time.Minute); return err },
		"Release": func(ctx context.Context) error { return s.Release(ctx, "k", []byte("h")) },
		"Push":    func(ctx context.Context) error { return s.Push(ctx, "k", []byte("v"), 3, time.Minute) },
		"List":    func(ctx context.Context) error { _, err := s.List(ctx, "k"); return err },
		"Erase":   func(ctx context.Context) error { return s.Erase(ctx, "k") },
		"Enter":   func(ctx context.Context) error { return s.Enter(ctx, "k", "r", []byte("v"), 3, time.Minute) },
		"Roll":    func(ctx context.Context) error { _, err := s.Roll(ctx, "k"); return err },
		"Strike":  func(ctx context.Context) error { return s.Strike(ctx, "k", "r") },
		"Walk": func(ctx context.Context) error {
			_, err := s.Walk(ctx, "", 1, func(string, string, []byte) {})
			return err
		},
		"Probe":    func(ctx context.Context) error { _, err := s.Probe(ctx, 0, revocation.Beat{}); return err },
		"Snapshot": func(ctx context.Context) error { _, err := s.Snapshot(ctx, 0); return err },
		"Read": func(ctx context.Context) error {
			_, err := s.Read(ctx, 0, revocation.Cursor{}, time.Second)
			return err
		},
		"Append": func(ctx context.Context) error {
			return s.Append(ctx, []revocation.Entry{{Register: revocation.All(), Value: ending(time.Hour)}})
		},
		"Reseed": func(ctx context.Context) error { return s.Reseed(ctx, 0, inc, nil) },
		"Begin": func(ctx context.Context) error {
			_, err := s.Begin(ctx, 0, identity.Incarnation{}, inc, false)
			return err
		},
	}
}

// RequireUnavailable calls every method and fails the test for each that does not answer with a *store.Unavailable.
func RequireUnavailable(t *testing.T, s Subject) {
	t.Helper()
	for name, call := range calls(s) {
		var outage *store.Unavailable
		if err := call(t.Context()); !errors.As(err, &outage) {
			t.Errorf("%s: got %v, want a *store.Unavailable", name, err)
		}
	}
}

// Exercise calls every method twice, in the order of their names, and returns what failed.
func Exercise(ctx context.Context, s Subject) (failed []error) {
	all := calls(s)
	names := slices.Sorted(maps.Keys(all))
	for _, name := range append(names, names...) {
		if err := all[name](ctx); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	return failed
}

// RequireAvailable calls every method until each has worked.
func RequireAvailable(t *testing.T, s Subject) {
	t.Helper()
	for name, call := range calls(s) {
		eventually(t, name+" works", func() bool { return call(t.Context()) == nil })
	}
}

func cancelled(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s) {
		var outage *store.Unavailable
		if err := call(ctx); !errors.As(err, &outage) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want a *store.Unavailable that is context.Canceled", name, err)
		}
	}
	RequireAvailable(t, s)
}

func closed(t *testing.T, s Subject) {
	must(t, s.Put(t.Context(), "k", []byte("v"), time.Minute))
	must(t, s.Close())
	RequireUnavailable(t, s)
	if ok, detail := s.Status(); ok {
		t.Errorf("status of a closed store is fine: %s", detail)
	}
}

func closeEndsRead(t *testing.T, s Subject) {
	done := make(chan error, 1)
	reading := make(chan struct{})
	go func() {
		close(reading)
		_, err := s.Read(t.Context(), 0, revocation.Cursor{}, time.Hour)
		done <- err
	}()
	<-reading
	must(t, s.Close())
	select {
	case err := <-done:
		var outage *store.Unavailable
		if !errors.As(err, &outage) {
			t.Errorf("got %v, want a *store.Unavailable", err)
		}
	case <-time.After(limit):
		t.Error("the read goes on")
	}
}

func status(t *testing.T, s Subject) {
	must(t, s.Put(t.Context(), "k", []byte("v"), time.Minute))
	if ok, detail := s.Status(); !ok || detail == "" {
		t.Errorf("status is %v, %q", ok, detail)
	}
}

func ending(in time.Duration) revocation.Value {
	now := time.Now()
	return revocation.Value{Since: revocation.MillisOf(now), Until: revocation.MillisOf(now.Add(in))}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
