package storetest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// registers is what a store holds, by register.
type registers map[revocation.Register]revocation.Value

func (r registers) merge(entries []revocation.Entry) {
	for _, e := range entries {
		if there, ok := r[e.Register]; ok {
			e.Value = there.Merge(e.Value)
		}
		r[e.Register] = e.Value
	}
}

// snapshots returns the registers of all shards, and fails the test if one lies in a foreign shard.
func snapshots(t *testing.T, s Subject) registers {
	t.Helper()
	all := registers{}
	for shard := range revocation.Shards {
		b, err := s.Snapshot(t.Context(), shard)
		must(t, err)
		for _, e := range b.Entries {
			if e.Shard() != shard {
				t.Errorf("register %v of shard %d came from shard %d", e.Register, e.Shard(), shard)
			}
		}
		all.merge(b.Entries)
	}
	return all
}

// merges compares with revocation.Value.Merge. Few registers and few different times make collisions likely; the texts
// differ in ways in which a comparison by locale, by length or by escaped form would go wrong.
func merges(t *testing.T, s Subject) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 1))
		entries := someEntries(r, 40)
		want := registers{}
		want.merge(entries)
		before := snapshots(t, s)
		for _, batch := range shuffledBatches(r, entries) {
			must(t, s.Append(t.Context(), batch))
		}
		got := snapshots(t, s)
		for register := range before {
			delete(got, register)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// shuffledBatches gives the entries in another order, a third of them twice, cut at random.
func shuffledBatches(r *rand.Rand, entries []revocation.Entry) (batches [][]revocation.Entry) {
	all := append(append([]revocation.Entry{}, entries...), entries[:len(entries)/3]...)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for len(all) > 0 {
		n := 1 + r.IntN(len(all))
		batches, all = append(batches, all[:n]), all[n:]
	}
	return batches
}

func someEntries(r *rand.Rand, n int) (entries []revocation.Entry) {
	subject := identity.Subject{Issuer: "https://idp.example", Sub: time.Now().String()}
	names := []revocation.Register{
		revocation.Family(identity.NewFamily()),
		revocation.Session(identity.NewSessionID()),
		revocation.Subject(subject),
		revocation.IdPSession(identity.IdPSession{Issuer: subject.Issuer, SID: subject.Sub}),
		revocation.Floor(subject, identity.Elevated),
		revocation.Floor(subject, identity.High),
	}
	texts := []string{"", "a", "A", "b", "aa", "ä", "é", "a b", "+", "%", "%20", "_", "-", "\x00", "\xff", "z"}
	pick := func() string { return texts[r.IntN(len(texts))] }
	hour := time.Now().Truncate(time.Hour)
	for range n {
		entries = append(entries, revocation.Entry{
			Register: names[r.IntN(len(names))],
			Value: revocation.Value{
				Since:  revocation.MillisOf(hour) + revocation.Millis(r.IntN(4)),
				Until:  revocation.MillisOf(hour.Add(time.Duration(1+r.IntN(5))*time.Hour)) + revocation.Millis(r.IntN(3)-1),
				Region: pick(), Reason: pick(), Actor: pick(),
			},
		})
	}
	return entries
}
