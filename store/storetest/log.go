package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// fresh returns n entries about different names that end in an hour; their reasons number them.
func fresh(n int) (entries []revocation.Entry) {
	for i := range n {
		e := revocation.Entry{Register: revocation.Family(identity.NewFamily()), Value: ending(time.Hour)}
		e.Reason = fmt.Sprint(i)
		entries = append(entries, e)
	}
	return entries
}

// inShard returns n entries of one shard.
func inShard(shard, n int) (entries []revocation.Entry) {
	for len(entries) < n {
		for _, e := range fresh(64) {
			if e.Shard() == shard && len(entries) < n {
				entries = append(entries, e)
			}
		}
	}
	return entries
}

// readAll reads a shard from a position on until nothing comes.
func readAll(t *testing.T, s Subject, shard int, after revocation.Cursor) (entries []revocation.Entry, next revocation.Cursor) {
	t.Helper()
	for {
		b, err := s.Read(t.Context(), shard, after, 0)
		must(t, err)
		if b.Unreadable.Count != 0 {
			t.Errorf("%d unreadable entries", b.Unreadable.Count)
		}
		if len(b.Entries) == 0 {
			if b.Next != after {
				t.Errorf("nothing came, and the position moved from %v to %v", after, b.Next)
			}
			return entries, after
		}
		if b.Next.Compare(after) <= 0 {
			t.Fatalf("the position went from %v to %v", after, b.Next)
		}
		entries, after = append(entries, b.Entries...), b.Next
	}
}

func emptyShard(t *testing.T, s Subject) {
	head, err := s.Probe(t.Context(), 3, revocation.Beat{})
	must(t, err)
	if diff := cmp.Diff(revocation.Head{Life: head.Life, Time: head.Time}, head); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
	snapshot, err := s.Snapshot(t.Context(), 3)
	must(t, err)
	if len(snapshot.Entries) != 0 || snapshot.Unreadable.Count != 0 {
		t.Errorf("snapshot %v", snapshot)
	}
	if entries, next := readAll(t, s, 3, revocation.Cursor{}); len(entries) != 0 || next != (revocation.Cursor{}) {
		t.Errorf("read %v up to %v", entries, next)
	}
	must(t, s.Append(t.Context(), nil))
}

func order(t *testing.T, s Subject) {
	entries := fresh(100)
	entries = append(entries, entries[0], entries[1])
	must(t, s.Append(t.Context(), entries[:40]))
	must(t, s.Append(t.Context(), entries[40:]))
	for shard := range revocation.Shards {
		var want []revocation.Entry
		for _, e := range entries[:100] {
			if e.Shard() == shard {
				want = append(want, e)
			}
		}
		got, next := readAll(t, s, shard, revocation.Cursor{})
		if diff := cmp.Diff(want, firstOfEach(got)); diff != "" {
			t.Errorf("shard %d (-want +got):\n%s", shard, diff)
		}
		head, err := s.Probe(t.Context(), shard, revocation.Beat{})
		must(t, err)
		if head.Last != next || head.Trimmed != (revocation.Cursor{}) {
			t.Errorf("shard %d was read up to %v; its last is %v, trimmed up to %v", shard, next, head.Last, head.Trimmed)
		}
	}
}

// firstOfEach leaves out what came before: a write that says nothing new may come again or not.
func firstOfEach(entries []revocation.Entry) (first []revocation.Entry) {
	for _, e := range entries {
		if !slices.Contains(first, e) {
			first = append(first, e)
		}
	}
	return first
}

func oneLife(t *testing.T, s Subject) {
	life := func() string {
		head, err := s.Probe(t.Context(), 3, revocation.Beat{})
		must(t, err)
		return head.Life
	}
	before := life()
	must(t, s.Append(t.Context(), inShard(3, 2)))
	must(t, s.Reseed(t.Context(), 3, identity.NewIncarnation(), inShard(3, 2)))
	if after := life(); after != before {
		t.Errorf("the life was %q and is %q though nothing was lost", before, after)
	}
}

func cursors(t *testing.T, s Subject) {
	entries := inShard(5, 2500)
	must(t, s.Append(t.Context(), entries[:2400]))
	first, next := readAll(t, s, 5, revocation.Cursor{})
	must(t, s.Append(t.Context(), entries[2400:]))
	second, _ := readAll(t, s, 5, next)
	if diff := cmp.Diff(entries, append(first, second...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(first) != 2400 {
		t.Errorf("read %d at first", len(first))
	}
}

func wakes(t *testing.T, s Subject) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	want := inShard(7, 1)
	got := make(chan revocation.Batch, 1)
	go func() {
		defer close(got)
		var after revocation.Cursor
		for ctx.Err() == nil {
			b, err := s.Read(ctx, 7, after, 5*time.Second)
			if err != nil {
				t.Error(err)
				return
			}
			if len(b.Entries) > 0 {
				got <- b
				return
			}
		}
	}()
	must(t, s.Append(t.Context(), inShard(8, 1)))
	must(t, s.Append(t.Context(), want))
	if diff := cmp.Diff(want, (<-got).Entries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func waitsInVain(t *testing.T, s Subject) {
	must(t, s.Append(t.Context(), inShard(7, 2)))
	_, next := readAll(t, s, 7, revocation.Cursor{})
	b, err := s.Read(t.Context(), 7, next, time.Second)
	must(t, err)
	if diff := cmp.Diff(revocation.Batch{Next: next}, b); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func refusesNonsense(t *testing.T, s Subject) {
	for name, e := range map[string]revocation.Entry{
		"no kind":             {Register: revocation.Register{Scope: revocation.ScopeFamily}, Value: ending(time.Hour)},
		"a level with spaces": {Register: revocation.Floor(identity.Subject{}, "so high"), Value: ending(time.Hour)},
		"a negative time":     {Register: revocation.All(), Value: revocation.Value{Since: -1}},
	} {
		if err := s.Append(t.Context(), []revocation.Entry{e}); err == nil {
			t.Errorf("%s: appended", name)
		}
		if err := s.Reseed(t.Context(), 0, identity.NewIncarnation(), []revocation.Entry{e}); err == nil {
			t.Errorf("%s: re-seeded", name)
		}
	}
	head, err := s.Probe(t.Context(), 0, revocation.Beat{})
	must(t, err)
	if len(head.Held) != 0 {
		t.Errorf("held %v", head.Held)
	}
}
