package revocation_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// ailing is a log that fails for a reason that the test names.
type ailing struct {
	*memLog
	rmu    sync.Mutex // guards both below
	reason map[int]string
	n      int
}

func (l *ailing) fail(reason string, shards ...int) {
	l.rmu.Lock()
	defer l.rmu.Unlock()
	for _, s := range shards {
		l.reason[s] = reason
	}
}

// ailment is an error whose text is never the same.
type ailment struct {
	reason string
	n      int
}

func (a *ailment) Error() string  { return fmt.Sprintf("%s from port %d", a.reason, a.n) }
func (a *ailment) Reason() string { return a.reason }

func (l *ailing) Probe(ctx context.Context, shard int, beat revocation.Beat) (revocation.Head, error) {
	l.rmu.Lock()
	reason := l.reason[shard]
	l.n++
	n := l.n
	l.rmu.Unlock()
	if reason != "" {
		return revocation.Head{}, fmt.Errorf("asking: %w", &ailment{reason, n})
	}
	return l.memLog.Probe(ctx, shard, beat)
}

func Test_each_reason_of_a_trouble_is_logged_once_and_so_is_its_end(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said lines
		log := &ailing{memLog: &memLog{}, reason: map[int]string{}}
		replica := revocation.NewReplica(time.Now)
		f := revocation.NewFollower(revocation.FollowerOptions{
			Stream: log, Sink: log, Replica: replica, Log: slog.New(slog.NewTextHandler(&said, nil)), Now: time.Now,
			Notify: func(revocation.Happening, string) {},
		})
		log.fail("refused", everyShard()...) // before the first probe, which asks them one after another
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { _ = f.Run(ctx) })
		defer done.Wait()
		defer cancel()
		step := func(reason string, want ...string) {
			t.Helper()
			log.fail(reason, everyShard()...)
			time.Sleep(20 * time.Second)
			got := said.take()
			if len(got) != len(want) {
				t.Errorf("%q: %d lines, want %d:\n%s", reason, len(got), len(want), strings.Join(got, "\n"))
				return
			}
			for i := range want {
				if !strings.Contains(got[i], want[i]) {
					t.Errorf("%q: said %s, want %s", reason, got[i], want[i])
				}
			}
		}
		step("refused", "level=WARN msg=\"the revocation log cannot be read\" error=\"probing shard 0: asking: refused")
		step("loading", "loading from port")
		step("refused")
		step("", "level=INFO msg=\"the revocation log is followed again\"")
		step("full", "level=WARN msg=\"the revocation log cannot be followed; its copy in memory goes on\" shard=")
		step("silent", "silent from port")
		step("full")
		log.fail("", everyShard()[1:]...) // shard 0 stays
		time.Sleep(20 * time.Second)
		step("full")
		step("", "is followed again")
		step("full", "full from port")
	})
}

// lines collects what is logged.
type lines struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return strings.FieldsFunc(l.b.String(), func(r rune) bool { return r == '\n' })
}
