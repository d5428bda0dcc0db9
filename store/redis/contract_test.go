package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// limit is how long an outcome is waited for.
const limit = 30 * time.Second

func TestRedisKeepsTheContractOfStores(t *testing.T) {
	server := redistest.Start(t)
	runWithPrefixes(t, redis.Options{Addresses: []string{server.Addr()}})
}

func TestRedisKeepsTheContractOfStoresInAnotherDatabaseWithAPassword(t *testing.T) {
	server := redistest.Start(t, redistest.WithPassword("open sesame"))
	runWithPrefixes(t, redis.Options{Addresses: []string{server.Addr()}, Password: text("open sesame"), DB: 3})
}

func TestAClusterKeepsTheContractOfStores(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 3, 1, redistest.WithArgs("--cluster-node-timeout", "30000")) // a failover would lose what was just written
	runWithPrefixes(t, redis.Options{Addresses: cluster.Addrs()[:2], Cluster: true, Acknowledge: 1})
}

func TestAGroupUnderSentinelsKeepsTheContractOfStores(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 1, 1)
	runWithPrefixes(t, redis.Options{Addresses: group.Addrs(), MasterName: redistest.MasterName, Acknowledge: 1})
}

// runWithPrefixes gives each test of the suite keys of its own on one server.
func runWithPrefixes(t *testing.T, o redis.Options) {
	o.Command = limit // the suite is about meaning; how long anyone waits is tested elsewhere
	var n atomic.Int64
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		o.Prefix = fmt.Sprintf("test%d:", n.Add(1))
		return open(t, o)
	})
}

// usual is how long a command may take unless a configuration says otherwise: for tests in which somebody has to give up.
const usual = 250 * time.Millisecond

// open is patient unless told otherwise, so that a busy machine is not taken for a server that is away.
func open(t *testing.T, o redis.Options) *redis.Store {
	t.Helper()
	if o.Command == 0 {
		o.Command = 5 * time.Second
	}
	if o.Connect == 0 && o.Command > usual {
		o.Connect = 5 * time.Second
	}
	s, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// text is how a password comes.
func text(password string) func() string { return func() string { return password } }
