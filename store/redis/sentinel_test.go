package redis_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// everywhere returns entries of all shards.
func everywhere() (entries []revocation.Entry) {
	for shard := range revocation.Shards {
		entries = append(entries, entriesOf(shard, 3)...)
	}
	return entries
}

// requireEntries fails the test unless the snapshots of all shards hold the entries.
func requireEntries(t *testing.T, s *redis.Store, entries []revocation.Entry) {
	t.Helper()
	want, got := map[revocation.Register]revocation.Value{}, map[revocation.Register]revocation.Value{}
	for _, e := range entries {
		want[e.Register] = e.Value
	}
	for shard := range revocation.Shards {
		var b revocation.Batch
		eventually(t, "a snapshot", func() (ok bool) {
			var err error
			b, err = s.Snapshot(t.Context(), shard)
			return err == nil
		})
		for _, e := range b.Entries {
			got[e.Register] = e.Value
		}
	}
	for r := range want {
		if diff := cmp.Diff(want[r], got[r]); diff != "" {
			t.Errorf("%v (-want +got):\n%s", r, diff)
		}
	}
}

func TestRS02AfterAFailoverUnderSentinelsTheNewMasterHasAllThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 1, 3)
	s := open(t, redis.Options{Addresses: group.Addrs()[:1], MasterName: redistest.MasterName, Acknowledge: 1})
	entries := everywhere()
	eventually(t, "the replicas acknowledge", func() bool { return s.Append(t.Context(), entries) == nil })
	must(t, s.Put(t.Context(), "kept", []byte("v"), time.Hour))
	first := group.Master()
	first.Do("WAIT", "1", "10000")
	first.Pause() // it comes back later and believes to be the master still

	eventually(t, "a master answers", func() bool { _, err := s.Probe(t.Context(), 0, revocation.Beat{}); return err == nil })
	if second := group.Master(); second == first {
		t.Error("the paused master answered")
	}
	requireEntries(t, s, entries)
	if got, found, err := s.Get(t.Context(), "kept"); err != nil || !found || string(got) != "v" {
		t.Errorf("got %q, %v, %v", got, found, err)
	}
	first.Resume()
	reads := open(t, redis.Options{Addresses: group.Addrs(), MasterName: redistest.MasterName}) // nobody is left to acknowledge
	storetest.RequireAvailable(t, reads)
	requireEntries(t, reads, entries)
}
