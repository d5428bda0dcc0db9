package redistest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

func TestAClusterSharesTheKeysAndAReplicaTakesTheDeadMastersPlace(t *testing.T) {
	c := redistest.StartCluster(t, 3, 1)
	masters := map[string]bool{}
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		m := c.Master(key)
		m.Do("SET", key, "v")
		m.Do("WAIT", "1", "10000")
		masters[m.Addr()] = true
	}
	if len(c.Nodes()) != 6 || len(masters) != 3 {
		t.Errorf("%d nodes, %d masters", len(c.Nodes()), len(masters))
	}
	dead := c.Master("a")
	heirs := c.Replicas(dead)
	if len(heirs) != 1 {
		t.Fatalf("%d replicas of one master", len(heirs))
	}
	dead.Kill()
	if heir := c.Master("a"); heir != heirs[0] || heir.Do("GET", "a") != "v" {
		t.Errorf("%s answers for the key of %s with %v", heir.Addr(), dead.Addr(), heir.Do("GET", "a"))
	}
	dead.Restart()
	eventually(t, "the old master follows the new one", func() bool { return slices.Contains(c.Replicas(heirs[0]), dead) })
	c.Flush()
	if got := c.Master("a").Do("GET", "a"); got != nil {
		t.Errorf("after Flush: %v", got)
	}
}

func TestUnderSentinelsAReplicaTakesTheDeadMastersPlace(t *testing.T) {
	g := redistest.StartGroup(t, 2, 3, redistest.WithPassword("open sesame"))
	first := g.Master()
	if len(g.Replicas(first)) != 2 || len(g.Sentinels()) != 3 {
		t.Fatalf("%d replicas, %d Sentinels", len(g.Replicas(first)), len(g.Sentinels()))
	}
	first.Do("SET", "k", "v")
	first.Do("WAIT", "2", "10000")
	first.Pause()
	second := g.Master()
	if second == first || second.Do("GET", "k") != "v" {
		t.Errorf("the master is %s with %v", second.Addr(), second.Do("GET", "k"))
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
