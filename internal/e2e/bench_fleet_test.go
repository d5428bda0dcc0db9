//go:build benchfleet

package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

// The measurements of docs/revocation.md. `make bench-fleet` runs them, which takes minutes; nothing here is asserted but what must
// never be.

func Test_bench_fleet_how_long_a_revocation_takes_to_another_edge(t *testing.T) {
	const trials = 1000
	n := newTried(t, 1, trials)
	var answered, whole []time.Duration
	for session := range trials {
		if a := n.ask(session, 1); a.outcome != admitted {
			t.Fatalf("session %d is not let in: %s", session, a.detail)
		}
		start := time.Now()
		n.logout(session, 0)
		end := time.Now()
		a := n.ask(session, 1)
		for ; a.outcome == admitted; a = n.ask(session, 1) {
		}
		answered, whole = append(answered, max(0, a.start.Sub(end))), append(whole, a.end.Sub(start))
	}
	p50, p99, last := percentiles(answered)
	fmt.Printf("from the answer to a logout to the start of the first refused request elsewhere: p50 %v, p99 %v, slowest %v (%d trials)\n", p50, p99, last, trials)
	p50, p99, last = percentiles(whole)
	fmt.Printf("from sending the logout to the answer of the first refusal elsewhere:            p50 %v, p99 %v, slowest %v\n", p50, p99, last)
}

func Test_bench_fleet_what_outages_cost(t *testing.T) {
	const hold = 8 * time.Second // past the bound
	fmt.Printf("%-28s %9s %6s %8s %6s %8s %11s %11s %6s %12s\n", "fault", "requests", "lost", "deleted", "late", "refused", "normal p99", "fault p99", "ratio", "connections")
	for _, row := range []fault{
		{"none", func(*tried) { time.Sleep(hold) }},
		{"Redis is killed", func(n *tried) { n.redis.Kill(); time.Sleep(hold); n.redis.Restart() }},
		{"Redis hangs (SIGSTOP)", func(n *tried) { n.redis.Pause(); time.Sleep(hold); n.redis.Resume() }},
		{"Redis is slow (+100 ms)", func(n *tried) { n.all(slow); time.Sleep(hold); n.all(passing) }},
		{"Redis loses its data", func(n *tried) { n.redis.Flush(); time.Sleep(hold) }},
		{"lines hang", func(n *tried) { n.all(hanging); time.Sleep(hold); n.all(passing) }},
	} {
		t.Run(row.name, func(t *testing.T) { newTried(t, 1, 12).measure(row) })
	}
	t.Run("failover", func(t *testing.T) {
		g := redistest.StartGroup(t, 2, 3)
		n := newTriedWithout(t, 1)
		at := fmt.Sprintf("master_name: %s, addresses: [%q, %q, %q]", redistest.MasterName, g.Addrs()[0], g.Addrs()[1], g.Addrs()[2])
		for range 3 {
			n.add(at)
		}
		n.open(12)
		n.measure(fault{"the master is killed (Sentinel)", func(*tried) { g.Master().Kill(); time.Sleep(hold) }})
	})
}

func (n *tried) all(m mode) {
	for _, l := range n.lines {
		l.set(m)
	}
}

// measure has sessions ask before, during and after a fault while some log out, and prints a row.
func (n *tried) measure(f fault) {
	n.begin()
	time.Sleep(2 * time.Second) // connections and caches are warm then
	normal := time.Now()
	n.logout(0, 0)
	time.Sleep(6 * time.Second)
	opened, begun := n.opened(), time.Now()
	n.history.note(f.name)
	go func() {
		time.Sleep(500 * time.Millisecond)
		n.logout(1, 1)
	}()
	f.do(n)
	over := time.Now()
	n.logout(2, 2)
	n.settle()
	time.Sleep(bound)
	n.finish()
	v := n.history.judge(n.t)
	before, _ := n.between(normal, begun)
	during, refused := n.between(begun, over)
	fmt.Printf("%-28s %9d %6d %8d %6d %8d %11v %11v %6.1f %12.0f\n", f.name, len(n.history.requests), v.lost, v.deleted, v.late, refused,
		before.Round(10*time.Microsecond), during.Round(10*time.Microsecond), float64(during)/float64(before), n.opened()-opened)
	n.allEnded()
}

// opened is how often the edges have tried to connect to the store, Sentinels among it.
func (n *tried) opened() (sum float64) {
	for _, e := range n.edges {
		for _, outcome := range []string{"opened", "failed"} {
			attempts, _ := e.Metric(`edgeauth_store_connections_total{outcome="` + outcome + `"}`)
			sum += attempts
		}
	}
	return sum
}

// between is the 99th percentile of the requests that began between two moments, and how many of them were told to come
// back.
func (n *tried) between(from, to time.Time) (p99 time.Duration, refused int) {
	var took []time.Duration
	for _, a := range n.history.requests {
		if a.start.Before(from) || !a.start.Before(to) {
			continue
		}
		took = append(took, a.end.Sub(a.start))
		if a.outcome == stale {
			refused++
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100], refused
}
