//go:build benchfleet

package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
)

// Test_bench_fleet_how_long_a_cold_start_takes fills a log with EDGEAUTH_BENCH_ENTRIES revoked families (a million) and
// starts an edge that knows none of them.
func Test_bench_fleet_how_long_a_cold_start_takes(t *testing.T) {
	entries := number(t, "EDGEAUTH_BENCH_ENTRIES", 1_000_000)
	f := &fleet{world: newWorld(t), redis: redistest.Start(t), front: startBalancer(t), t: t}
	f.origin, f.keys = "http://"+f.front.ln.Addr().String(), newKeys(t)
	f.store = shared(f.keys, f.redis)
	first := f.prepare() // begins the log
	first.Run()
	first.WaitReady()
	first.Stop()
	fill(t, f.redis.Addr(), int(entries))
	fmt.Printf("Redis holds %d entries in %s\n", entries, strings.TrimSpace(memoryOf(f.redis)))

	e := f.prepare()
	start := time.Now()
	e.Run()
	for status := 0; status != 200; time.Sleep(20 * time.Millisecond) {
		if status, _ = e.Ready(); time.Since(start) > 10*time.Minute {
			t.Fatal("the edge is not ready after ten minutes")
		}
	}
	took := time.Since(start)
	time.Sleep(5 * time.Second) // the garbage of loading is given back
	peak, now := resident(t, e, "VmHWM"), resident(t, e, "VmRSS")
	heap, _ := e.Metric("go_memstats_heap_alloc_bytes")
	n, _ := e.Metric("edgeauth_revocation_registers")
	fmt.Printf("ready after %v with %.0f entries; resident %s, at most %s; heap %.0f MB\n", took.Round(10*time.Millisecond), n, now, peak, heap/1e6)
}

func fill(t *testing.T, addr string, entries int) {
	t.Helper()
	s, err := redis.New(redis.Options{Addresses: []string{addr}, Command: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var work sync.WaitGroup
	const writers, piece = 4, 3200
	for range writers {
		work.Go(func() {
			for range entries / writers / piece {
				if err := s.Append(context.Background(), revoked(piece)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
}

// revoked are families that were revoked within the last hour and are forgotten within a day.
func revoked(n int) []revocation.Entry {
	now := revocation.MillisOf(time.Now())
	out := make([]revocation.Entry, n)
	for i := range out {
		out[i] = revocation.Entry{Register: revocation.Family(identity.NewFamily()),
			Value: revocation.Value{Since: now - revocation.Millis(rand.IntN(3_600_000)), Until: now + revocation.Millis(3_600_000+rand.IntN(86_400_000)), Reason: "logout", Actor: "user"}}
	}
	return out
}

func memoryOf(r *redistest.Server) string {
	text, _ := r.Do("INFO", "memory").(string)
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "used_memory_human:"); ok {
			return v
		}
	}
	return "?"
}

// resident is a figure of the process that Linux keeps.
func resident(t *testing.T, e *edgetest.Edge, field string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "?"
}
