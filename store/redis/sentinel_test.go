package redis_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
	"github.com/edgeauth/edgeauth/internal/need"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

func TestAfterAFailoverUnderSentinelTheStoreWorksWithTheNewMaster(t *testing.T) {
	master := redistest.Start(t)
	host, port, _ := net.SplitHostPort(master.Addr())
	replica := redistest.Start(t, redistest.WithArgs("--replicaof", host, port))
	sentinel := startSentinel(t, host, port)
	s := open(t, redis.Options{Addresses: []string{sentinel}, MasterName: "mymaster"})
	storetest.RequireAvailable(t, s)
	must(t, s.Put(t.Context(), "kept", []byte("v"), time.Hour))
	eventually(t, "the replica has the value and the sentinel knows it", func() bool {
		info, _ := master.Do("INFO", "replication").(string)
		return replica.Do("EXISTS", "edgeauth:vault:kept") == int64(1) && strings.Contains(info, "connected_slaves:1") &&
			knowsReplica(sentinel)
	})
	master.Kill()
	storetest.RequireAvailable(t, s)
	if got, found, err := s.Get(t.Context(), "kept"); err != nil || !found || string(got) != "v" {
		t.Errorf("got %q, %v, %v", got, found, err)
	}
}

// startSentinel runs a Sentinel that watches a master by itself, and returns its address.
func startSentinel(t *testing.T, host, port string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	_, own, _ := net.SplitHostPort(addr)
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor mymaster %s %s 1\n"+
		"sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 5000\n", own, dir, host, port)
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	p, err := child.Start(exec.Command(need.Redis(t), conf, "--sentinel"), "")
	must(t, err)
	t.Cleanup(p.Kill)
	return addr
}

// knowsReplica asks a Sentinel; one that does not answer yet knows nothing.
func knowsReplica(sentinel string) bool {
	c, err := net.DialTimeout("tcp", sentinel, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprint(c, "SENTINEL REPLICAS mymaster\r\n"); err != nil {
		return false
	}
	reply := make([]byte, 4)
	n, err := c.Read(reply)
	return err == nil && strings.HasPrefix(string(reply[:n]), "*1")
}
