package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Cluster is a Redis Cluster of real processes on 127.0.0.1, which belongs to one test.
type Cluster struct {
	t     testing.TB
	nodes []*Server // the masters first, as the cluster began
}

// slots is how many hash slots a cluster has.
const slots = 16384

// StartCluster runs a cluster of masters that share the slots evenly, each with so many replicas, and returns when it takes
// writes and every replica follows its master. A master that does not answer for two seconds is replaced; WithArgs
// ("--cluster-node-timeout", "500") makes that sooner.
func StartCluster(t testing.TB, masters, replicas int, opts ...Option) *Cluster {
	t.Helper()
	var err error
	for range tries {
		c := &Cluster{t: t}
		if err = c.start(masters, replicas, opts); err == nil {
			eventually(t, "the cluster is whole", func() bool { return c.whole(masters, replicas) })
			return c
		}
		c.Kill()
	}
	t.Fatalf("redistest: starting a cluster: %v", err)
	return nil
}

// start gives each node a file that tells it the whole cluster, as if it had been part of it before: nodes that had to meet
// each other first would take many seconds more.
func (c *Cluster) start(masters, replicas int, opts []Option) error {
	n := masters * (1 + replicas)
	ports := freePorts(c.t, 2*n)
	for i := range n {
		s := prepare(c.t, append([]Option{WithArgs("--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(ports[n+i]),
			"--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000", "--cluster-announce-ip", "127.0.0.1",
			"--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0")}, opts...))
		s.port = ports[i]
		if err := os.WriteFile(filepath.Join(s.dir, "nodes.conf"), nodesFile(i, masters, ports), 0o600); err != nil {
			return err
		}
		c.nodes = append(c.nodes, s)
		if err := s.run(); err != nil {
			return fmt.Errorf("%w\n%s", err, s.log())
		}
	}
	return nil
}

// nodesFile is the cluster as the node number self keeps it on disk: a line for each node, with its id, addresses, flags,
// master, times, epoch, link and slots. ports holds all client ports, then all bus ports.
func nodesFile(self, masters int, ports []int) (file []byte) {
	n := len(ports) / 2
	for i := range n {
		flags, of, held := "master", "-", ""
		if i < masters {
			held = fmt.Sprintf(" %d-%d", i*slots/masters, (i+1)*slots/masters-1)
		} else {
			flags, of = "slave", nodeID(i%masters)
		}
		if i == self {
			flags = "myself," + flags
		}
		file = fmt.Appendf(file, "%s 127.0.0.1:%d@%d %s %s 0 0 %d connected%s\n", nodeID(i), ports[i], ports[n+i], flags, of, i%masters+1, held)
	}
	return fmt.Appendf(file, "vars currentEpoch %d lastVoteEpoch 0\n", masters)
}

func nodeID(i int) string { return fmt.Sprintf("%040x", i+1) }

// whole reports whether all nodes agree that all is well, and each master hears its replicas.
func (c *Cluster) whole(masters, replicas int) bool {
	for i, s := range c.nodes {
		reply, _ := s.Try("CLUSTER", "INFO")
		text, _ := reply.(string)
		if !strings.Contains(text, "cluster_state:ok") || i < masters && !s.hears(replicas) {
			return false
		}
	}
	return true
}

// Nodes returns all servers, the masters of the beginning first.
func (c *Cluster) Nodes() []*Server { return slices.Clone(c.nodes) }

// Addrs returns the addresses of all servers.
func (c *Cluster) Addrs() []string { return addrs(c.nodes) }

func addrs(servers []*Server) (all []string) {
	for _, s := range servers {
		all = append(all, s.Addr())
	}
	return all
}

// Master returns the server that answers for a key now, waiting while a failover is under way.
func (c *Cluster) Master(key string) (master *Server) {
	c.t.Helper()
	eventually(c.t, "a master of "+key, func() bool {
		for _, s := range c.nodes {
			if _, err := s.Try("EXISTS", key); err == nil { // all others say who does
				master = s
				return true
			}
		}
		return false
	})
	return master
}

// Replicas returns the servers that follow a master now.
func (c *Cluster) Replicas(of *Server) []*Server { return replicas(c.nodes, of) }

func replicas(all []*Server, of *Server) (found []*Server) {
	for _, s := range all {
		if s.info("replication", "master_host") == of.host() && s.info("replication", "master_port") == strconv.Itoa(of.port) {
			found = append(found, s)
		}
	}
	return found
}

// Flush deletes everything, on every master.
func (c *Cluster) Flush() {
	c.t.Helper()
	for _, s := range c.nodes {
		if s.info("replication", "role") == "master" {
			s.Flush()
		}
	}
}

// Do sends a command to every node: an ACL, for example, is each node's own.
func (c *Cluster) Do(args ...string) {
	c.t.Helper()
	for _, s := range c.nodes {
		s.Do(args...)
	}
}

// Kill ends all nodes at once.
func (c *Cluster) Kill() {
	for _, s := range c.nodes {
		s.Kill()
	}
}
