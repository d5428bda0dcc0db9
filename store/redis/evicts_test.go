package redis_test

import (
	"context"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/redis"
)

func TestAServerThatThrowsKeysAwayWhenItIsFullIsNamed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	cluster := redistest.StartCluster(t, 2, 0)
	for name, row := range map[string]struct {
		memory, policy string
		told           bool
	}{
		"the usual of some providers": {"100mb", "volatile-lru", true},
		"a cache":                     {"100mb", "allkeys-lfu", true},
		"as it should be":             {"100mb", "noeviction", false},
		"never full":                  {"0", "allkeys-lru", false},
	} {
		for _, c := range []struct {
			do    func(args ...string)
			o     redis.Options
			at    string
			calls int
		}{
			{func(args ...string) { server.Do(args...) }, redis.Options{Addresses: []string{server.Addr()}}, server.Addr(), 1},
			{func(args ...string) { cluster.Nodes()[1].Do(args...) }, redis.Options{Addresses: cluster.Addrs(), Cluster: true}, cluster.Nodes()[1].Addr(), 3},
		} {
			c.do("CONFIG", "SET", "maxmemory", row.memory, "maxmemory-policy", row.policy)
			w := newWatcher()
			c.o.Observer, c.o.Command = w, limit
			s := open(t, c.o)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- s.Run(ctx) }()
			eventually(t, "it has asked", func() bool { return w.count(redis.None) >= c.calls || s.Evicts() != "" })
			stop()
			must(t, <-done)
			if said := s.Evicts(); row.told != (said != "") || row.told && (!strings.Contains(said, row.policy) || !strings.Contains(said, c.at)) {
				t.Errorf("%s: said %q", name, said)
			}
		}
	}
}
