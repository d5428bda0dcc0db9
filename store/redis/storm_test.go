package redis_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// watcher counts what a store does.
type watcher struct {
	mu              sync.Mutex // guards all below
	called          map[redis.Cause]int
	unread          map[redis.Cause]int // failed blocking reads
	granted, denied int                 // retries
	dialed          int
}

func newWatcher() *watcher {
	return &watcher{called: map[redis.Cause]int{}, unread: map[redis.Cause]int{}}
}

func (w *watcher) Called(c redis.Cause, _ time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.called[c]++
}

func (w *watcher) Retried(granted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if granted {
		w.granted++
	} else {
		w.denied++
	}
}

func (w *watcher) ReadFailed(c redis.Cause) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unread[c]++
}

// missed returns how many blocking reads failed for a cause.
func (w *watcher) missed(c redis.Cause) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unread[c]
}

func (w *watcher) Dialed(bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialed++
}

func (w *watcher) dials() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dialed
}

// retries returns how many the budget granted, and how many it refused.
func (w *watcher) retries() (granted, refused int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.granted, w.denied
}

// String is for the messages of tests.
func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("calls %v, failed blocking reads %v, %d retries granted and %d refused", w.called, w.unread, w.granted, w.denied)
}

// count returns how many calls ended for a cause.
func (w *watcher) count(c redis.Cause) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.called[c]
}

// trials is how many calls may have tried a server that does not answer since a moment, beside those that found it so.
func trials(since time.Time) int { return int(time.Since(since)/(500*time.Millisecond)) + 1 }

// first is how many calls may find out that a server does not answer: one for each connection, and those that come just before
// the breaker opens.
const first = 32 + 5

// received is how many connections a server has accepted.
func received(t *testing.T, s *redistest.Server) int {
	t.Helper()
	for line := range strings.Lines(s.Do("INFO", "stats").(string)) {
		if text, found := strings.CutPrefix(line, "total_connections_received:"); found {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			must(t, err)
			return n
		}
	}
	t.Fatal("the server does not count its connections")
	return 0
}

func TestRS01AHungServerIsNeitherStormedNorPiledUpOn(t *testing.T) {
	server := redistest.Start(t)
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, Command: usual, Observer: w})
	storetest.RequireAvailable(t, s)
	before := received(t, server)
	failed := w.count(redis.Timeout)
	server.Pause()
	paused := time.Now()
	var wg sync.WaitGroup
	for range 20 {
		for range 200 {
			wg.Go(func() {
				if _, _, err := s.Get(t.Context(), "k"); err == nil {
					t.Error("a hung server answered")
				}
			})
		}
		eventually(t, "all calls of the wave have ended, but one that tries", func() bool { return s.Load().InFlight <= 1 })
		time.Sleep(50 * time.Millisecond)
	}
	wg.Wait()
	most := first + trials(paused)
	server.Resume()
	// The INFO of before and after are connections too, and commands may keep 32 of them.
	if opened := received(t, server) - before - 1; opened > most {
		t.Errorf("4,000 calls to a hung server opened %d connections, at most %d could be explained", opened, most)
	}
	if asked := w.count(redis.Timeout) - failed; asked == 0 || asked > most {
		t.Errorf("of 4,000 calls %d asked the hung server, at most %d could be explained", asked, most)
	}
	if granted, refused := w.retries(); granted+refused > 0 {
		t.Errorf("silence was answered with %d retries", granted+refused)
	}
	storetest.RequireAvailable(t, s)
}

func TestRS01OneHungMasterOfAClusterDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 2, 0, redistest.WithArgs("--cluster-node-timeout", "60000"))
	w := newWatcher()
	s := open(t, redis.Options{Addresses: cluster.Addrs(), Cluster: true, Command: 3 * time.Second, Observer: w})
	storetest.RequireAvailable(t, s)
	hung := cluster.Master("edgeauth:vault:hung")
	other := "other"
	for i := 0; cluster.Master("edgeauth:vault:"+other) == hung; i++ {
		other = strconv.Itoa(i)
	}
	hung.Pause()
	var wg sync.WaitGroup
	for range 300 {
		wg.Go(func() {
			if _, _, err := s.Get(t.Context(), "hung"); err == nil {
				t.Error("the hung master answered")
			}
		})
		wg.Go(func() {
			if _, _, err := s.Get(t.Context(), other); err != nil {
				t.Errorf("the other master: %v", err)
			}
		})
	}
	wg.Wait()
	for range 20 {
		_, _, err := s.Get(t.Context(), "hung")
		if err == nil || !strings.Contains(err.Error(), hung.Addr()) {
			t.Errorf("the error does not say which node: %v", err)
		}
		_, _, err = s.Get(t.Context(), other)
		must(t, err)
	}
	if w.count(redis.NotAsked) == 0 { // those of the crowd may all have waited for their turn in vain
		t.Error("the hung master was asked by everybody")
	}
	hung.Resume()
	storetest.RequireAvailable(t, s)
}

func TestRS01RetriesAgainstAFlappingServerComeFromOneBudget(t *testing.T) {
	var asked, broken atomic.Int64
	f := startFake(t, func(command []string) string {
		if hello, ok := greet(command); ok {
			return hello
		}
		if asked.Add(1)%2 == 0 {
			broken.Add(1)
			return "" // the connection ends
		}
		return "$-1\r\n"
	})
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Observer: w})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 100 {
				_, _, _ = s.Get(t.Context(), "k")
			}
		})
	}
	wg.Wait()
	answers := w.count(redis.None)
	granted, refused := w.retries()
	if most := 10 + answers/10; granted == 0 || granted > most {
		t.Errorf("%d retries after %d answers, want some and at most %d", granted, answers, most)
	}
	if refused == 0 {
		t.Error("the budget was never spent, so this test shows nothing")
	}
	if n, most := w.dials(), 32+int(broken.Load()); n > most {
		t.Errorf("%d connections, of which %d were broken", n, broken.Load())
	}
}

func TestRS01AServerThatEndsEveryConnectionIsSoonLeftInPeace(t *testing.T) {
	var asked atomic.Int64
	f := startFake(t, func(command []string) string {
		if hello, ok := greet(command); ok {
			return hello
		}
		asked.Add(1)
		return ""
	})
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Observer: w})
	began := time.Now()
	var wg sync.WaitGroup
	for range 2000 {
		wg.Go(func() { _, _, _ = s.Get(t.Context(), "k") })
	}
	wg.Wait()
	if most := first + 10 + trials(began); int(asked.Load()) > most || w.dials() > most+32 {
		t.Errorf("2,000 calls became %d commands on %d connections, want at most %d", asked.Load(), w.dials(), most)
	}
}

func TestRS01HungSentinelsAreNeitherStormedNorMissed(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 0, 3)
	w := newWatcher()
	o := redis.Options{Addresses: group.Addrs(), MasterName: redistest.MasterName, Command: time.Second, Observer: w}
	connected := open(t, o)
	storetest.RequireAvailable(t, connected)
	for _, sentinel := range group.Sentinels() {
		sentinel.Pause()
	}
	for range 20 { // who has a connection needs no Sentinel
		_, _, err := connected.Get(t.Context(), "k")
		must(t, err)
	}
	late := open(t, o)
	before := w.dials()
	began := time.Now()
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			if _, _, err := late.Get(t.Context(), "k"); err == nil {
				t.Error("a store that never found its master answered")
			}
		})
	}
	wg.Wait()
	// Each call that went out may ask all three, and go-redis may have three asked once more to know them.
	if n, most := w.dials()-before, 6*(first+trials(began)); n > most {
		t.Errorf("1,000 calls opened %d connections to hung Sentinels, at most %d could be explained", n, most)
	}
	for _, sentinel := range group.Sentinels() {
		sentinel.Resume()
	}
	storetest.RequireAvailable(t, late)
}

func TestRS01AnEdgeThatFollowsAHungServerOpensFewConnections(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, Command: usual, Observer: w})
	e := startEdge(t, s)
	before, failed := w.dials(), w.count(redis.NotAsked)
	server.Pause()
	paused := time.Now()
	eventually(t, "the edge has long found out", func() bool { return w.count(redis.NotAsked) > failed+20 })
	if n, most := w.dials()-before, revocation.Shards+first+trials(paused); n > most {
		t.Errorf("following a hung server opened %d connections, at most %d could be explained", n, most)
	}
	server.Resume()
	next := entriesOf(5, 1)
	eventually(t, "the server takes a write", func() bool { return s.Append(t.Context(), next) == nil })
	eventually(t, "the edge follows again", func() bool { return e.refuses(identity.Family(next[0].Key)) })
}
