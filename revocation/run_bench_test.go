package revocation

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// BenchmarkTenMillion looks registers up in a copy of ten million revoked families, known ones and others in turns. It
// reports the memory of the copy per entry, and how long it took to take the entries in.
func BenchmarkTenMillion(b *testing.B) {
	const n = 10_000_000
	r, took, heap := filled(n)
	draw := rand.New(rand.NewPCG(1, 2))
	keys := make([]Register, 1<<16)
	for i := range keys {
		keys[i] = Register{Scope: ScopeFamily, Kind: KindRevoked}
		for j := range keys[i].Key {
			keys[i].Key[j] = byte(draw.Uint32())
		}
	}
	known := 0
	for i := range Shards {
		for e := range r.All(i) {
			keys[known*2] = e.Register
			if known++; known == (i+1)*len(keys)/2/Shards {
				break
			}
		}
	}
	i := 0
	for b.Loop() {
		if _, found := r.get(keys[i%len(keys)]); found != (i%2 == 0) {
			b.Fatal("the copy forgot or invented a register")
		}
		i += 7 // odd: both kinds, and no two neighbours
	}
	b.ReportMetric(float64(heap)/n, "B/entry")
	b.ReportMetric(float64(heap)/1e6, "MB")
	b.ReportMetric(took.Seconds(), "s/load")
	runtime.KeepAlive(r)
}

// filled is a copy of n revoked families as snapshots bring them, shard by shard, how long that took without making the
// entries, and what the heap grew by.
func filled(n int) (r *Replica, took time.Duration, heap uint64) {
	r = NewReplica(time.Now)
	before := live()
	for shard := range Shards {
		entries := of(shard, n/Shards)
		start := time.Now()
		r.Apply(entries...)
		took += time.Since(start)
	}
	return r, took, live() - before
}

// of are n revocations of families in one shard.
func of(shard, n int) []Entry {
	draw := rand.New(rand.NewPCG(uint64(shard), 3))
	out := make([]Entry, 0, n)
	for e := range endless(draw) {
		if e.Shard() != shard {
			continue
		}
		if out = append(out, e); len(out) == n {
			break
		}
	}
	return out
}

func endless(draw *rand.Rand) func(func(Entry) bool) {
	return func(yield func(Entry) bool) {
		for {
			e := Entry{Register: Register{Scope: ScopeFamily, Kind: KindRevoked}, Value: Value{Reason: "logout", Actor: "user"}}
			for i := 0; i < len(e.Key); i += 8 {
				n := draw.Uint64()
				for j := range 8 {
					e.Key[i+j] = byte(n >> (8 * j))
				}
			}
			e.Since = base + 1<<37 + Millis(draw.Int64N(30*24*3600*1000))
			e.Until = e.Since + Millis(draw.Int64N(30*24*3600*1000))
			if !yield(e) {
				return
			}
		}
	}
}

func live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
