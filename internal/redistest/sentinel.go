package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// MasterName is what Sentinels call the master of a Group.
const MasterName = "mymaster"

// sentinelFile is a Sentinel's configuration, which it writes to.
const sentinelFile = "sentinel.conf"

// Group is a master, its replicas and the Sentinels that watch them, which belong to one test.
type Group struct {
	t         testing.TB
	nodes     []*Server // the first master first
	sentinels []*Server
}

// StartGroup runs a master with replicas under Sentinels, most of which must agree before a master that was silent for a
// second is replaced. It returns when every Sentinel knows all the others. opts are for the servers.
func StartGroup(t testing.TB, replicas, sentinels int, opts ...Option) *Group {
	t.Helper()
	opts = append([]Option{WithArgs("--repl-diskless-sync-delay", "0")}, opts...)
	g := &Group{t: t, nodes: []*Server{Start(t, opts...)}}
	host, port, _ := net.SplitHostPort(g.nodes[0].Addr())
	for range replicas {
		g.nodes = append(g.nodes, Start(t, append([]Option{WithArgs("--replicaof", host, port)}, opts...)...))
	}
	eventually(t, "the replicas follow", func() bool { return g.nodes[0].hears(replicas) })
	for range sentinels {
		g.sentinels = append(g.sentinels, startSentinel(t, here{}, g.nodes[0], sentinels/2+1, time.Second))
	}
	eventually(t, "the Sentinels know everybody", g.known)
	return g
}

// StartGroupOn runs a server and a Sentinel on each place, the first of them the master, which is replaced when it was silent for so long.
func StartGroupOn(t testing.TB, places []Place, silent time.Duration, opts ...Option) *Group {
	t.Helper()
	opts = append([]Option{WithArgs("--repl-diskless-sync-delay", "0")}, opts...)
	g := &Group{t: t}
	for i, p := range places {
		role := "# the first master\n"
		if i > 0 {
			role = fmt.Sprintf("replicaof %s %d\n", places[0].Addr(), g.nodes[0].port)
		}
		// Sentinels have a server write its role to its file, so that it is the same after a restart.
		g.nodes = append(g.nodes, Start(t, append([]Option{On(p), func(o *options) { o.file = role }}, opts...)...))
	}
	eventually(t, "the replicas follow", func() bool { return g.nodes[0].hears(len(places) - 1) })
	for _, p := range places {
		g.sentinels = append(g.sentinels, startSentinel(t, p, g.nodes[0], len(places)/2+1, silent))
	}
	eventually(t, "the Sentinels know everybody", g.known)
	return g
}

// startSentinel runs one Sentinel.
func startSentinel(t testing.TB, at Place, master *Server, quorum int, silent time.Duration) *Server {
	t.Helper()
	s := prepare(t, []Option{On(at), func(o *options) { o.sentinel, o.tls = true, master.options.tls }})
	var err error
	for range tries {
		s.port = s.choose()
		text := fmt.Sprintf("bind %s\nprotected-mode no\nport %d\ndir %s\nsentinel monitor %s %s %d %d\n"+
			"sentinel down-after-milliseconds %[4]s %[8]d\nsentinel failover-timeout %[4]s 5000\n",
			s.host(), s.port, s.dir, MasterName, master.host(), master.port, quorum, silent.Milliseconds())
		if master.options.password != "" {
			text += fmt.Sprintf("sentinel auth-pass %s %q\n", MasterName, master.options.password)
		}
		if p := s.options.tls; p != nil {
			text += fmt.Sprintf("tls-port %d\nport 0\ntls-replication yes\ntls-auth-clients no\n"+
				"tls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\n", s.port, p.cert, p.key, p.ca)
		}
		if err = os.WriteFile(filepath.Join(s.dir, sentinelFile), []byte(text), 0o600); err == nil {
			err = s.run()
		}
		if err == nil {
			return s
		}
	}
	t.Fatalf("redistest: starting a Sentinel: %v\n%s", err, s.log())
	return nil
}

func (g *Group) known() bool {
	for _, s := range g.sentinels {
		if g.count(s, "REPLICAS") != len(g.nodes)-1 || g.count(s, "SENTINELS") != len(g.sentinels)-1 {
			return false
		}
	}
	return true
}

func (g *Group) count(sentinel *Server, whom string) int {
	reply, _ := sentinel.Try("SENTINEL", whom, MasterName)
	list, _ := reply.([]any)
	return len(list)
}

// Nodes returns all servers, the first master first.
func (g *Group) Nodes() []*Server { return append([]*Server(nil), g.nodes...) }

// Sentinels returns the Sentinels.
func (g *Group) Sentinels() []*Server { return append([]*Server(nil), g.sentinels...) }

// Addrs returns the addresses of the Sentinels.
func (g *Group) Addrs() []string { return addrs(g.sentinels) }

// Master returns the server that the Sentinels call the master and that calls itself one.
func (g *Group) Master() (master *Server) {
	g.t.Helper()
	eventually(g.t, "a master", func() bool {
		for _, s := range g.nodes {
			if g.named(s) && s.info("replication", "role") == "master" {
				master = s
				return true
			}
		}
		return false
	})
	return master
}

// named reports whether a Sentinel names a server as the master.
func (g *Group) named(s *Server) bool {
	return slices.ContainsFunc(g.sentinels, func(sentinel *Server) bool { return sentinel.names(s) })
}

// names reports whether this Sentinel calls a server the master.
func (s *Server) names(master *Server) bool {
	reply, _ := s.Try("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
	at, _ := reply.([]any)
	return len(at) == 2 && at[0] == master.host() && at[1] == strconv.Itoa(master.port)
}

// Elected returns the server that most Sentinels call the master and that calls itself one; nil: none at the moment.
func (g *Group) Elected() *Server {
	for _, s := range g.nodes {
		votes := 0
		for _, sentinel := range g.sentinels {
			if sentinel.names(s) {
				votes++
			}
		}
		if votes > len(g.sentinels)/2 && s.info("replication", "role") == "master" {
			return s
		}
	}
	return nil
}

// Replicas returns the servers that follow a master now.
func (g *Group) Replicas(of *Server) []*Server { return replicas(g.nodes, of) }
