package session_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/session"
)

func Test_keys_rotate_without_logging_anyone_out(t *testing.T) {
	old := newKey(t, start.Add(-time.Hour))
	keys, err := session.Rotate([]session.Key{old}, start.Add(time.Hour), 8*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ring := testRing(t, keys...)
	seal := func(at time.Time) string {
		v, err := ring.Seal(at, session.PurposeSession, "n", "h", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	opens := func(at time.Time, v string) bool {
		_, err := ring.Open(at, session.PurposeSession, "n", "h", v)
		return err == nil
	}
	before, after := seal(start), seal(start.Add(61*time.Minute))
	if before[:7] == after[:7] {
		t.Error("the new key did not take over at its time")
	}
	if !opens(start.Add(2*time.Hour), before) || !opens(start, after) {
		t.Error("want both keys to open during the overlap, on edges whose clocks differ too")
	}
	if opens(start.Add(9*time.Hour), before) {
		t.Error("a retired key still opens")
	}
	if _, err := testRing(t).Open(start, session.PurposeSession, "n", "h", before); !errors.Is(err, session.ErrSealed) {
		t.Errorf("a key that is not in the ring: %v", err)
	}
}

func Test_a_ring_file_is_read_as_it_was_written_and_nobody_else_may_read_it(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	want := []session.Key{newKey(t, start), newKey(t, start.Add(time.Hour))}
	want[0].RetireAfter = start.Add(48 * time.Hour)
	if err := session.WriteKeys(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := session.ReadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i].ID != want[i].ID || got[i].Secret != want[i].Secret || !got[i].Signing.Equal(want[i].Signing) || !got[i].RetireAfter.Equal(want[i].RetireAfter) {
			t.Errorf("key %d changed", i)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
}

func Test_a_broken_ring_file_says_where_and_shows_no_secret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := session.WriteKeys(path, []session.Key{newKey(t, start)}); err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(path)
	for name, edit := range map[string]func(string) string{
		"not JSON":      func(s string) string { return s[:len(s)/2] },
		"unknown field": func(s string) string { return strings.Replace(s, `"id"`, `"ID2"`, 1) },
		"short secret":  func(s string) string { return strings.Replace(s, `"secret": "`, `"secret": "QUJD`, 1) },
		"trailing":      func(s string) string { return s + "{}" },
	} {
		if err := os.WriteFile(path, []byte(edit(string(good))), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := session.ReadKeys(path)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := session.ReadKeys(path + ".none"); !session.KeysMissing(err) {
		t.Errorf("a missing file: %v", err)
	}
}

func Test_a_running_edge_takes_a_changed_ring_by_itself_and_keeps_the_old_one_when_it_is_broken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		first := newKey(t, time.Now())
		if err := session.WriteKeys(path, []session.Key{first}); err != nil {
			t.Fatal(err)
		}
		kr, err := session.OpenKeyring(path)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		changed := 0
		go func() { defer close(done); _ = kr.Run(ctx, slog.New(slog.DiscardHandler), func() { changed++ }) }()
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if kr.Ring().Active(time.Now()).ID != first.ID {
			t.Error("a broken file replaced the ring")
		}
		second := newKey(t, time.Now())
		if err := session.WriteKeys(path, []session.Key{first, second}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if kr.Ring().Active(time.Now()).ID != second.ID {
			t.Error("the changed ring was not taken")
		}
		cancel()
		<-done
		if changed != 1 {
			t.Errorf("the change was told %d times", changed)
		}
	})
}

func Test_a_broken_ring_that_is_cured_without_a_new_time_is_taken_and_complained_of_once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		first, second := newKey(t, time.Now()), newKey(t, time.Now())
		if err := session.WriteKeys(path, []session.Key{first}); err != nil {
			t.Fatal(err)
		}
		kr, err := session.OpenKeyring(path)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = kr.Run(ctx, slog.New(slog.NewTextHandler(&log, nil)), func() {})
		}()
		if err := session.WriteKeys(path, []session.Key{first, second}); err != nil {
			t.Fatal(err)
		}
		good, _ := os.ReadFile(path)
		copied := time.Now().Add(-time.Hour)
		for _, content := range []string{strings.Repeat(" ", len(good)), string(good)} {
			if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chtimes(path, copied, copied)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		cancel()
		<-done
		if kr.Ring().Active(time.Now()).ID != second.ID {
			t.Error("the cured ring was not taken")
		}
		if n := strings.Count(log.String(), "cannot be used"); n != 1 {
			t.Errorf("it was complained of %d times", n)
		}
	})
}

func Test_of_many_that_make_a_ring_at_once_one_does(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	var made [8]bool
	var rings [8][]session.Key
	var wg sync.WaitGroup
	for i := range made {
		rings[i] = []session.Key{newKey(t, start)}
		wg.Go(func() {
			err := session.CreateKeys(path, rings[i])
			if made[i] = err == nil; err != nil && !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := session.ReadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range made {
		if made[i] != (rings[i][0].ID == got[0].ID) {
			t.Errorf("number %d was told %v; the file holds key %s", i, made[i], got[0].ID)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func Test_a_replaced_ring_keeps_its_owner_mode_and_place(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "keys.json"), filepath.Join(dir, "link.json")
	keys := []session.Key{newKey(t, start)}
	if err := errors.Join(session.CreateKeys(path, keys), os.Chmod(path, 0o640), os.Symlink("keys.json", link)); err != nil {
		t.Fatal(err)
	}
	const owner = 12345
	if err := os.Chown(path, owner, owner); err != nil && os.Getuid() == 0 {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	if err := session.WriteKeys(link, append(keys, newKey(t, start))); err != nil {
		t.Fatal(err)
	}
	if got, err := session.ReadKeys(path); err != nil || len(got) != 2 {
		t.Errorf("the file that the link leads to holds %d keys, %v", len(got), err)
	}
	after, _ := os.Stat(path)
	was, is := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
	if after.Mode() != before.Mode() || is.Uid != was.Uid || is.Gid != was.Gid {
		t.Errorf("it was %v of %d:%d and is %v of %d:%d", before.Mode(), was.Uid, was.Gid, after.Mode(), is.Uid, is.Gid)
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
}
