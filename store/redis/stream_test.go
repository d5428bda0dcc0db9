package redis_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
)

// How far a copy has come is said by such reads: they must meet the server that was probed, and blocking reads may meet another.
func TestAReadThatDoesNotWaitGoesWhereProbesGoAndOneThatWaitsByItself(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, Command: limit})
	for _, step := range []struct {
		wait        time.Duration
		connections int
	}{{0, 1}, {10 * time.Millisecond, 2}} {
		_, err := s.Probe(t.Context(), 3, revocation.Beat{})
		must(t, err)
		_, err = s.Read(t.Context(), 3, revocation.Cursor{}, step.wait)
		must(t, err)
		if n := s.Load().Connections; n != step.connections {
			t.Errorf("after a read that waits %v: %d connections, want %d", step.wait, n, step.connections)
		}
	}
}
