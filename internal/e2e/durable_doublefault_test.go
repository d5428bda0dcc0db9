package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

// Test_RS02_a_revocation_that_only_the_killed_edge_knew_holds_everywhere_once_it_is_back: Redis takes a revocation, and loses it
// before a second edge has read it, and the edge that wrote it is killed before it can give it back. Both in one test: with the
// outbox on that edge's disk, as right after the answer, and with the saved copy of the log, as a minute later.
func Test_RS02_a_revocation_that_only_the_killed_edge_knew_holds_everywhere_once_it_is_back(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		every  string // a copy is saved
		copied bool
	}{
		"in its outbox":     {every: "1h"},
		"in its saved copy": {every: "1s", copied: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fleet{world: newWorld(t), redis: redistest.Start(t), front: startBalancer(t), t: t}
			f.origin, f.keys = "http://"+f.front.ln.Addr().String(), newKeys(t)
			f.client(f.front.ln.Addr().String())
			to := startLine(t, f.redis.Addr()) // of the edge that does not hear of it
			for _, addr := range []string{f.redis.Addr(), to.ln.Addr().String()} {
				f.store = fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, snapshot_every: %s, redis: {addresses: [%q]}}\n", f.keys, c.every, addr)
				e := f.prepare()
				f.edges = append(f.edges, e)
				e.Run()
			}
			for _, e := range f.edges {
				e.WaitReady()
			}
			f.on(0)
			live, gone := f.login(), f.login()
			name := nameOf(t, f, gone)
			f.wantAdmitted("before anything happens", gone, 0, 1)

			to.set(cut)
			out, err := f.edges[0].Command("revoke", "--config", f.edges[0].ConfigFile(), "--session", name)
			if err != nil || !strings.Contains(out, "every edge that follows the log refuses") {
				t.Fatalf("revoke: %v\n%s", err, out)
			}
			if c.copied {
				saved(t, f.edges[0])
			}
			f.edges[0].Kill()
			f.redis.Flush()
			to.set(passing)
			f.edges[1].Until("the other edge gives Redis back what it knows", func() bool { return len(f.edges[1].Events("log_reseeded")) > 0 })
			f.wantAdmitted("where nobody can have heard of it", gone, 1) // or this test would show nothing

			f.edges[0].Run()
			f.edges[0].WaitReady()
			f.wantAdmitted("in good standing, once the edge is back", live, 0, 1)
			f.on(0)
			if p := gone.Ask(f.origin + "/"); p.Status != 303 {
				t.Errorf("the edge that answered for it serves a request again: %d", p.Status)
			}
			f.wantRefused("once the edge is back", gone, 0, 1)

			third := f.prepare()
			third.Run()
			third.WaitReady()
			f.edges = append(f.edges, third)
			f.wantRefused("at an edge that starts later", gone, 2)
		})
	}
}
