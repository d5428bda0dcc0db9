package redis_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// The connection-pool leak and timeout avalanche: commands hang, whoever waits gives up, connections and places are not given back,
// and soon no call gets through to a server that has long been well again.

func TestRS01AnAnswerThatComesLateIsNobodyElses(t *testing.T) {
	f := startFake(t, func(command []string) string {
		if hello, ok := greet(command); ok {
			return hello
		}
		time.Sleep(rand.N(80 * time.Millisecond))
		if command[0] != "GET" {
			return "*-1\r\n"
		}
		value := command[1]
		return "$" + strconv.Itoa(len(value)) + "\r\n" + value + "\r\n"
	})
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: 60 * time.Millisecond, Connections: 4})
	var answered, late atomic.Int64
	var wg sync.WaitGroup
	whole, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for i := range 8 {
		wg.Go(func() {
			for n := 0; n < 40 || whole.Err() == nil && (answered.Load() == 0 || late.Load() == 0); n++ {
				key := strconv.Itoa(i) + "-" + strconv.Itoa(n)
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(120*time.Millisecond))
				got, _, err := s.Get(ctx, key)
				cancel()
				switch {
				case err != nil:
					late.Add(1)
				case string(got) != "edgeauth:vault:"+key:
					t.Errorf("who asked for %s got %q", key, got)
				default:
					answered.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if answered.Load() == 0 || late.Load() == 0 {
		t.Errorf("%d answers came in time and %d too late, which shows nothing", answered.Load(), late.Load())
	}
}

// crowd is a server that answers a command only when so many others are under way.
type crowd struct {
	mu      sync.Mutex // guards all below
	want    int
	waiting int
	full    chan struct{}
}

func (c *crowd) join(patience time.Duration) bool {
	c.mu.Lock()
	full := c.full
	if c.waiting++; c.waiting == c.want {
		close(full)
	}
	c.mu.Unlock()
	defer func() { c.mu.Lock(); c.waiting--; c.mu.Unlock() }()
	select {
	case <-full:
		return true
	case <-time.After(patience):
		return false
	}
}

func TestRS01AfterAnAvalancheOfHungCommandsEveryConnectionCanBeUsedAgain(t *testing.T) {
	const connections = 8
	var mode atomic.Value // of the server
	mode.Store("hang")
	c := &crowd{want: connections, full: make(chan struct{})}
	f := startFake(t, func(command []string) string {
		now := mode.Load().(string)
		hello, ok := greet(command)
		switch {
		case now == "hang at once":
			return "hang"
		case ok:
			return hello
		case now == "well" && c.join(100*time.Millisecond), now == "alone":
			return "$-1\r\n"
		case now == "cut":
			return ""
		}
		return "hang"
	})
	s := open(t, redis.Options{Addresses: []string{f.addr()}, Command: 50 * time.Millisecond, Connections: connections})
	ask := func(ctx context.Context) error { _, _, err := s.Get(ctx, "k"); return err }
	for round := range 8 {
		mode.Store([]string{"hang", "hang at once", "cut"}[round%3])
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(150*time.Millisecond))
				defer cancel()
				if rand.IntN(4) == 0 { // the browser goes away
					time.AfterFunc(rand.N(50*time.Millisecond), cancel)
				}
				if ask(ctx) == nil {
					t.Error("a server that hangs answered")
				}
			})
		}
		wg.Wait()
		mode.Store("alone")
		eventually(t, "the server is asked again", func() bool { return ask(t.Context()) == nil })
	}
	mode.Store("well")
	eventually(t, "all connections are in use at once", func() bool {
		c.mu.Lock()
		c.full = make(chan struct{})
		c.mu.Unlock()
		var failed atomic.Int64
		var wg sync.WaitGroup
		for range connections {
			wg.Go(func() {
				if ask(t.Context()) != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
		return failed.Load() == 0
	})
	if l := s.Load(); l.InFlight != 0 || l.Connections > connections {
		t.Errorf("the store is as busy as %+v", l)
	}
}

func TestRS01AServerThatComesAndGoesIsNotStormed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, Command: usual, Observer: w})
	e := startEdge(t, s)
	began, before := time.Now(), w.dials()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _, _ = s.Get(ctx, "k")
				time.Sleep(time.Millisecond)
			}
		})
	}
	const times = 4
	for range times {
		server.Kill()
		time.Sleep(200 * time.Millisecond)
		server.Restart()
		eventually(t, "it answers", func() bool { _, _, err := s.Get(t.Context(), "k"); return err == nil })
		time.Sleep(200 * time.Millisecond)
	}
	stop()
	wg.Wait()
	// Each time the connections are made anew, and those that find the server gone or still away dial in vain.
	most := times*(32+revocation.Shards+first+10) + 2*trials(began)
	if n := w.dials() - before; n > most {
		t.Errorf("%d restarts had %d connections dialed, at most %d could be explained", times, n, most)
	}
	granted, _ := w.retries()
	if answers := w.count(redis.None); granted > 10+answers/10 {
		t.Errorf("%d retries after %d answers", granted, answers)
	}
	t.Logf("%d dials, %v", w.dials()-before, w)
	eventually(t, "the edge follows", func() bool { return e.Staleness() < 2*time.Second })
	storetest.RequireAvailable(t, s)
}
