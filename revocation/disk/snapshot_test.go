package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/revocation/disk"
)

// known is a copy of a log as an edge has it that leans on what another one saved.
func known(entries []revocation.Entry) (*revocation.Replica, [revocation.Shards]revocation.ShardState) {
	r := revocation.NewReplica(time.Now)
	r.Apply(entries...)
	inc, older := identity.NewIncarnation(), identity.NewIncarnation()
	var states [revocation.Shards]revocation.ShardState
	for i := range states {
		states[i] = revocation.ShardState{Current: inc, Held: []identity.Incarnation{inc, older}, Staleness: time.Duration(i) * time.Second,
			Place: revocation.Place{Cursor: revocation.Cursor{Major: math.MaxUint64, Minor: uint64(i)}, Checked: revocation.Cursor{Major: 1}, Life: "a life \" of\x01 any kind"}}
	}
	r.Restore(states, 0)
	return r, states
}

// savedIn is a folder with a snapshot.
func savedIn(t testing.TB, o disk.Options, entries []revocation.Entry) (dir string, states [revocation.Shards]revocation.ShardState) {
	t.Helper()
	dir = t.TempDir()
	r, states := known(entries)
	f := claim(t, dir, o)
	if n, err := f.Save(r); err != nil || n != r.Len() {
		t.Fatalf("saving: %d entries, %v", n, err)
	}
	_ = f.Close()
	return dir, states
}

func Test_a_copy_is_restored_as_it_was_saved(t *testing.T) {
	o := options(ringOf(t, newKey(t, time.Now().Add(-time.Hour))))
	entries := someEntries(5000)
	dir, states := savedIn(t, o, entries)
	info, err := os.Stat(filepath.Join(dir, disk.SnapshotName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	want, got := revocation.NewReplica(time.Now), revocation.NewReplica(time.Now)
	want.Apply(entries...)
	n, written, err := claim(t, dir, o).Restore(got)
	if err != nil || n != want.Len() || time.Since(written) > time.Minute {
		t.Fatalf("%d entries, %v, %v", n, written, err)
	}
	byName := cmpopts.SortSlices(func(a, b revocation.Entry) bool { x, _ := a.Encode(); y, _ := b.Encode(); return x < y })
	byText := cmpopts.SortSlices(func(a, b identity.Incarnation) bool { return a.String() < b.String() })
	for i := range states {
		if diff := cmp.Diff(want.Entries(i), got.Entries(i), byName); diff != "" {
			t.Fatalf("shard %d: %s", i, diff)
		}
		st := got.State(i)
		if st.Staleness != math.MaxInt64 {
			t.Errorf("shard %d counts before the log was found to be away", i)
		}
		st.Staleness = states[i].Staleness
		if diff := cmp.Diff(states[i], st, byText); diff != "" {
			t.Errorf("shard %d: %s", i, diff)
		}
	}
	if age := got.RestoredAge(); age != math.MaxInt64 {
		t.Errorf("what never counted when it was saved is %v old", age)
	}
}

func Test_a_file_that_is_not_whole_or_not_ours_is_refused_and_promises_nothing(t *testing.T) {
	now := time.Now()
	ours := newKey(t, now.Add(-time.Hour))
	retired := ours
	retired.RetireAfter = now.Add(-time.Second)
	o := options(ringOf(t, ours))
	lines := func(change func([][]byte) [][]byte) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Join(change(bytes.SplitAfter(b, []byte("\n"))), nil) }
	}
	for name, c := range map[string]struct {
		then   disk.Options
		change func([]byte) []byte
		want   disk.Problem
	}{
		"a key of another ring":  {then: options(ringOf(t, newKey(t, now))), want: disk.Sealed},
		"a key that has retired": {then: options(ringOf(t, retired, newKey(t, now))), want: disk.Sealed},
		"the outbox's key":       {then: func() disk.Options { p := o; p.Snapshot = o.Outbox; return p }(), want: disk.Sealed},
		"an older version":       {then: o, want: disk.Foreign, change: func(b []byte) []byte { return bytes.Replace(b, []byte("snapshot 1 "), []byte("snapshot 0 "), 1) }},
		"an outbox":              {then: o, want: disk.Foreign, change: func(b []byte) []byte { return bytes.Replace(b, []byte("snapshot"), []byte("outbox"), 1) }},
		"an empty file":          {then: o, want: disk.Foreign, change: func([]byte) []byte { return nil }},
		"the header alone":       {then: o, want: disk.Truncated, change: lines(func(l [][]byte) [][]byte { return l[:1] })},
		"no end":                 {then: o, want: disk.Truncated, change: lines(func(l [][]byte) [][]byte { return l[:len(l)-2] })},
		"half an end":            {then: o, want: disk.Truncated, change: func(b []byte) []byte { return b[:len(b)-3] }},
		"a record less":          {then: o, want: disk.Sealed, change: lines(func(l [][]byte) [][]byte { return append(l[:2], l[3:]...) })},
		"two records exchanged":  {then: o, want: disk.Sealed, change: lines(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l })},
		"a changed record":       {then: o, want: disk.Sealed, change: lines(func(l [][]byte) [][]byte { l[3][40] ^= 1; return l })},
		"something behind it":    {then: o, want: disk.Content, change: func(b []byte) []byte { return append(b, "more\n"...) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := savedIn(t, o, someEntries(3000))
			if c.change != nil {
				rewrite(t, dir, disk.SnapshotName, c.change)
			}
			r := revocation.NewReplica(time.Now)
			_, _, err := claim(t, dir, c.then).Restore(r)
			if got := problems(err); len(got) != 1 || got[0] != c.want {
				t.Errorf("%v, want a problem of kind %s", err, c.want)
			}
			if st := r.State(0); len(st.Held) != 0 || st.Place != (revocation.Place{}) || r.RestoredAge() != math.MaxInt64 {
				t.Errorf("it promises %+v", st)
			}
		})
	}
}

func Test_without_a_snapshot_there_is_nothing_to_refuse(t *testing.T) {
	f := claim(t, t.TempDir(), options(ringOf(t, newKey(t, time.Now()))))
	if _, _, err := f.Restore(revocation.NewReplica(time.Now)); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func Test_a_copy_that_promises_nothing_does_not_replace_one_that_does(t *testing.T) {
	o := options(ringOf(t, newKey(t, time.Now().Add(-time.Hour))))
	dir, _ := savedIn(t, o, someEntries(10))
	before, _ := os.ReadFile(filepath.Join(dir, disk.SnapshotName))
	r := revocation.NewReplica(time.Now)
	r.Apply(someEntries(5)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as at the end of an edge that never read the log
	keeper := claim(t, dir, o).Keeper(r, revocation.NewWriter(nil, r, "", nil), time.Hour)
	if err := keeper.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, disk.SnapshotName)); !bytes.Equal(before, after) {
		t.Error("the snapshot was replaced")
	}
	if _, ever := keeper.Written(); ever || keeper.Failing() {
		t.Error("it says that it was saved, or that it could not be")
	}
}

func Test_how_old_a_copy_is_follows_the_longer_of_two_clocks(t *testing.T) {
	o := options(ringOf(t, newKey(t, time.Now().Add(-24*time.Hour))))
	at, up := time.Now(), disk.Boot{ID: "one", Up: time.Hour}
	o.Now, o.Boot = func() time.Time { return at }, func() disk.Boot { return up }
	written := at
	for name, c := range map[string]struct {
		clock time.Duration // since it was saved
		boot  disk.Boot
		want  time.Duration
	}{
		"both agree":                             {10 * time.Minute, disk.Boot{ID: "one", Up: 70 * time.Minute}, 10 * time.Minute},
		"the clock was set back, but not so far": {2 * time.Minute, disk.Boot{ID: "one", Up: 70 * time.Minute}, 10 * time.Minute},
		"the clock was set ahead":                {time.Hour, disk.Boot{ID: "one", Up: 70 * time.Minute}, time.Hour},
		"the machine was started anew":           {2 * time.Minute, disk.Boot{ID: "two", Up: 70 * time.Minute}, 2 * time.Minute},
		"nobody knows when it was started":       {2 * time.Minute, disk.Boot{}, 2 * time.Minute},
		"the clock was set back":                 {-time.Minute, disk.Boot{ID: "one", Up: 70 * time.Minute}, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			at, up = written, disk.Boot{ID: "one", Up: time.Hour}
			dir := t.TempDir()
			f := claim(t, dir, o)
			if _, err := f.Save(leaning(t)); err != nil {
				t.Fatal(err)
			}
			at, up = written.Add(c.clock), c.boot
			r := revocation.NewReplica(time.Now)
			if _, _, err := f.Restore(r); err != nil {
				t.Fatal(err)
			}
			got := r.RestoredAge()
			if c.want == math.MaxInt64 && got != c.want || c.want != math.MaxInt64 && (got < c.want || got > c.want+time.Minute) {
				t.Errorf("it is %v old, want %v", got, c.want)
			}
		})
	}
}

// away is a log that does not answer.
type away struct {
	revocation.Stream
	revocation.Sink
}

func (away) Probe(context.Context, int, revocation.Beat) (revocation.Head, error) {
	return revocation.Head{}, errAway
}

var errAway = errors.New("the log is away")

// leaning is a copy that counts, at most a second old: its edge started on it while the log was away.
func leaning(t *testing.T) *revocation.Replica {
	t.Helper()
	r := revocation.NewReplica(time.Now)
	var states [revocation.Shards]revocation.ShardState
	for i := range states {
		states[i].Held = []identity.Incarnation{identity.NewIncarnation()}
	}
	r.Restore(states, 0)
	follower := revocation.NewFollower(revocation.FollowerOptions{Stream: away{}, Sink: away{}, Replica: r, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Notify: func(revocation.Happening, string) {}, Bound: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = follower.Run(ctx) })
	for end := time.Now().Add(30 * time.Second); !r.Ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not lean on what was restored")
		}
	}
	cancel()
	wg.Wait()
	return r
}
