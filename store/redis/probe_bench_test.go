package redis_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
)

// BenchmarkProbe is one probe of a shard that so many edges follow: what it costs the server and the line. Deaf is without the
// beats of the others.
func BenchmarkProbe(b *testing.B) {
	for _, row := range []struct {
		edges int
		deaf  bool
	}{{1, false}, {3, false}, {50, true}, {50, false}, {200, true}, {200, false}} {
		edges := row.edges
		b.Run(fmt.Sprintf("%d edges deaf %v", edges, row.deaf), func(b *testing.B) {
			server := redistest.Start(b)
			s, err := redis.New(redis.Options{Addresses: []string{server.Addr()}, Command: limit})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			now := revocation.MillisOf(time.Now())
			var mine revocation.Beat
			for range edges {
				mine = revocation.Beat{Origin: revocation.NewOrigin("edge-1.north.example.com"), Read: now, Cursor: revocation.Cursor{Major: uint64(now), Minor: 3}, Clock: time.Millisecond, Region: "north"}
				if _, err := s.Probe(b.Context(), 0, mine); err != nil {
					b.Fatal(err)
				}
			}
			mine.Deaf = row.deaf
			server.Do("CONFIG", "RESETSTAT")
			for b.Loop() {
				if head, err := s.Probe(b.Context(), 0, mine); err != nil || !row.deaf && len(head.Beats) != edges {
					b.Fatal(err, len(head.Beats))
				}
			}
			b.ReportMetric(statOf(server, "commandstats", "usec_per_call", "cmdstat_eval:"), "µs-of-server/op")
			for field, unit := range map[string]string{"total_net_output_bytes": "B-out/op", "total_net_input_bytes": "B-in/op"} {
				b.ReportMetric(statOf(server, "stats", field, field)/float64(b.N), unit)
			}
		})
	}
}

// statOf is a number in a line of INFO.
func statOf(server *redistest.Server, section, field, line string) float64 {
	for l := range strings.Lines(server.Do("INFO", section).(string)) {
		if !strings.HasPrefix(l, line) {
			continue
		}
		_, value, _ := strings.Cut(strings.ReplaceAll(l, ":", "="), field+"=")
		value, _, _ = strings.Cut(strings.TrimSpace(value), ",")
		n, _ := strconv.ParseFloat(value, 64)
		return n
	}
	return 0
}
