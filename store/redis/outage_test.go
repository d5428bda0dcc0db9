package redis_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

func TestRS01AKilledServerIsUnavailableUntilItIsBack(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	storetest.RequireAvailable(t, s)
	server.Kill()
	storetest.RequireUnavailable(t, s)
	if ok, detail := s.Status(); ok || !strings.Contains(detail, server.Addr()) {
		t.Errorf("status is %v, %q", ok, detail)
	}
	server.Restart()
	storetest.RequireAvailable(t, s)
}

func TestRS01AHungServerIsUnavailableUntilItGoesOnAndNothingLeaks(t *testing.T) {
	server := redistest.Start(t)
	before := goleak.IgnoreCurrent()
	s, err := redis.New(redis.Options{Addresses: []string{server.Addr()}})
	must(t, err)
	storetest.RequireAvailable(t, s)
	server.Pause()
	storetest.RequireUnavailable(t, s)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { storetest.RequireUnavailable(t, s) })
	}
	wg.Wait()
	server.Resume()
	storetest.RequireAvailable(t, s)
	must(t, s.Close())
	eventually(t, "all goroutines end", func() bool { return goleak.Find(before) == nil })
}

func TestAHungServerIsAskedByOneCallAtATimeAfterAFew(t *testing.T) {
	var asked atomic.Int64
	var hangs atomic.Bool
	hangs.Store(true)
	f := startFake(t, func(command []string) string {
		if hello, ok := greet(command); ok {
			return hello
		}
		if command[0] == "GET" {
			asked.Add(1)
		}
		if hangs.Load() {
			return "hang"
		}
		return "$-1\r\n"
	})
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: 20 * time.Millisecond})
	ask := func() error { _, _, err := s.Get(t.Context(), "k"); return err }
	for range 1000 {
		if err := ask(); err == nil {
			t.Fatal("a hung server answered")
		}
	}
	// Each of the calls that went out asked at most twice. How many went out depends on the machine; a thousand did not.
	if n := asked.Load(); n == 0 || n > 200 {
		t.Errorf("the hung server was asked %d times by 1,000 calls", n)
	}
	hangs.Store(false)
	eventually(t, "the breaker closes", func() bool { return ask() == nil })
	for range 10 {
		must(t, ask())
	}
}

func TestACallerWhoGivesUpSoonSaysNothingAboutTheServer(t *testing.T) {
	f := startFake(t, always("hang"))
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: limit})
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, _, err := s.Get(ctx, "k")
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "not asked") {
			t.Fatalf("got %v, want the caller's own deadline", err)
		}
	}
}

func TestRS02AnEmptiedServerIsEmptyNotUnavailable(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	inc := identity.NewIncarnation()
	all := []revocation.Entry{{Register: revocation.All(), Value: revocation.Value{Until: revocation.MillisOf(time.Now().Add(time.Hour))}}}
	must(t, s.Reseed(t.Context(), 0, inc, all))
	for name, lose := range map[string]func(){"flushed": server.Flush, "restarted without its data": server.Restart} {
		lose()
		var head revocation.Head
		eventually(t, "it answers", func() (ok bool) {
			var err error
			head, err = s.Probe(t.Context(), 0)
			return err == nil
		})
		if !head.Current.IsZero() || len(head.Held) != 0 || head.Last != (revocation.Cursor{}) {
			t.Errorf("%s: head %+v", name, head)
		}
		must(t, s.Reseed(t.Context(), 0, inc, all))
		if head, err := s.Probe(t.Context(), 0); err != nil || head.Current != inc || len(head.Held) != 1 {
			t.Errorf("%s, re-seeded: head %+v, %v", name, head, err)
		}
	}
}

func TestRS02ReseedingThatTheServerLostInBetweenCountsNothing(t *testing.T) {
	server := redistest.Start(t)
	var chunks atomic.Int64
	proxy := startProxy(t, server.Addr(), func(sent string) {
		if strings.Contains(sent, "XADD") && chunks.Add(1) == 2 {
			server.Flush()
		}
	})
	s := open(t, redis.Options{Addresses: []string{proxy}, Command: limit})
	inc, entries := identity.NewIncarnation(), entriesOf(2, 600)
	var outage *store.Unavailable
	if err := s.Reseed(t.Context(), 2, inc, entries); !errors.As(err, &outage) {
		t.Errorf("got %v", err)
	}
	head, err := s.Probe(t.Context(), 2)
	must(t, err)
	if !head.Current.IsZero() || len(head.Held) != 0 {
		t.Errorf("head %+v", head)
	}
	must(t, s.Reseed(t.Context(), 2, inc, entries))
	if head, err := s.Probe(t.Context(), 2); err != nil || head.Current != inc {
		t.Errorf("head %+v, %v", head, err)
	}
}

func TestRS01AnswersThatAreNoneAreUnavailable(t *testing.T) {
	for name, reply := range map[string]string{
		"loading":       "-LOADING Redis is loading the dataset in memory\r\n",
		"read-only":     "-READONLY You can't write against a read only replica.\r\n",
		"full":          "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
		"few replicas":  "-NOREPLICAS Not enough good replicas to write.\r\n",
		"wrong type":    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
		"no script":     "-NOSCRIPT No matching script. Please use EVAL.\r\n",
		"no right":      "-NOPERM this user has no permissions to run the command\r\n",
		"moved":         "-MOVED 3999 127.0.0.1:1\r\n",
		"asked":         "-ASK 3999 127.0.0.1:1\r\n",
		"master down":   "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
		"cluster down":  "-CLUSTERDOWN The cluster is down\r\n",
		"cut at once":   "",
		"half a bulk":   "$100\r\nabcCUT",
		"half an array": "*7\r\n$1\r\naCUT",
		"half a line":   "+OCUT",
		"no protocol":   "HTTP/1.1 400 Bad Request\r\n\r\n",
		"silence":       "hang",
		"endless bulk":  "$9223372036854775807\r\n",
		"endless array": "*9223372036854775807\r\n",
		"less than no":  "$-5\r\n",
		"a number":      ":-5\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, always(reply))
			s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: 20 * time.Millisecond})
			if name == "a number" { // SET, DEL and the like don't look at a status
				requireNoVerdict(t, s)
				return
			}
			storetest.RequireUnavailable(t, s)
			storetest.RequireUnavailable(t, s)
		})
	}
}

func TestRepliesOfAnotherShapeGiveNoVerdict(t *testing.T) {
	for name, reply := range map[string]string{
		"a status":       "+OK\r\n",
		"an empty array": "*0\r\n",
		"a null array":   "*-1\r\n",
		"null":           "$-1\r\n",
		"other types":    "*8\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n",
		"nonsense":       "*8\r\n$1\r\nx\r\n*0\r\n$1\r\nx\r\n$3\r\n0-0\r\n:0\r\n:0\r\n$0\r\n\r\n$1\r\nl\r\n",
		"a bad position": "*8\r\n$0\r\n\r\n*0\r\n$3\r\n1:1\r\n$3\r\n0-0\r\n:0\r\n:0\r\n$0\r\n\r\n$1\r\nl\r\n",
		"nested":         "*1\r\n*1\r\n*1\r\n*0\r\n",
		"error within":   "*2\r\n-ERR no\r\n$0\r\n\r\n",
		"null within":    "*2\r\n$1\r\nx\r\n$-1\r\n",
		"number within":  "*2\r\n$1\r\nx\r\n:1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, always(reply))
			requireNoVerdict(t, open(t, redis.Options{Addresses: []string{f.addr()}, Command: 20 * time.Millisecond}))
		})
	}
}

// requireNoVerdict fails the test if the store makes a head or a winner of an answer that is none.
func requireNoVerdict(t *testing.T, s *redis.Store) {
	t.Helper()
	if head, err := s.Probe(t.Context(), 1); err == nil || !head.Current.IsZero() {
		t.Errorf("head %+v, %v", head, err)
	}
	if now, err := s.Begin(t.Context(), 1, identity.Incarnation{}, identity.NewIncarnation(), false); err == nil || !now.IsZero() {
		t.Errorf("current %v, %v", now, err)
	}
	if err := s.Push(t.Context(), "k", nil, 1, time.Minute); err == nil {
		t.Error("pushed")
	}
	if values, err := s.List(t.Context(), "k"); len(values) > 0 {
		t.Errorf("list %q, %v", values, err)
	}
	if err := s.Reseed(t.Context(), 1, identity.NewIncarnation(), nil); err == nil {
		t.Error("re-seeded")
	}
	if b, err := s.Read(t.Context(), 1, revocation.Cursor{}, 0); err == nil && (len(b.Entries) > 0 || b.Next != revocation.Cursor{}) {
		t.Errorf("read %+v", b)
	}
}

func TestAClusterThatSendsInCirclesIsUnavailable(t *testing.T) {
	var f *fake
	ready := make(chan struct{})
	f = startFake(t, func(command []string) string {
		<-ready
		if hello, ok := greet(command); ok {
			return hello
		}
		if command[0] == "CLUSTER" {
			host, port, _ := strings.Cut(f.addr(), ":")
			return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n" + host + "\r\n:" + port + "\r\n"
		}
		return "-MOVED 1 " + f.addr() + "\r\n"
	})
	close(ready)
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Cluster: true})
	storetest.RequireUnavailable(t, s)
}

func TestAMasterWithoutItsReplicasRefusesTheBeat(t *testing.T) {
	server := redistest.Start(t, redistest.WithArgs("--min-replicas-to-write", "1"))
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	if _, err := s.Probe(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Errorf("probe: %v", err)
	}
}
