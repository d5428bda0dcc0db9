package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func acquire(t *testing.T, s Subject, key, holder string, ttl time.Duration) bool {
	t.Helper()
	held, err := s.Acquire(t.Context(), key, []byte(holder), ttl)
	must(t, err)
	return held
}

func renew(t *testing.T, s Subject, key, holder string, ttl time.Duration) bool {
	t.Helper()
	held, err := s.Renew(t.Context(), key, []byte(holder), ttl)
	must(t, err)
	return held
}

func leases(t *testing.T, s Subject) {
	for _, key := range []string{"", "{brace}\x00"} {
		if renew(t, s, key, "a", time.Hour) {
			t.Errorf("%q: a lease that nobody has is renewed", key)
		}
		for _, step := range []struct {
			holder string
			want   bool
		}{{"a", true}, {"a", true}, {"b", false}} {
			if got := acquire(t, s, key, step.holder, time.Hour); got != step.want {
				t.Errorf("%q: %s gets the lease: %v", key, step.holder, got)
			}
			if got := renew(t, s, key, step.holder, time.Hour); got != step.want {
				t.Errorf("%q: %s renews the lease: %v", key, step.holder, got)
			}
		}
		must(t, s.Release(t.Context(), key, []byte("b")))
		if acquire(t, s, key, "b", time.Hour) {
			t.Errorf("%q: who has it not released the lease", key)
		}
		must(t, s.Release(t.Context(), key, []byte("a")))
		must(t, s.Release(t.Context(), key, []byte("a")))
		if !acquire(t, s, key, "b", time.Hour) {
			t.Errorf("%q: a lease that was released is not free", key)
		}
	}
}

func leaseEnds(t *testing.T, s Subject) {
	const short = 20 * time.Millisecond
	acquire(t, s, "renewed", "a", short)
	if renew(t, s, "renewed", "a", time.Hour) && acquire(t, s, "renewed", "b", time.Hour) {
		t.Error("a lease that was renewed has another holder")
	}
	acquire(t, s, "left", "a", short)
	eventually(t, "the lease is free", func() bool { return acquire(t, s, "left", "b", time.Hour) })
	if renew(t, s, "left", "a", time.Hour) {
		t.Error("who lost the lease renewed it")
	}
	must(t, s.Release(t.Context(), "left", []byte("a")))
	if acquire(t, s, "left", "a", time.Hour) {
		t.Error("who lost the lease released the other's")
	}
}

func leaseRace(t *testing.T, s Subject) {
	var wg sync.WaitGroup
	var held atomic.Int32
	for i := range 20 {
		wg.Go(func() {
			ok, err := s.Acquire(t.Context(), "k", fmt.Append(nil, i), time.Hour)
			if err != nil {
				t.Error(err)
			}
			if ok {
				held.Add(1)
			}
		})
	}
	wg.Wait()
	if n := held.Load(); n != 1 {
		t.Errorf("%d have it", n)
	}
}

func swap(t *testing.T, s Subject, key, seen, value string) bool {
	t.Helper()
	swapped, err := s.Swap(t.Context(), key, []byte(seen), []byte(value), time.Hour)
	must(t, err)
	return swapped
}

func swaps(t *testing.T, s Subject) {
	if swap(t, s, "k", "", "a") || swap(t, s, "k", "a", "a") {
		t.Error("a value that is not there is swapped")
	}
	requireAbsent(t, s, "k")
	must(t, s.Put(t.Context(), "k", []byte("\x00a"), time.Hour))
	for _, step := range []struct {
		seen, value string
		want        bool
	}{
		{"a", "z", false}, {"", "z", false},
		{"\x00a", "b\xff", true},
		{"\x00a", "b\xff", true}, // whose first answer was lost
		{"\x00a", "late", false},
		{"b\xff", "c", true},
	} {
		if got := swap(t, s, "k", step.seen, step.value); got != step.want {
			t.Errorf("%q for %q: %v", step.value, step.seen, got)
		}
	}
	if got, _, err := s.Get(t.Context(), "k"); err != nil || string(got) != "c" {
		t.Errorf("the value is %q, %v", got, err)
	}
	must(t, s.Delete(t.Context(), "k"))
	if swap(t, s, "k", "c", "d") {
		t.Error("a late swap brought back what was deleted")
	}
	requireAbsent(t, s, "k")
}

func swapRace(t *testing.T, s Subject) {
	must(t, s.Put(t.Context(), "k", []byte("first"), time.Hour))
	var wg sync.WaitGroup
	var swapped atomic.Int32
	for i := range 20 {
		wg.Go(func() {
			ok, err := s.Swap(t.Context(), "k", []byte("first"), fmt.Append(nil, i), time.Hour)
			if err != nil {
				t.Error(err)
			}
			if ok {
				swapped.Add(1)
			}
		})
	}
	wg.Wait()
	if n := swapped.Load(); n != 1 {
		t.Errorf("%d won", n)
	}
}
