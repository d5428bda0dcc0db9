package redis_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
)

func TestAShardThatMayHaveLostSomethingHasAnotherLife(t *testing.T) {
	server := redistest.Start(t, redistest.WithAppendOnly())
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	life := func() (life string) {
		eventually(t, "the server answers", func() bool {
			head, err := s.Probe(t.Context(), 4, revocation.Beat{})
			life = head.Life
			return err == nil
		})
		return life
	}
	before := life()
	server.Flush()
	emptied := life()
	server.Kill()
	server.Restart() // with its data
	restarted := life()
	if before == emptied || emptied == restarted || before == restarted {
		t.Errorf("lives are %q, %q when emptied, and %q after a restart", before, emptied, restarted)
	}
	if again := life(); again != restarted {
		t.Errorf("the life went from %q to %q though nothing happened", restarted, again)
	}
}
