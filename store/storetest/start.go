package storetest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// startsAmidWrites starts readers as an edge starts (the head's last position, then the snapshot, then the stream from
// that position) while registers grow and move to later ends. Each reader must end with the merge of all.
func startsAmidWrites(t *testing.T, s Subject) {
	const shard = 9
	entries := growing(shard, 300)
	want := registers{}
	want.merge(entries)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, e := range entries {
			if err := s.Append(t.Context(), []revocation.Entry{e}); err != nil {
				t.Error(err)
			}
		}
	}()
	var started []registers
	var from []revocation.Cursor
	for writing := true; writing; {
		head, err := s.Probe(t.Context(), shard, revocation.Beat{})
		must(t, err)
		snapshot, err := s.Snapshot(t.Context(), shard)
		must(t, err)
		r := registers{}
		r.merge(snapshot.Entries)
		started, from = append(started, r), append(from, head.Last)
		select {
		case <-written:
			writing = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	for i, r := range started {
		rest, _ := readAll(t, s, shard, from[i])
		r.merge(rest)
		if diff := cmp.Diff(want, r); diff != "" {
			t.Fatalf("reader %d of %d (-want +got):\n%s", i, len(started), diff)
		}
	}
}

// growing returns entries of a few registers of one shard, whose ends move over several hours.
func growing(shard, n int) (entries []revocation.Entry) {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	var names []revocation.Register
	for len(names) < 20 {
		if name := revocation.Family(identity.NewFamily()); name.Shard() == shard {
			names = append(names, name)
		}
	}
	now := time.Now()
	for range n {
		entries = append(entries, revocation.Entry{
			Register: names[r.IntN(len(names))],
			Value: revocation.Value{
				Since: revocation.MillisOf(now) + revocation.Millis(r.IntN(100)),
				Until: revocation.MillisOf(now.Add(time.Duration(1+r.IntN(8)) * time.Hour)),
			},
		})
	}
	return entries
}
