package revocation_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/revocation/disk"
)

// openSeal binds records to their places and hides nothing.
type openSeal struct{}

func (openSeal) Seal(place string, record []byte) (string, error) {
	return base64.RawURLEncoding.EncodeToString([]byte(place + "\x00" + string(record))), nil
}

func (openSeal) Open(place, sealed string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, err
	}
	record, ok := strings.CutPrefix(string(b), place+"\x00")
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	return []byte(record), nil
}

// durable is an edge with a folder. Its copy is saved every ten seconds.
type durable struct {
	*edge
	dir  string
	once sync.Once
}

const bound = time.Hour

// startDurable starts an edge on what an earlier one left in dir. Ahead is how far its clock is.
func startDurable(t *testing.T, log sharedLog, dir string, ahead time.Duration) *durable {
	t.Helper()
	folder, err := disk.Claim(dir, disk.Options{Outbox: openSeal{}, Snapshot: openSeal{}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{Replica: revocation.NewReplica(time.Now), seen: map[revocation.Happening]int{}}
	e.writer = revocation.NewWriter(log, e.Replica, "here", func(int) {})
	box, waiting, err := folder.OpenOutbox()
	if err != nil {
		t.Fatal(err)
	}
	e.writer.Resume(box, waiting, 100)
	if _, _, err := folder.Restore(e.Replica); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	f := revocation.NewFollower(revocation.FollowerOptions{
		Stream: log, Sink: log, Replica: e.Replica, Log: slog.New(slog.DiscardHandler), Now: time.Now, Grace: revocation.DefaultGrace, Bound: bound,
		Notify: func(h revocation.Happening, _ string) { e.mu.Lock(); e.seen[h]++; e.mu.Unlock() },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{f.Run, e.writer.Run, folder.Keeper(e.Replica, e.writer, 10*time.Second).Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	d := &durable{edge: e, dir: dir}
	e.stop = func() {
		d.once.Do(func() { cancel(); wg.Wait(); _ = box.Close(); _ = folder.Close() })
	}
	t.Cleanup(e.stop)
	return d
}

// crash ends an edge as a loss of power would: what it would still do at its end does not reach the folder that is returned.
func (d *durable) crash(t *testing.T) (dir string) {
	t.Helper()
	defer d.stop()
	return d.image(t)
}

// image is a folder with what the disk has at this moment.
func (d *durable) image(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{disk.OutboxName, disk.SnapshotName} { // each is replaced in one step
		data, err := os.ReadFile(filepath.Join(d.dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return dir
}

func Test_an_edge_that_starts_while_the_log_is_away_serves_from_its_copy_and_says_how_old_that_is(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a := startDurable(t, log, t.TempDir(), 0)
		time.Sleep(5 * time.Second)
		live := a.mint(t)
		gone, names := ended()
		if _, err := a.writer.Write(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		dir := a.crash(t)
		log.setDown(true)
		time.Sleep(30 * time.Minute)

		b := startDurable(t, log, dir, 0)
		time.Sleep(time.Second)
		if !b.Ready() || !b.Leaning() || b.happened(revocation.Leaned) != 1 {
			t.Fatalf("ready %v, leaning %v, said so %d times", b.Ready(), b.Leaning(), b.happened(revocation.Leaned))
		}
		if age := b.Staleness(); age < 30*time.Minute || age > 31*time.Minute {
			t.Errorf("the copy was saved half an hour ago and says that it is %v old", age)
		}
		if st := b.Standing(&live); !st.Vouched || st.Revoked {
			t.Errorf("a session in good standing: %+v", st)
		}
		if !b.Standing(&names).Revoked {
			t.Error("a revoked session is not refused")
		}
		if inc, ok := b.Current(); ok {
			t.Errorf("it would mint under %v, which may not be any more", inc)
		}
		log.setDown(false)
		time.Sleep(5 * time.Second)
		if age := b.Staleness(); age > 2*time.Second || b.Leaning() {
			t.Errorf("five seconds after the log is back the copy is %v old, leaning %v", age, b.Leaning())
		}
		if _, ok := b.Current(); !ok || !b.Standing(&live).Vouched {
			t.Error("the incarnation that the log still holds is not the edge's own")
		}
	})
}

func Test_a_copy_that_is_too_old_or_of_unknown_age_is_not_leaned_on(t *testing.T) {
	for name, c := range map[string]struct{ away, ahead time.Duration }{
		"older than the bound":      {away: bound},
		"saved at a time to come":   {away: time.Minute, ahead: -2 * time.Minute},
		"by a clock that runs fast": {away: time.Minute, ahead: 2 * bound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &memLog{}
				a := startDurable(t, log, t.TempDir(), 0)
				time.Sleep(20 * time.Second)
				live := a.mint(t)
				dir := a.crash(t)
				log.setDown(true)
				time.Sleep(c.away)
				b := startDurable(t, log, dir, c.ahead)
				time.Sleep(time.Minute)
				if b.Ready() || b.Standing(&live).Vouched || b.happened(revocation.Leaned) != 0 {
					t.Error("an edge serves from a copy that it must not trust")
				}
				log.setDown(false)
				time.Sleep(5 * time.Second)
				if !b.Ready() || !b.Standing(&live).Vouched {
					t.Error("the log is back, and the edge does not follow it")
				}
			})
		})
	}
}

func Test_a_logout_while_the_log_is_away_outlives_the_edge_and_reaches_the_others(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a, other := startDurable(t, log, t.TempDir(), 0), startEdge(t, log)
		defer other.stop()
		time.Sleep(15 * time.Second)
		log.setDown(true)
		time.Sleep(5 * time.Second)
		gone, names := ended()
		if d, err := a.writer.Write(t.Context(), gone); d != revocation.Pending || err != nil {
			t.Fatalf("%v, %v", d, err)
		}
		dir := a.crash(t)
		b := startDurable(t, log, dir, 0)
		if !b.Standing(&names).Revoked || b.writer.Pending() != 1 {
			t.Errorf("after a crash: revoked %v, %d wait", b.Standing(&names).Revoked, b.writer.Pending())
		}
		log.setDown(false)
		time.Sleep(10 * time.Second)
		if !other.Standing(&names).Revoked || b.writer.Pending() != 0 {
			t.Errorf("ten seconds after the log is back: the other edge refuses %v, %d wait", other.Standing(&names).Revoked, b.writer.Pending())
		}
		b.stop()
		c := startDurable(t, log, dir, 0)
		if c.writer.Pending() != 0 {
			t.Error("what was delivered waits again")
		}
	})
}

// A copy on disk may lack what other edges revoked after it was saved. Given back as a whole under its incarnation it would
// make the log hold that incarnation without them.
func Test_RS02_a_copy_from_disk_does_not_revive_whom_others_revoked_after_it_was_saved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a, other := startDurable(t, log, t.TempDir(), 0), startEdge(t, log)
		time.Sleep(15 * time.Second)
		inc, _ := a.Current()
		known, earlier := ended()
		if _, err := a.writer.Write(t.Context(), known); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		dir := a.crash(t)
		b := bearer(time.Now())
		b.Incarnation = inc
		gone, later := families(1)[0], b.Names()
		gone.Register = revocation.Family(b.Family)
		if _, err := other.writer.Write(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		other.stop()
		log.flush(everyShard()...)

		a = startDurable(t, log, dir, 0)
		time.Sleep(20 * time.Second)
		if st := a.Standing(&later); st.Vouched && !st.Revoked {
			t.Error("a session that another edge had revoked is good again")
		}
		if now, ok := a.Current(); !ok || now == inc {
			t.Errorf("it mints under %v (%v), the lost one is %v", now, ok, inc)
		}
		if !a.Standing(&earlier).Revoked {
			t.Error("what the copy knew was forgotten")
		}
	})
}

// countingLog counts snapshots.
type countingLog struct {
	*memLog
	snapshots atomic.Int32
}

func (l *countingLog) Snapshot(ctx context.Context, shard int) (revocation.Batch, error) {
	l.snapshots.Add(1)
	return l.memLog.Snapshot(ctx, shard)
}

func Test_an_edge_goes_on_where_its_copy_ends_unless_the_log_may_have_lost_something(t *testing.T) {
	for name, c := range map[string]struct {
		happens   func(*memLog)
		snapshots int32
	}{
		"nothing":        {func(*memLog) {}, 0},
		"one is trimmed": {func(l *memLog) { e := families(1)[0]; l.appendAndTrim(e) }, 1},
		"all is lost in one shard, and given back": {func(l *memLog) { l.flush(3) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &countingLog{memLog: &memLog{}}
				a, other := startDurable(t, log, t.TempDir(), 0), startEdge(t, log)
				defer other.stop()
				time.Sleep(5 * time.Second)
				live := a.mint(t)
				a.stop()
				gone, names := ended()
				if _, err := other.writer.Write(t.Context(), gone); err != nil {
					t.Fatal(err)
				}
				c.happens(log.memLog)
				time.Sleep(20 * time.Second)
				before := log.snapshots.Load()
				b := startDurable(t, log, a.dir, 0)
				time.Sleep(5 * time.Second)
				if !b.Standing(&names).Revoked || !b.Standing(&live).Vouched || b.Staleness() > 2*time.Second || b.happened(revocation.Leaned) > 0 {
					t.Errorf("revoked %v, vouched %v, %v old, leaned %d times", b.Standing(&names).Revoked, b.Standing(&live).Vouched, b.Staleness(), b.happened(revocation.Leaned))
				}
				if n := log.snapshots.Load() - before; n != c.snapshots {
					t.Errorf("it read %d snapshots, want %d", n, c.snapshots)
				}
			})
		})
	}
}

func Test_what_no_outbox_can_hold_is_said_to_be_in_memory_and_reaches_the_others_all_the_same(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		a, other := startDurable(t, log, t.TempDir(), 0), startEdge(t, log)
		defer other.stop()
		time.Sleep(5 * time.Second)
		log.setDown(true)
		if d, err := a.writer.Write(t.Context(), families(100)...); d != revocation.Pending || err != nil {
			t.Fatalf("as many as wait at most: %v, %v", d, err)
		}
		gone, names := ended()
		if d, err := a.writer.Write(t.Context(), gone); d != revocation.InMemory || err != nil {
			t.Errorf("one more: %v, %v", d, err)
		}
		if n := a.writer.Pending(); n != 100 {
			t.Errorf("%d wait", n)
		}
		log.setDown(false)
		time.Sleep(time.Minute)
		if !other.Standing(&names).Revoked || a.writer.Pending() != 0 {
			t.Errorf("a minute after the log is back the other edge refuses %v, %d wait", other.Standing(&names).Revoked, a.writer.Pending())
		}
	})
}

// brokenBox is a disk that is full until it is mended.
type brokenBox struct {
	full atomic.Bool
	kept int // belongs to the writer
}

var errFull = errors.New("no space left on device")

func (b *brokenBox) Add(entries []revocation.Entry) error {
	return b.Keep(append(families(b.kept), entries...))
}
func (b *brokenBox) Len() int { return b.kept }

func (b *brokenBox) Keep(entries []revocation.Entry) error {
	if b.full.Load() {
		return errFull
	}
	b.kept = len(entries)
	return nil
}

func Test_a_logout_on_a_full_disk_says_that_it_is_in_memory_and_is_kept_once_there_is_room(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{down: true}
		w := revocation.NewWriter(log, revocation.NewReplica(time.Now), "", func(int) {})
		box := &brokenBox{}
		w.Resume(box, nil, 100)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Errorf("at the end: %v", err)
			}
		})
		box.full.Store(true)
		gone, _ := ended()
		if d, err := w.Write(t.Context(), gone); d != revocation.InMemory || err != nil || w.Kept() {
			t.Errorf("%v, %v; kept %v", d, err, w.Kept())
		}
		box.full.Store(false)
		time.Sleep(5 * time.Second)
		if !w.Kept() || w.Pending() != 1 || box.Len() != 1 {
			t.Errorf("kept %v, %d wait, %d on the disk", w.Kept(), w.Pending(), box.Len())
		}
		cancel()
		wg.Wait()
	})
}

func Test_two_processes_never_share_a_folder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	opt := disk.Options{Outbox: openSeal{}, Snapshot: openSeal{}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	first, err := disk.Claim(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Claim(dir, opt); !errors.Is(err, disk.ErrHeld) {
		t.Errorf("a second claim: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := disk.Claim(dir, opt)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	_ = second.Close()
}
