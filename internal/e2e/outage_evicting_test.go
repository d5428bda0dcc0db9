package e2e_test

import (
	"strings"
	"testing"
)

func Test_a_Redis_that_may_throw_revocations_away_makes_edges_say_so(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	if _, body := f.edges[0].Get(f.edges[0].Admin + "/readyz"); strings.Contains(body, "maxmemory-policy") {
		t.Errorf("a Redis that refuses when it is full: %s", body)
	}
	f.redis.Do("CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "volatile-lru")
	late := f.prepare()
	late.Run()
	late.WaitReady()
	late.Until("its health tells", func() bool {
		_, body := late.Get(late.Admin + "/readyz")
		return strings.Contains(body, "degraded") && strings.Contains(body, "volatile-lru")
	})
}
