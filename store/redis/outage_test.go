package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
			head, err = s.Probe(t.Context(), 0, revocation.Beat{})
			return err == nil
		})
		if !head.Current.IsZero() || len(head.Held) != 0 || head.Last != (revocation.Cursor{}) {
			t.Errorf("%s: head %+v", name, head)
		}
		must(t, s.Reseed(t.Context(), 0, inc, all))
		if head, err := s.Probe(t.Context(), 0, revocation.Beat{}); err != nil || head.Current != inc || len(head.Held) != 1 {
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
	head, err := s.Probe(t.Context(), 2, revocation.Beat{})
	must(t, err)
	if !head.Current.IsZero() || len(head.Held) != 0 {
		t.Errorf("head %+v", head)
	}
	must(t, s.Reseed(t.Context(), 2, inc, entries))
	if head, err := s.Probe(t.Context(), 2, revocation.Beat{}); err != nil || head.Current != inc {
		t.Errorf("head %+v, %v", head, err)
	}
}

func TestRS01AnswersThatAreNoneAreUnavailableWithTheirCause(t *testing.T) {
	for name, row := range map[string]struct {
		reply string
		cause redis.Cause
		says  string // beside where it was
	}{
		"loading":       {"-LOADING Redis is loading the dataset in memory\r\n", "loading", "reading its data"},
		"read-only":     {"-READONLY You can't write against a read only replica.\r\n", "readonly", "lead to the master"},
		"full":          {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "oom", "raise maxmemory"},
		"few replicas":  {"-NOREPLICAS Not enough good replicas to write.\r\n", "noreplicas", "min-replicas-to-write"},
		"wrong type":    {"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "wrongtype", "docs/redis.md"},
		"busy":          {"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n", "busy", "SCRIPT KILL ends it"},
		"no disk":       {"-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.\r\n", "misconf", "look at its log"},
		"no script":     {"-NOSCRIPT No matching script. Please use EVAL.\r\n", "other", "NOSCRIPT"},
		"no right":      {"-NOPERM this user has no permissions to run the command\r\n", "noperm", "ACL LOG"},
		"not let in":    {"-NOAUTH Authentication required.\r\n", "noauth", "set store.redis.password"},
		"protected":     {"-DENIED Redis is running in protected mode\r\n", "denied", "give it a password"},
		"crowded":       {"-ERR max number of clients reached\r\n", "maxclients", "raise maxclients"},
		"moved":         {"-MOVED 3999 127.0.0.1:1\r\n", "moved", "set store.redis.cluster"},
		"moved to none": {"-MOVED\r\n", "moved", "set store.redis.cluster"},
		"asked":         {"-ASK 3999 127.0.0.1:1\r\n", "ask", "on the move"},
		"try again":     {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", "tryagain", "on the move"},
		"two slots":     {"-CROSSSLOT Keys in request don't hash to the same slot\r\n", "crossslot", "proxy"},
		"master down":   {"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n", "masterdown", "lost its master"},
		"cluster down":  {"-CLUSTERDOWN The cluster is down\r\n", "clusterdown", "CLUSTER INFO"},
		"within script": {"-ERR Error running script (call to f_1): @user_script:3: OOM command not allowed\r\n", "oom", "raise maxmemory"},
		"too old":       {"-ERR unknown command 'EVAL', with args beginning with: 'x'\r\n", "old", "7.0"},
		"new words":     {"-SOMETHING that no Redis says yet\r\n", "other", "SOMETHING that no Redis says yet"},
		"no words":      {"-\r\n", "other", ""},
		"cut at once":   {"", redis.Lost, ""},
		"half a bulk":   {"$100\r\nabcCUT", redis.Lost, ""},
		"half an array": {"*7\r\n$1\r\naCUT", redis.Malformed, "is this a Redis server"},
		"half a line":   {"+OCUT", redis.Lost, ""},
		"no protocol":   {"HTTP/1.1 400 Bad Request\r\n\r\n", redis.Malformed, "is this a Redis server"},
		"silence":       {"hang", redis.Timeout, ""},
		"endless bulk":  {"$9223372036854775807\r\n", "", ""},
		"endless array": {"*9223372036854775807\r\n", "", ""},
		"less than no":  {"$-5\r\n", "", ""},
		"a number":      {":-5\r\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, always(row.reply))
			w := newWatcher()
			limit := limit
			if row.cause == redis.Timeout {
				limit = 20 * time.Millisecond
			}
			s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: limit, Observer: w})
			if name == "a number" { // SET, DEL and the like don't look at a status
				requireNoVerdict(t, s)
				return
			}
			_, _, err := s.Get(t.Context(), "k")
			if err == nil || !strings.Contains(err.Error(), f.addr()) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("the error says neither where nor %q: %v", row.says, err)
			}
			if row.cause != "" && w.count(row.cause) != 1 {
				t.Errorf("%v, want %s", w, row.cause)
			}
			if _, err := s.Read(t.Context(), 3, revocation.Cursor{}, 10*time.Millisecond); err == nil {
				t.Error("the log was read")
			}
			if row.cause != "" && w.missed(row.cause) == 0 && w.missed(redis.Malformed) == 0 { // a read expects an array
				t.Errorf("%v, want blocking reads that failed as %s", w, row.cause)
			}
			storetest.RequireUnavailable(t, s)
			storetest.RequireUnavailable(t, s)
		})
	}
}

func TestRS01AServerThatCannotSaveToDiskTakesNothingUntilItCan(t *testing.T) {
	dir := t.TempDir()
	server := redistest.Start(t, redistest.WithArgs("--dir", dir, "--save", "3600 1000000"))
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, Observer: w})
	storetest.RequireAvailable(t, s)
	file := filepath.Join(dir, "dump.rdb")
	must(t, os.RemoveAll(file))
	must(t, os.MkdirAll(filepath.Join(file, "in the way"), 0o700))
	server.Do("BGSAVE")
	eventually(t, "it refuses", func() bool {
		_, err := s.Probe(t.Context(), 0, revocation.Beat{})
		return err != nil && strings.Contains(err.Error(), "it cannot save to disk")
	})
	var outage *store.Unavailable
	if err := s.Append(t.Context(), entriesOf(3, 1)); !errors.As(err, &outage) {
		t.Errorf("append: %v", err)
	}
	if _, err := s.Claim(t.Context(), "k", []byte("v"), time.Minute); !errors.As(err, &outage) {
		t.Errorf("claim: %v", err)
	}
	if w.count("misconf") == 0 {
		t.Error(w)
	}
	must(t, os.RemoveAll(file))
	server.Do("BGSAVE")
	eventually(t, "it takes writes", func() bool { _, err := s.Probe(t.Context(), 0, revocation.Beat{}); return err == nil })
	storetest.RequireAvailable(t, s)
}

func TestTheReasonOfAFailureStaysTheSameWhileItLasts(t *testing.T) {
	var reply atomic.Value
	reply.Store("hang")
	f := startFake(t, func(command []string) string {
		if hello, ok := greet(command); ok {
			return hello
		}
		return reply.Load().(string)
	})
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: 20 * time.Millisecond})
	reasons := func(calls int) (all map[string]bool) {
		all = map[string]bool{}
		for range calls {
			_, _, err := s.Get(t.Context(), "k")
			var worded interface{ Reason() string }
			if !errors.As(err, &worded) {
				t.Fatalf("no reason in %v", err)
			}
			all[worded.Reason()] = true
		}
		return all
	}
	silent := reasons(20) // the last of them are not asked
	if len(silent) != 1 || !silent["timeout at redis "+f.addr()] {
		t.Errorf("a server that is silent has the reasons %v", silent)
	}
	reply.Store("-LOADING Redis is loading the dataset in memory\r\n")
	eventually(t, "another reason", func() bool { return reasons(1)["loading at redis "+f.addr()] })
}

func TestAServerThatIsBusyWithAScriptSaysHowToEndIt(t *testing.T) {
	server := redistest.Start(t, redistest.WithArgs("--busy-reply-threshold", "1"))
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	go func() { _, _ = server.Try("EVAL", "while true do end", "0") }()
	eventually(t, "the server is busy", func() bool {
		_, _, err := s.Get(t.Context(), "k")
		return err != nil && strings.Contains(err.Error(), "SCRIPT KILL ends it")
	})
	server.Do("SCRIPT", "KILL")
	storetest.RequireAvailable(t, s)
}

func TestAnIdPSessionOfAnyBytesIsRevokedAndFoundAgain(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	want := map[revocation.Register]bool{}
	until := revocation.MillisOf(time.Now().Add(time.Hour))
	for _, sid := range append(strings.Split(everyByte(), ""), everyByte(), "", "{log:00}", "a b", "\r\n*1\r\n", strings.Repeat("\xff", 10_000)) {
		e := revocation.Entry{
			Register: revocation.IdPSession(identity.IdPSession{Issuer: "https://id.example/" + sid, SID: sid}),
			Value:    revocation.Value{Since: 1, Until: until, Reason: sid, Actor: sid, Region: sid},
		}
		want[e.Register] = true
		must(t, s.Append(t.Context(), []revocation.Entry{e}))
	}
	for shard := range revocation.Shards {
		snapshot, err := s.Snapshot(t.Context(), shard)
		must(t, err)
		read, err := s.Read(t.Context(), shard, revocation.Cursor{}, 0)
		must(t, err)
		unreadable := snapshot.Unreadable.Count + read.Unreadable.Count
		if unreadable > 0 || len(snapshot.Entries) != len(read.Entries) {
			t.Errorf("shard %d: %d unreadable, %d in the snapshot, %d in the stream", shard, unreadable, len(snapshot.Entries), len(read.Entries))
		}
		for _, e := range snapshot.Entries {
			delete(want, e.Register)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d registers are not found again", len(want))
	}
}

// everyByte is a text that holds each byte once.
func everyByte() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
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
	if head, err := s.Probe(t.Context(), 1, revocation.Beat{}); err == nil || !head.Current.IsZero() {
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
	for name, redirect := range map[string]string{
		"moved to itself":   "-MOVED 1 SELF\r\n",
		"asked of itself":   "-ASK 1 SELF\r\n",
		"moved to nowhere":  "-MOVED 1 127.0.0.1:1\r\n",
		"asked of nowhere":  "-ASK 1 127.0.0.1:1\r\n",
		"moved to no place": "-MOVED 1\r\n",
		"moved to nonsense": "-MOVED x y z\r\n",
		"moved to no port":  "-MOVED 1 127.0.0.1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			var f *fake
			var asked atomic.Int64
			ready := make(chan struct{})
			f = startFake(t, func(command []string) string {
				<-ready
				if hello, ok := greet(command); ok {
					return hello
				}
				switch command[0] {
				case "CLUSTER":
					host, port, _ := strings.Cut(f.addr(), ":")
					return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n" + host + "\r\n:" + port + "\r\n"
				case "ASKING":
					return "+OK\r\n"
				}
				asked.Add(1)
				return strings.ReplaceAll(redirect, "SELF", f.addr())
			})
			close(ready)
			s := open(t, redis.Options{Addresses: []string{f.addr()}, Cluster: true})
			if _, _, err := s.Get(t.Context(), "k"); err == nil {
				t.Error("an answer came of it")
			}
			if n := asked.Load(); n == 0 || n > 8 { // four steps, and once more
				t.Errorf("one call asked %d times", n)
			}
			storetest.RequireUnavailable(t, s)
		})
	}
}

func TestAMasterWithoutItsReplicasRefusesTheBeat(t *testing.T) {
	server := redistest.Start(t, redistest.WithArgs("--min-replicas-to-write", "1"))
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	if _, err := s.Probe(t.Context(), 0, revocation.Beat{}); err == nil || !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Errorf("probe: %v", err)
	}
}

func TestAMasterThatHearsNoReplicaRefusesTheBeatBeforeItRefusesWrites(t *testing.T) {
	t.Parallel()
	demands := redistest.WithArgs("--min-replicas-to-write", "1", "--min-replicas-max-lag", "1000", "--repl-diskless-sync-delay", "0")
	master := redistest.Start(t, demands)
	host, port, _ := strings.Cut(master.Addr(), ":")
	replica := redistest.Start(t, redistest.WithArgs("--replicaof", host, port))
	s := open(t, redis.Options{Addresses: []string{master.Addr()}})
	probe := func() string {
		_, err := s.Probe(t.Context(), 0, revocation.Beat{})
		return fmt.Sprint(err)
	}
	eventually(t, "the replica is heard", func() bool { return probe() == "<nil>" })
	replica.Pause()
	eventually(t, "the beat is refused", func() bool { return strings.Contains(probe(), "no replica was heard") })
	master.Do("SET", "k", "v")
	replica.Resume()
	eventually(t, "the replica is heard again", func() bool { return probe() == "<nil>" })
}
