package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/file"
	"github.com/edgeauth/edgeauth/store/storetest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASecondEdgeIsToldWhoHoldsTheFile(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	_, err := file.Open(dir)
	if !errors.Is(err, file.ErrHeld) || !strings.Contains(err.Error(), filepath.Join(dir, file.Name)) ||
		!strings.Contains(err.Error(), "socket") {
		t.Errorf("got %v", err)
	}
	must(t, first.Close())
	must(t, open(t, dir).Close())
}

func TestAFolderOrFileThatCantBeUsedIsNamed(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	garbage := t.TempDir()
	must(t, os.WriteFile(filepath.Join(garbage, file.Name), []byte(strings.Repeat("no database ", 10_000)), 0o600))
	isFolder := t.TempDir()
	must(t, os.Mkdir(filepath.Join(isFolder, file.Name), 0o700))
	for name, dir := range map[string]string{"no folder": none, "garbage": garbage, "a folder": isFolder} {
		if _, err := file.Open(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, file.Name)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOnlyTheOwnerMayReadTheFile(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, dir).Close())
	path := filepath.Join(dir, file.Name)
	must(t, os.Chmod(path, 0o644))
	must(t, open(t, dir).Close())
	info, err := os.Stat(path)
	must(t, err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode is %o", mode)
	}
}

func TestARestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	inc := identity.NewIncarnation()
	entry := entryEnding(time.Hour)
	_, err := s.Begin(t.Context(), 0, identity.Incarnation{}, inc, true)
	must(t, err)
	must(t, s.Append(t.Context(), []revocation.Entry{entry}))
	must(t, s.Put(t.Context(), "k", []byte("v"), time.Hour))
	_, err = s.Claim(t.Context(), "k", []byte("v"), time.Hour)
	must(t, err)
	must(t, s.Push(t.Context(), "k", []byte("listed"), 3, time.Hour))
	before, err := s.Probe(t.Context(), 0, revocation.Beat{})
	must(t, err)
	must(t, s.Close())

	s = open(t, dir)
	after, err := s.Probe(t.Context(), 0, revocation.Beat{})
	must(t, err)
	before.Time = after.Time
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("head (-before +after):\n%s", diff)
	}
	if snapshot, err := s.Snapshot(t.Context(), 0); err != nil || !cmp.Equal(snapshot.Entries, []revocation.Entry{entry}) {
		t.Errorf("snapshot %v, %v", snapshot, err)
	}
	if got, found, err := s.Get(t.Context(), "k"); err != nil || !found || string(got) != "v" {
		t.Errorf("value %q, %v, %v", got, found, err)
	}
	if got, err := s.Claim(t.Context(), "k", []byte("w"), time.Hour); err != nil || got != store.Taken {
		t.Errorf("mark %v, %v", got, err)
	}
	if got, err := s.List(t.Context(), "k"); err != nil || !cmp.Equal(got, [][]byte{[]byte("listed")}) {
		t.Errorf("list %q, %v", got, err)
	}
}

// entryEnding returns an entry of shard 0.
func entryEnding(in time.Duration) revocation.Entry {
	now := time.Now()
	return revocation.Entry{
		Register: revocation.All(),
		Value:    revocation.Value{Since: revocation.MillisOf(now), Until: revocation.MillisOf(now.Add(in))},
	}
}

func TestWhatEndedIsSweptWithoutAnyWrite(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := file.Open(dir)
		must(t, err)
		running, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(running) }()
		for i := range 200 {
			must(t, s.Put(t.Context(), fmt.Sprint("value", i), []byte("v"), time.Minute))
			_, err := s.Claim(t.Context(), fmt.Sprint("mark", i), []byte("v"), time.Minute)
			must(t, err)
			must(t, s.Push(t.Context(), fmt.Sprint("list", i), []byte("v"), 9, time.Minute))
		}
		must(t, s.Put(t.Context(), "longer", []byte("v"), 24*time.Hour))
		must(t, s.Append(t.Context(), []revocation.Entry{entryEnding(time.Hour)}))
		last, err := s.Probe(t.Context(), 0, revocation.Beat{})
		must(t, err)

		time.Sleep(2*time.Hour + 58*time.Minute)
		if b, err := s.Snapshot(t.Context(), 0); err != nil || len(b.Entries) != 1 {
			t.Errorf("a register went before its margin: %v, %v", b, err)
		}
		time.Sleep(5 * time.Minute)
		if b, err := s.Snapshot(t.Context(), 0); err != nil || len(b.Entries) != 0 {
			t.Errorf("a register stays: %v, %v", b, err)
		}
		head, err := s.Probe(t.Context(), 0, revocation.Beat{})
		must(t, err)
		if head.Last != last.Last || head.Trimmed != last.Last {
			t.Errorf("of a stream whose only entry is three hours old: head %+v, want trimmed up to %v", head, last.Last)
		}
		stop()
		must(t, <-done)
		must(t, s.Close())
	})
	if n := records(t, dir); n != 2 { // "longer", and its end
		t.Errorf("%d records are left", n)
	}
}

// records counts what a closed file holds of marks, values, lists, ends, registers and streams.
func records(t *testing.T, dir string) (n int) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, file.Name), 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	must(t, db.View(func(tx *bbolt.Tx) error {
		for _, name := range []string{"once", "vault", "lists", "ends"} {
			n += tx.Bucket([]byte(name)).Stats().KeyN
		}
		for shard := range revocation.Shards {
			l := tx.Bucket(fmt.Appendf(nil, "log:%02d", shard))
			n += l.Bucket([]byte("registers")).Stats().KeyN + l.Bucket([]byte("stream")).Stats().KeyN
		}
		return nil
	}))
	return n
}

func TestEachWriteSweepsALittle(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := file.Open(dir)
		must(t, err)
		for i := range 50 {
			must(t, s.Put(t.Context(), fmt.Sprint(i), []byte("v"), time.Minute))
		}
		time.Sleep(time.Hour)
		must(t, s.Put(t.Context(), "longer", []byte("v"), time.Minute))
		must(t, s.Close())
	})
	if n := records(t, dir); n != 2 {
		t.Errorf("%d records are left", n)
	}
}

func TestAStreamKeepsTwoHoursAndReadersBehindCanTell(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := file.Open(dir)
		must(t, err)
		var ends []revocation.Cursor
		for range 4 {
			must(t, s.Append(t.Context(), []revocation.Entry{entryEnding(24 * time.Hour)}))
			head, err := s.Probe(t.Context(), 0, revocation.Beat{})
			must(t, err)
			ends = append(ends, head.Last)
			time.Sleep(time.Hour)
		}
		must(t, s.Append(t.Context(), []revocation.Entry{entryEnding(24 * time.Hour)}))
		head, err := s.Probe(t.Context(), 0, revocation.Beat{})
		must(t, err)
		if head.Trimmed != ends[1] { // written four and three hours ago; the third is two hours old to the millisecond
			t.Errorf("trimmed up to %v, want %v", head.Trimmed, ends[1])
		}
		b, err := s.Read(t.Context(), 0, revocation.Cursor{}, 0)
		must(t, err)
		if len(b.Entries) != 3 || b.Next != head.Last {
			t.Errorf("%d entries up to %v, want 3 up to %v", len(b.Entries), b.Next, head.Last)
		}
		must(t, s.Close())
	})
}

func TestACancelledOrClosedReadEndsWhileItWaits(t *testing.T) {
	s := open(t, t.TempDir())
	requireReadEnds(t, s, func(cancel func()) { cancel() })
	requireReadEnds(t, s, func(func()) { must(t, s.Close()) })
}

func requireReadEnds(t *testing.T, s *file.Store, end func(cancel func())) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := s.Read(ctx, 0, revocation.Cursor{}, time.Hour)
		done <- err
	}()
	end(cancel)
	var outage *store.Unavailable
	if err := <-done; !errors.As(err, &outage) {
		t.Errorf("got %v", err)
	}
	goleak.VerifyNone(t, before)
}

func TestAClosedStoreIsUnavailableToAll(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.Close())
	storetest.RequireUnavailable(t, s)
	must(t, s.Close())
}
