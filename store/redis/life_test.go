package redis_test

import (
	"strings"
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

// The server that answers in the end is the process that answered at first: between the two it followed another, which had not
// read its last writes. An edge that was away meanwhile, or whose line hung, has to compare.
func TestAServerThatWasAReplicaInBetweenHasAnotherLife(t *testing.T) {
	first, second := redistest.Start(t), redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{first.Addr()}})
	life := func() string {
		t.Helper()
		head, err := s.Probe(t.Context(), 4, revocation.Beat{})
		if err != nil {
			t.Fatal(err)
		}
		return head.Life
	}
	follow := func(replica, master *redistest.Server) {
		t.Helper()
		host, port, _ := strings.Cut(master.Addr(), ":")
		replica.Do("REPLICAOF", host, port)
		eventually(t, "the replica has the master's data", func() bool {
			info, _ := replica.Do("INFO", "replication").(string)
			return strings.Contains(info, "master_link_status:up")
		})
	}
	life() // names it
	follow(second, first)
	before := life()
	second.Do("REPLICAOF", "NO", "ONE") // from here on the two have lives of their own
	follow(first, second)
	first.Do("REPLICAOF", "NO", "ONE")
	if after := life(); after == before {
		t.Errorf("it is %q as before", after)
	}
}
