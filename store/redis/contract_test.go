package redis_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
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
	server := startCluster(t)
	runWithPrefixes(t, redis.Options{Addresses: []string{server.Addr()}, Cluster: true})
}

func TestAUserWithTheRightsOfTheDocumentKeepsTheContractOfStores(t *testing.T) {
	server := redistest.Start(t)
	server.Do(documentedUser(t)...)
	runAsUser(t, server, redis.Options{Addresses: []string{server.Addr()}})
}

func TestAUserOfAClusterWithTheRightsOfTheDocumentKeepsTheContractOfStores(t *testing.T) {
	server := startCluster(t)
	server.Do(append(documentedUser(t), "+cluster|slots")...)
	runAsUser(t, server, redis.Options{Addresses: []string{server.Addr()}, Cluster: true})
}

func runAsUser(t *testing.T, server *redistest.Server, o redis.Options) {
	o.Username, o.Password = "edgeauth", text("PASSWORD")
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		server.Flush()
		return open(t, o)
	})
}

// documentedUser returns the command of docs/redis.md that makes the edges' user.
func documentedUser(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "redis.md"))
	must(t, err)
	_, rest, found := strings.Cut(string(doc), "ACL SETUSER")
	command, _, _ := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/redis.md does not say how to make the user")
	}
	return append([]string{"ACL", "SETUSER"}, strings.Fields(command)...)
}

// runWithPrefixes gives each test of the suite keys of its own on one server.
func runWithPrefixes(t *testing.T, o redis.Options) {
	var n atomic.Int64
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		o.Prefix = fmt.Sprintf("test%d:", n.Add(1))
		return open(t, o)
	})
}

func open(t *testing.T, o redis.Options) *redis.Store {
	t.Helper()
	s, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// startCluster runs a cluster of one node, which reads from its file that all slots are its own.
func startCluster(t *testing.T) *redistest.Server {
	t.Helper()
	bus, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, _ := net.SplitHostPort(bus.Addr().String())
	must(t, bus.Close())
	nodes := filepath.Join(t.TempDir(), "nodes.conf")
	myself := strings.Repeat("e", 40) + " 127.0.0.1:0@0 myself,master - 0 0 1 connected 0-16383\nvars currentEpoch 1 lastVoteEpoch 0\n"
	must(t, os.WriteFile(nodes, []byte(myself), 0o600))
	return redistest.Start(t, redistest.WithArgs("--cluster-enabled", "yes", "--cluster-port", port, "--cluster-config-file", nodes))
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
