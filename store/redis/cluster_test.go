package redis_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

func TestRS02AfterAFailoverInAClusterTheNewMasterHasAllThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 3, 1)
	s := open(t, redis.Options{Addresses: cluster.Addrs()[:1], Cluster: true, Acknowledge: 1})
	entries := everywhere()
	eventually(t, "the replicas acknowledge", func() bool { return s.Append(t.Context(), entries) == nil })
	// The first node goes: the one that the store was told of, with a third of the shards.
	cluster.Nodes()[0].Kill()
	whole := redis.Options{Addresses: cluster.Addrs(), Cluster: true}
	requireEntries(t, s, entries)
	later := open(t, whole)
	storetest.RequireAvailable(t, later)
	requireEntries(t, later, entries)
}

// edge is what an edge has of the log, without anything else of it.
type edge struct {
	*revocation.Replica
	*revocation.Writer
}

// startEdge follows the log of a store until the test ends.
func startEdge(t *testing.T, s *redis.Store) edge {
	t.Helper()
	replica := revocation.NewReplica(time.Now)
	e := edge{replica, revocation.NewWriter(s, replica, "", func(int) {})}
	follower := revocation.NewFollower(revocation.FollowerOptions{
		Stream: s, Sink: s, Replica: replica, Log: slog.New(slog.DiscardHandler), Notify: func(revocation.Happening, string) {},
		Now: time.Now, Grace: revocation.DefaultGrace,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = follower.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	eventually(t, "the edge is ready", e.Ready)
	return e
}

// refuses reports whether an edge refuses a family.
func (e edge) refuses(f identity.Family) bool {
	inc, _ := e.Current()
	names := revocation.Bearer{Family: f, ID: identity.NewSessionID(), Incarnation: inc, Epoch: time.Now()}.Names()
	return e.Standing(&names).Revoked
}

func TestRS02WhatAFailoverLostIsGivenBackByTheEdgesThatKnowIt(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 3, 1)
	s := open(t, redis.Options{Addresses: cluster.Addrs(), Cluster: true})
	first := startEdge(t, s)
	entry := entriesOf(5, 1)[0]
	master := cluster.Master("{log:05}:stream")
	heir := cluster.Replicas(master)[0]
	heir.Pause()
	if d, err := first.Write(t.Context(), entry); err != nil || d != revocation.Delivered {
		t.Fatalf("delivery %v, %v", d, err)
	}
	master.Kill()
	heir.Resume()
	if got := cluster.Master("{log:05}:stream"); got != heir {
		t.Fatalf("%s took the place of %s, not its replica", got.Addr(), master.Addr())
	}
	second := open(t, redis.Options{Addresses: cluster.Addrs(), Cluster: true})
	eventually(t, "the new master has the revocation", func() bool {
		b, err := second.Snapshot(t.Context(), 5)
		return err == nil && len(b.Entries) == 1 && b.Entries[0].Register == entry.Register
	})
	if late := startEdge(t, second); !late.refuses(identity.Family(entry.Key)) {
		t.Error("an edge that started after the failover lets the revoked session in")
	}
	next := entriesOf(5, 1)
	eventually(t, "another edge writes", func() bool { return second.Append(t.Context(), next) == nil })
	eventually(t, "the first edge has it", func() bool { return first.refuses(identity.Family(next[0].Key)) })
	eventually(t, "the first edge's blocking reads find the new master", func() bool {
		_, err := s.Read(t.Context(), 5, revocation.Cursor{}, 10*time.Millisecond)
		return err == nil
	})
}

func TestWithTooFewReplicasAWriteIsPendingAndDeliveredWhenTheyAreBack(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 1, 1)
	replica := group.Replicas(group.Master())[0]
	s := open(t, redis.Options{Addresses: group.Addrs(), MasterName: redistest.MasterName, Acknowledge: 1, Command: time.Second})
	e := startEdge(t, s)
	replica.Pause()
	entry := entriesOf(5, 1)
	if err := s.Append(t.Context(), entry); err == nil || !strings.Contains(err.Error(), "0 of 1 replicas") {
		t.Errorf("append: %v", err)
	}
	many := append(everywhere(), entriesOf(6, 450)...)
	if err := s.Append(t.Context(), many); !errors.Is(err, revocation.ErrUnacknowledged) {
		t.Errorf("append: %v", err)
	}
	requireEntries(t, s, many) // the other edges read them, all of them, from the master
	before, err := s.Probe(t.Context(), 5, revocation.Beat{})
	must(t, err)
	for range 3 { // as the outbox does
		d, err := e.Write(t.Context(), entry...)
		if err != nil || d != revocation.InMemory {
			t.Errorf("delivery %v, %v", d, err)
		}
	}
	after, err := s.Probe(t.Context(), 5, revocation.Beat{})
	must(t, err)
	if after.Last != before.Last {
		t.Errorf("writing the same again moved the stream from %v to %v: it would grow for as long as the replica is away", before.Last, after.Last)
	}
	if !e.refuses(identity.Family(entry[0].Key)) {
		t.Error("the edge itself lets the revoked session in")
	}
	replica.Resume()
	eventually(t, "the replica acknowledges", func() bool { return s.Append(t.Context(), entry) == nil })
}

func TestASlotThatMovesToAnotherMasterIsFollowed(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 2, 0)
	cluster.Do(append(theUser(t), "+cluster|slots")...)
	s := open(t, asUser(redis.Options{Addresses: cluster.Addrs(), Cluster: true}))
	must(t, s.Append(t.Context(), entriesOf(5, 1)))
	from := cluster.Master("{log:05}:stream")
	to := cluster.Nodes()[0]
	if to == from {
		to = cluster.Nodes()[1]
	}
	slot := fmt.Sprint(from.Do("CLUSTER", "KEYSLOT", "{log:05}:stream"))
	id := func(n *redistest.Server) string { return n.Do("CLUSTER", "MYID").(string) }
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", id(from))
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", id(to))
	_, port, _ := strings.Cut(to.Addr(), ":")
	for _, key := range from.Do("CLUSTER", "GETKEYSINSLOT", slot, "100").([]any) {
		from.Do("MIGRATE", "127.0.0.1", port, key.(string), "0", "5000")
	}
	whole := func(n int) {
		t.Helper()
		b, err := s.Snapshot(t.Context(), 5)
		must(t, err)
		read, err := s.Read(t.Context(), 5, revocation.Cursor{}, 0)
		must(t, err)
		if len(b.Entries) != n || len(read.Entries) != n {
			t.Errorf("snapshot %+v, read %+v", b, read)
		}
	}
	if _, err := s.Snapshot(t.Context(), 5); err == nil || !strings.Contains(err.Error(), "ACL LOG") {
		t.Errorf("without +asking: %v", err)
	}
	cluster.Do("ACL", "SETUSER", "edgeauth", "+asking")
	whole(1) // by -ASK: the keys are there, the slot is here
	if _, err := s.Probe(t.Context(), 5, revocation.Beat{}); err != nil && !strings.Contains(err.Error(), "on the move") {
		t.Errorf("probe: %v", err)
	}
	for _, n := range []*redistest.Server{to, from} {
		n.Do("CLUSTER", "SETSLOT", slot, "NODE", id(to))
	}
	must(t, s.Append(t.Context(), entriesOf(5, 1))) // by -MOVED
	whole(2)
}
