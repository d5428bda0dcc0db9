package history_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/history"
)

// full is a history in memory with all the sightings that are kept of one subject.
func full(b *testing.B) *history.History {
	h := history.New(history.Options{
		Store: newMemory(), Now: func() time.Time { return noon },
		Pepper: func() ([32]byte, bool) { return pepper, true },
	})
	for range history.Kept {
		if err := h.Record(b.Context(), alice, whole()); err != nil {
			b.Fatal(err)
		}
	}
	return h
}

func BenchmarkReadFifty(b *testing.B) {
	h := full(b)
	for b.Loop() {
		if got, err := h.Read(b.Context(), alice); err != nil || len(got) != history.Kept {
			b.Fatal(len(got), err)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	h, s := full(b), whole()
	for b.Loop() {
		if err := h.Record(b.Context(), alice, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHashAddressAndPrefix(b *testing.B) {
	h, a := history.NewHasher(pepper), netip.MustParseAddr("2001:db8::1")
	for b.Loop() {
		if h.Address(a) == h.Prefix(a) {
			b.Fatal("equal")
		}
	}
}
