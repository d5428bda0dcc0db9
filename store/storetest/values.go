package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/store"
)

func claim(t *testing.T, s Subject, key, value string, ttl time.Duration) store.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), key, []byte(value), ttl)
	must(t, err)
	return c
}

func claimOnce(t *testing.T, s Subject) {
	for _, step := range []struct {
		key, value string
		want       store.Claim
	}{
		{"flow", "one", store.Fresh},
		{"flow", "one", store.Own},
		{"flow", "two", store.Taken},
		{"flow", "", store.Taken},
		{"flow", "one", store.Own},
		{"", "", store.Fresh},
		{"", "", store.Own},
		{"{brace}\x00", "\x00\xff", store.Fresh},
		{"{brace}\x00", "\x00\xfe", store.Taken},
	} {
		if got := claim(t, s, step.key, step.value, time.Hour); got != step.want {
			t.Errorf("claiming %q with %q: got %v, want %v", step.key, step.value, got, step.want)
		}
	}
}

func claimRace(t *testing.T, s Subject) {
	var won, lost sync.Map
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c, err := s.Claim(t.Context(), "jti", fmt.Append(nil, i), time.Hour)
			switch {
			case err == nil && c == store.Fresh:
				won.Store(i, c)
			case err != nil || c != store.Taken:
				lost.Store(i, fmt.Sprint(c, err))
			}
		})
	}
	wg.Wait()
	if n := count(&won); n != 1 {
		t.Errorf("%d won", n)
	}
	lost.Range(func(i, got any) bool { t.Errorf("claim %v ended as %v", i, got); return true })
}

func count(m *sync.Map) (n int) {
	m.Range(func(_, _ any) bool { n++; return true })
	return n
}

func claimEnds(t *testing.T, s Subject) {
	claim(t, s, "short", "one", 20*time.Millisecond)
	claim(t, s, "long", "one", time.Hour)
	eventually(t, "the mark is free again", func() bool { return claim(t, s, "short", "two", time.Hour) == store.Fresh })
	if got := claim(t, s, "long", "two", time.Hour); got != store.Taken {
		t.Errorf("the longer mark is %v", got)
	}
}

func values(t *testing.T, s Subject) {
	large := bytes.Repeat([]byte{0, 1, 0xff}, 20_000)
	for key, value := range map[string][]byte{"": {1}, "empty": {}, "large": large, "zero\x00byte": {0}} {
		must(t, s.Put(t.Context(), key, []byte("earlier"), time.Hour))
		must(t, s.Put(t.Context(), key, value, time.Hour))
		if got, found, err := s.Get(t.Context(), key); err != nil || !found || !bytes.Equal(got, value) {
			t.Errorf("%q: got %d bytes, %v, %v", key, len(got), found, err)
		}
		must(t, s.Delete(t.Context(), key))
		must(t, s.Delete(t.Context(), key))
		requireAbsent(t, s, key)
	}
}

func requireAbsent(t *testing.T, s Subject, key string) {
	t.Helper()
	if got, found, err := s.Get(t.Context(), key); err != nil || found || got != nil {
		t.Errorf("%q: got %q, %v, %v, want nothing", key, got, found, err)
	}
}

func valueEnds(t *testing.T, s Subject) {
	must(t, s.Put(t.Context(), "short", []byte("v"), 20*time.Millisecond))
	must(t, s.Put(t.Context(), "replaced", []byte("v"), 20*time.Millisecond))
	must(t, s.Put(t.Context(), "replaced", []byte("w"), time.Hour))
	eventually(t, "the value ends", func() bool {
		_, found, err := s.Get(t.Context(), "short")
		must(t, err)
		return !found
	})
	must(t, s.Put(t.Context(), "another", nil, time.Hour)) // a write sweeps
	if got, found, err := s.Get(t.Context(), "replaced"); err != nil || !found || string(got) != "w" {
		t.Errorf("the value that was given a longer life: got %q, %v, %v", got, found, err)
	}
}

func namespaces(t *testing.T, s Subject) {
	claim(t, s, "key", "mark", time.Hour)
	requireAbsent(t, s, "key")
	must(t, s.Put(t.Context(), "key", []byte("value"), time.Hour))
	must(t, s.Delete(t.Context(), "key"))
	requireList(t, s, "key")
	requireRoll(t, s, "key", nil)
	enter(t, s, "key", "row", "entered", 2)
	requireList(t, s, "key")
	push(t, s, "key", "listed", 2)
	requireAbsent(t, s, "key")
	must(t, s.Put(t.Context(), "key", []byte("value"), time.Hour))
	must(t, s.Erase(t.Context(), "key"))
	acquire(t, s, "key", "holder", time.Hour)
	must(t, s.Release(t.Context(), "key", []byte("holder")))
	if got, _, err := s.Get(t.Context(), "key"); err != nil || string(got) != "value" {
		t.Errorf("erasing the list left the value %q, %v", got, err)
	}
	requireRoll(t, s, "key", map[string]string{"row": "entered"})
	if got := claim(t, s, "key", "mark", time.Hour); got != store.Own {
		t.Errorf("the mark is %v", got)
	}
}

func shortLives(t *testing.T, s Subject) {
	for _, ttl := range []time.Duration{0, -time.Hour, time.Millisecond - 1} {
		if _, err := s.Claim(t.Context(), "key", nil, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("claiming for %v: %v", ttl, err)
		}
		if err := s.Put(t.Context(), "key", nil, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("keeping for %v: %v", ttl, err)
		}
		if err := s.Push(t.Context(), "key", nil, 1, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("pushing for %v: %v", ttl, err)
		}
		if _, err := s.Swap(t.Context(), "key", nil, nil, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("swapping for %v: %v", ttl, err)
		}
		if _, err := s.Acquire(t.Context(), "key", nil, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("taking a lease for %v: %v", ttl, err)
		}
		if _, err := s.Renew(t.Context(), "key", nil, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("renewing a lease for %v: %v", ttl, err)
		}
		if err := s.Enter(t.Context(), "key", "row", nil, 1, ttl); !errors.Is(err, store.ErrTTL) {
			t.Errorf("entering for %v: %v", ttl, err)
		}
	}
	requireAbsent(t, s, "key")
	requireList(t, s, "key")
	requireRoll(t, s, "key", nil)
	if got := claim(t, s, "key", "v", time.Hour); got != store.Fresh {
		t.Errorf("the mark is %v", got)
	}
}
