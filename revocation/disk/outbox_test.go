package disk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/revocation/disk"
)

// filled is a folder with an outbox that a crash left: two records of three entries each.
func filled(t *testing.T, o disk.Options) (dir string, entries []revocation.Entry) {
	t.Helper()
	dir, entries = t.TempDir(), someEntries(6)
	f := claim(t, dir, o)
	box, _ := openOutbox(t, f)
	for _, part := range [][]revocation.Entry{entries[:3], entries[3:]} {
		if err := box.Add(part); err != nil {
			t.Fatal(err)
		}
	}
	if n := box.Len(); n != 6 {
		t.Errorf("%d entries are kept", n)
	}
	_ = f.Close() // and not the outbox
	return dir, entries
}

func Test_what_was_added_waits_for_the_next_process_in_order(t *testing.T) {
	o := options(ringOf(t, newKey(t, time.Now().Add(-time.Hour))))
	dir, entries := filled(t, o)
	box, waiting := openOutbox(t, claim(t, dir, o))
	if diff := cmp.Diff(entries, waiting); diff != "" {
		t.Error(diff)
	}
	if err := box.Keep(entries[4:]); err != nil {
		t.Fatal(err)
	}
	more := someEntries(1)
	if err := box.Add(more); err != nil || box.Len() != 3 {
		t.Errorf("adding: %v, %d are kept", err, box.Len())
	}
}

func Test_the_files_are_for_their_owner_alone_and_show_no_name(t *testing.T) {
	dir, _ := filled(t, options(ringOf(t, newKey(t, time.Now().Add(-time.Hour)))))
	path := filepath.Join(dir, disk.OutboxName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if text, _ := os.ReadFile(path); bytes.Contains(text, []byte("family")) || bytes.Contains(text, []byte("cli:root")) {
		t.Error("the file shows what is in it")
	}
}

func Test_an_end_that_was_torn_off_costs_what_was_never_answered_for_and_nothing_else(t *testing.T) {
	o := options(ringOf(t, newKey(t, time.Now().Add(-time.Hour))))
	dir, entries := filled(t, o)
	rewrite(t, dir, disk.OutboxName, func(text []byte) []byte { return text[:len(text)-7] })
	f := claim(t, dir, o)
	box, waiting := openOutbox(t, f)
	if diff := cmp.Diff(entries[:3], waiting); diff != "" {
		t.Error(diff)
	}
	if err := box.Add(entries[3:]); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if _, waiting = openOutbox(t, claim(t, dir, o)); len(waiting) != 6 {
		t.Errorf("%d wait after the next record", len(waiting))
	}
}

func Test_every_place_where_a_crash_can_tear_the_file_leaves_whole_records(t *testing.T) {
	o := options(nil)
	o.Outbox = openSeal{}
	dir, entries := filled(t, o)
	text, err := os.ReadFile(filepath.Join(dir, disk.OutboxName))
	if err != nil {
		t.Fatal(err)
	}
	for n := strings.Index(string(text), "\n") + 1; n < len(text); n += 11 {
		rewrite(t, dir, disk.OutboxName, func([]byte) []byte { return text[:n] })
		f := claim(t, dir, o)
		_, waiting := openOutbox(t, f)
		_ = f.Close()
		if want := 3 * (strings.Count(string(text[:n]), "\n") - 1); len(waiting) != want {
			t.Fatalf("cut after %d of %d bytes: %d wait, want %d", n, len(text), len(waiting), want)
		}
		if diff := cmp.Diff(entries[:len(waiting)], waiting, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	}
}

func Test_what_cannot_be_opened_is_reported_and_set_aside_and_the_rest_waits(t *testing.T) {
	now := time.Now()
	ours, other := newKey(t, now.Add(-time.Hour)), newKey(t, now.Add(-time.Hour))
	retired := ours
	retired.RetireAfter = now.Add(-time.Second)
	o := options(ringOf(t, ours))
	for name, c := range map[string]struct {
		then    disk.Options
		change  func([]byte) []byte
		waiting int
		want    []disk.Problem
	}{
		"a key of another ring":    {then: options(ringOf(t, other)), want: []disk.Problem{disk.Sealed, disk.Sealed}},
		"a key that has retired":   {then: options(ringOf(t, retired, other)), want: []disk.Problem{disk.Sealed, disk.Sealed}},
		"a key for something else": {then: func() disk.Options { p := o; p.Outbox = o.Snapshot; return p }(), want: []disk.Problem{disk.Sealed, disk.Sealed}},
		"changed bytes": {then: o, waiting: 3, want: []disk.Problem{disk.Sealed}, change: func(b []byte) []byte {
			b[len(b)-9] ^= 1
			return b
		}},
		"records in another order": {then: o, want: []disk.Problem{disk.Sealed, disk.Sealed}, change: func(b []byte) []byte {
			l := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join([][]byte{l[0], l[2], l[1]}, nil)
		}},
		"a record twice": {then: o, waiting: 6, want: []disk.Problem{disk.Sealed}, change: func(b []byte) []byte {
			l := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join([][]byte{l[0], l[1], l[2], l[2]}, nil)
		}},
		"another version": {then: o, want: []disk.Problem{disk.Foreign}, change: func(b []byte) []byte {
			return bytes.Replace(b, []byte("outbox 1 "), []byte("outbox 2 "), 1)
		}},
		"another file": {then: o, want: []disk.Problem{disk.Foreign}, change: func([]byte) []byte { return []byte("PNG\x00\xff\n\n") }},
	} {
		t.Run(name, func(t *testing.T) {
			dir, entries := filled(t, o)
			if c.change != nil {
				rewrite(t, dir, disk.OutboxName, c.change)
			}
			before, _ := os.ReadFile(filepath.Join(dir, disk.OutboxName))
			f := claim(t, dir, c.then)
			box, waiting, err := f.OpenOutbox()
			t.Cleanup(func() { _ = box.Close() })
			if diff := cmp.Diff(c.want, problems(err)); diff != "" {
				t.Errorf("%v: %s", err, diff)
			}
			if len(waiting) != c.waiting || !cmp.Equal(entries[:c.waiting], append([]revocation.Entry{}, waiting...)) {
				t.Errorf("%d wait, want %d", len(waiting), c.waiting)
			}
			aside, _ := filepath.Glob(filepath.Join(dir, disk.OutboxName+".refused-*"))
			if len(aside) != 1 {
				t.Fatalf("set aside: %q", aside)
			}
			if kept, _ := os.ReadFile(aside[0]); !bytes.Equal(kept, before) {
				t.Error("what was set aside is not what was there")
			}
			if err := box.Add(someEntries(1)); err != nil {
				t.Errorf("adding after that: %v", err)
			}
			_ = f.Close()
			if _, again := openOutbox(t, claim(t, dir, c.then)); len(again) != c.waiting+1 {
				t.Errorf("%d wait at the next start", len(again))
			}
		})
	}
}

func Test_of_a_hundred_records_without_their_key_a_few_are_reported(t *testing.T) {
	now := time.Now()
	o := options(ringOf(t, newKey(t, now.Add(-time.Hour))))
	dir := t.TempDir()
	f := claim(t, dir, o)
	box, _ := openOutbox(t, f)
	for range 100 {
		if err := box.Add(someEntries(1)); err != nil {
			t.Fatal(err)
		}
	}
	_ = f.Close()
	box, _, err := claim(t, dir, options(ringOf(t, newKey(t, now)))).OpenOutbox()
	t.Cleanup(func() { _ = box.Close() })
	if n := len(problems(err)); n != 3 || !strings.Contains(err.Error(), "not reported one by one") {
		t.Errorf("%d reports: %v", n, err)
	}
}

func Test_what_was_set_aside_can_be_put_back_once_the_key_is_there(t *testing.T) {
	key, other := newKey(t, time.Now().Add(-time.Hour)), newKey(t, time.Now().Add(-time.Hour))
	dir, entries := filled(t, options(ringOf(t, key)))
	f := claim(t, dir, options(ringOf(t, other)))
	box, _, err := f.OpenOutbox()
	if err == nil {
		t.Fatal("another ring opens it")
	}
	_, _ = box.Close(), f.Close()
	aside, _ := filepath.Glob(filepath.Join(dir, disk.OutboxName+".refused-*"))
	if err := os.Rename(aside[0], filepath.Join(dir, disk.OutboxName)); err != nil {
		t.Fatal(err)
	}
	if _, waiting := openOutbox(t, claim(t, dir, options(ringOf(t, key, other)))); !cmp.Equal(entries, waiting) {
		t.Errorf("%d wait", len(waiting))
	}
}

func Test_a_file_that_cannot_be_written_says_so_until_it_can_be(t *testing.T) {
	dir := t.TempDir()
	f := claim(t, dir, options(ringOf(t, newKey(t, time.Now().Add(-time.Hour)))))
	box, _ := openOutbox(t, f)
	away := dir + ".away"
	if err := box.Close(); err != nil { // as if the disk had gone
		t.Fatal(err)
	}
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	if err := box.Add(someEntries(1)); err == nil {
		t.Error("an entry is said to be kept, and is not")
	}
	if err := box.Keep(someEntries(1)); err == nil {
		t.Error("entries are said to be kept, and are not")
	}
	if err := os.Rename(away, dir); err != nil {
		t.Fatal(err)
	}
	if err := box.Keep(someEntries(1)); err != nil || box.Len() != 1 {
		t.Errorf("once it is back: %v, %d kept", err, box.Len())
	}
	if err := box.Add(someEntries(1)); err != nil {
		t.Error(err)
	}
}

func Test_what_a_crash_left_half_written_is_cleared_away(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".revocations-123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	claim(t, dir, options(ringOf(t, newKey(t, time.Now()))))
	if left, _ := filepath.Glob(filepath.Join(dir, ".revocations-*")); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}
