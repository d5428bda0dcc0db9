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

// merges compares with revocation.Value.Merge. Few registers, times and texts make collisions likely.
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
	texts := tricky()
	r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	texts = texts[:3] // few, so that values often differ in the last place only
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

// tricky returns texts whose order depends on who compares: by bytes, by locale, by length, escaped or not.
func tricky() []string {
	return []string{"", "a", "A", "b", "aa", "ä", "é", "a b", "+", "%", "%20", "_", "-", "\x00", "\xff", "z"}
}

// comparesBytes lets each pair of texts compete for a register of its own, in both orders.
func comparesBytes(t *testing.T, s Subject) {
	var first, second []revocation.Entry
	for _, a := range tricky() {
		for _, b := range tricky() {
			e := revocation.Entry{Register: revocation.Family(identity.NewFamily()), Value: ending(time.Hour)}
			e.Actor = a
			first = append(first, e)
			e.Actor = b
			second = append(second, e)
		}
	}
	must(t, s.Append(t.Context(), first))
	must(t, s.Append(t.Context(), second))
	want := registers{}
	want.merge(first)
	want.merge(second)
	if diff := cmp.Diff(want, snapshots(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
