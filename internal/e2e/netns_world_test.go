package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/netns"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// land is a fleet of which each edge and each Redis server is a machine of its own in a network that can fail. A Sentinel runs
// beside each Redis server.
type land struct {
	*tried
	net   *netns.Network
	group *redistest.Group
	hosts map[*redistest.Server]*netns.Machine
	homes []*netns.Machine // of the edges
}

// rules are how the operator has set up Redis.
type rules struct {
	silent time.Duration // how long a master is silent before another takes its place
	args   []string      // of each server
	edges  [3]habit
}

// habit is what edges may be configured with differently.
type habit struct {
	levels      string
	acknowledge int // replicas
}

// sound is an edge that keeps the promise.
var sound = habit{boundLevels, 1} // constant

// safe is what docs/redis.md asks for: a master that lost its replicas refuses the beat before another can take its place.
func safe() rules {
	return rules{silent: 4 * time.Second, args: []string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "10"}, edges: [3]habit{sound, sound, sound}}
}

// newLand starts three edges and three Redis servers, and logs sessions in.
func newLand(t *testing.T, seed uint64, sessions int, r rules) *land {
	t.Helper()
	l := &land{net: netns.New(t), tried: newTriedWithout(t, seed), hosts: map[*redistest.Server]*netns.Machine{}}
	var machines []*netns.Machine
	var places []redistest.Place
	for range 3 {
		m := l.net.Machine()
		machines, places = append(machines, m), append(places, m)
	}
	l.group = redistest.StartGroupOn(t, places, r.silent, redistest.WithAppendOnly(), redistest.WithArgs(r.args...))
	for i, s := range l.group.Nodes() {
		l.hosts[s] = machines[i]
	}
	for _, h := range r.edges {
		l.settleIn(h)
	}
	l.open(sessions)
	return l
}

// settleIn prepares an edge on a machine of its own. The provider and the applications are there under the addresses that the edge is
// configured with, and what the edge listens on is here.
func (l *land) settleIn(h habit) {
	l.t.Helper()
	m := l.net.Machine()
	for _, address := range []string{l.idp.Issuer(), l.page, l.api} {
		u, err := url.Parse(address)
		if err != nil {
			l.t.Fatal(err)
		}
		m.Lend("127.0.0.1:" + u.Port())
	}
	store := fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, snapshot_every: 1s, redis: {master_name: %s, addresses: [%s], acknowledge: %d}}\n",
		l.keys, redistest.MasterName, strings.Join(l.group.Addrs(), ", "), h.acknowledge)
	e := edgetest.Prepare(l.t, edgetest.Setup{URL: l.origin, Listen: edgetest.Addr(l.t), Rest: l.config(store + h.levels), Within: m.Do})
	m.Publish(e.Listen)
	m.Publish(strings.TrimPrefix(e.Admin, "http://"))
	l.edges, l.homes = append(l.edges, e), append(l.homes, m)
}

// master waits until the Sentinels agree on a master that has replicas, and returns it.
func (l *land) master() (master *redistest.Server) {
	l.t.Helper()
	l.edges[0].Until("the Sentinels agree on a master with a replica", func() bool {
		master = l.group.Elected()
		return master != nil && len(l.group.Replicas(master)) > 0
	})
	return master
}

// replaced waits until another server than the old one is the master for most Sentinels.
func (l *land) replaced(old *redistest.Server) {
	l.t.Helper()
	l.edges[0].Until("another master is elected", func() bool {
		now := l.group.Elected()
		return now != nil && now != old
	})
	l.history.note("another master is elected")
}

// others are the machines of the servers that are not this one.
func (l *land) others(s *redistest.Server) (machines []*netns.Machine) {
	for _, o := range l.group.Nodes() {
		if o != s {
			machines = append(machines, l.hosts[o])
		}
	}
	return machines
}

// hold lets a fault last, for longer than the bound now and then.
func (l *land) hold() { time.Sleep(time.Duration(l.chance.Int64N(int64(bound + bound/2)))) }

// someone is the machine of an edge.
func (l *land) someone() *netns.Machine { return l.homes[l.chance.IntN(len(l.homes))] }
