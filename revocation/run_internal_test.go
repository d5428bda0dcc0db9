package revocation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgeauth/edgeauth/identity"
)

// reference is a shard as one would write it without thinking of memory.
type reference map[Register]Value

func (r reference) apply(entries []Entry) {
	for _, e := range entries {
		old, known := r[e.Register]
		if known {
			e.Value = old.Merge(e.Value)
		}
		r[e.Register] = e.Value
	}
}

// Test_a_shard_holds_what_a_map_would draws entries that meet again and again, in pieces of all sizes, and compares after
// each: what a run can hold, what it cannot (times before 2020 and after 2054, floors), keys that differ in their last bit.
func Test_a_shard_holds_what_a_map_would(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			draw := rand.New(rand.NewPCG(seed, 7))
			s, want := newShard(), reference{}
			for range 12 {
				entries := drawn(draw, draw.IntN(3*youngest), 1+draw.IntN(20000))
				before := slices.Clone(entries)
				s.apply(entries)
				if !slices.Equal(entries, before) {
					t.Fatal("the caller's entries were written to")
				}
				want.apply(entries)
				same(t, s, want)
			}
		})
	}
}

func drawn(draw *rand.Rand, n, keys int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		e := &entries[i]
		k := draw.IntN(keys)
		e.Key = Key{0: byte(k * 37), 1: byte(k >> 3), 14: byte(k >> 8), 15: byte(k)}
		e.Scope, e.Kind = Scope(1+draw.IntN(int(ScopeTenant))), Kind(1+draw.IntN(int(KindFloor)))
		if e.Kind == KindFloor {
			e.Level = []identity.Level{"elevated", "high"}[draw.IntN(2)]
		}
		e.Since = base + Millis(draw.Int64N(1000))
		e.Until = e.Since + []Millis{0, 5, 255, 256, 900_000, 1 << 33}[draw.IntN(6)]
		e.Reason = []string{"", "logout", "replaced"}[draw.IntN(3)]
		e.Actor = fmt.Sprint("cli:", draw.IntN(300))
		switch draw.IntN(50) {
		case 0:
			e.Since = Millis(draw.IntN(5))
		case 1:
			e.Until = base + 1<<40 + Millis(draw.IntN(5))
		}
	}
	return entries
}

func same(t *testing.T, s *shard, want reference) {
	t.Helper()
	if n := s.count(); n != len(want) {
		t.Fatalf("the shard counts %d registers, want %d", n, len(want))
	}
	for reg, v := range want {
		if got, ok := s.get(reg); !ok || got != v {
			t.Fatalf("register %v holds %v (%v), want %v", reg, got, ok, v)
		}
		reg.Key[15] ^= 0x80
		reg.Key[7] = 1
		if _, ok := s.get(reg); ok {
			t.Fatalf("register %v was never written", reg)
		}
	}
	seen := reference{}
	for e := range s.all() {
		if _, twice := seen[e.Register]; twice {
			t.Fatalf("register %v comes twice", e.Register)
		}
		seen[e.Register] = e.Value
	}
	if len(seen) != len(want) {
		t.Fatalf("%d registers come, want %d", len(seen), len(want))
	}
}

// Test_a_run_of_any_size_finds_its_keys goes through every layout of records: none, one and two bytes in the directory.
func Test_a_run_of_any_size_finds_its_keys(t *testing.T) {
	for _, n := range []int{1, 2, 1 << 11, 1<<11 - 1, 1 << 19} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			entries := many(n)
			s := newShard()
			s.compact(entries)
			for i := range entries {
				if v, ok := s.get(entries[i].Register); !ok || v != entries[i].Value {
					t.Fatalf("entry %d is %v (%v), want %v", i, v, ok, entries[i].Value)
				}
			}
			if got := s.count(); got != n {
				t.Errorf("%d registers, want %d", got, n)
			}
		})
	}
}

// Test_a_sweep_shrinks_runs forgets the ended half of what runs hold, and none of the other.
func Test_a_sweep_shrinks_runs(t *testing.T) {
	entries := many(2 * youngest)
	for i := range entries[:youngest] {
		entries[i].Until = entries[i].Since + 1
	}
	s := newShard()
	s.apply(entries)
	s.sweep(entries[0].Since + 1_000_000)
	want := reference{}
	want.apply(entries[youngest:])
	same(t, s, want)
}

// Test_reasons_that_nothing_has_any_more_are_forgotten gives each revocation a reason of its own, as an API's caller may.
func Test_reasons_that_nothing_has_any_more_are_forgotten(t *testing.T) {
	entries := many(3 * youngest)
	for i := range entries {
		entries[i].Reason = fmt.Sprint("ticket ", i)
		if i < len(entries)-100 {
			entries[i].Until = entries[i].Since + 1
		}
	}
	s, want := newShard(), reference{}
	s.apply(entries)
	s.sweep(entries[0].Since + 1_000_000)
	want.apply(entries[len(entries)-100:])
	same(t, s, want)
	if n := len(s.names.list); n > 100 {
		t.Errorf("%d reasons are kept for 100 revocations", n)
	}
	again := many(youngest + 1)
	s.apply(again)
	want.apply(again)
	same(t, s, want)
}

// many are n revocations of families, whose ends lie within a month.
func many(n int) []Entry {
	draw := rand.New(rand.NewPCG(1, 2))
	entries := make([]Entry, n)
	for i := range entries {
		e := &entries[i]
		for j := range e.Key {
			e.Key[j] = byte(draw.Uint32())
		}
		e.Scope, e.Kind = ScopeFamily, KindRevoked
		e.Since = base + 1<<37
		e.Until = e.Since + 2_000_000 + Millis(draw.Int64N(30*24*3600*1000))
		e.Reason, e.Actor = "logout", "user"
	}
	return entries
}
