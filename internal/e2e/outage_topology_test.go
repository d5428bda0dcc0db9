package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

// redisWith is the configuration of a Redis of several servers, whose replicas acknowledge what edges write.
func redisWith(addrs []string, kind string) string {
	return fmt.Sprintf("{addresses: [%s], %s, acknowledge: 1}", strings.Join(addrs, ", "), kind)
}

func Test_RS02_revocations_and_sessions_outlive_the_failover_of_a_cluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 3, 1)
	outlives(t, redisWith(cluster.Addrs()[:2], "cluster: true"), cluster.Nodes()[0].Kill)
}

func Test_RS02_revocations_and_sessions_outlive_a_failover_under_Sentinels(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 1, 3)
	// With one of two servers gone, nobody is left to acknowledge.
	outlives(t, strings.Replace(redisWith(group.Addrs(), "master_name: "+redistest.MasterName), "acknowledge: 1", "acknowledge: 0", 1), group.Master().Kill)
}

// outlives runs two edges on a Redis, logs one of two people out, fails the Redis over, and asks both edges and a new one.
func outlives(t *testing.T, redis string, fail func()) {
	t.Helper()
	w := newWorld(t)
	f := &fleet{world: w, front: startBalancer(t), t: t, keys: newKeys(t)}
	f.origin = "http://" + f.front.ln.Addr().String()
	f.store = fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, redis: %s}\n", f.keys, redis)
	f.client(f.front.ln.Addr().String())
	f.run(2)
	live, gone := f.login(), f.login()
	copied := f.thief(gone)
	gone.Post(f.origin+"/.edgeauth/logout", url.Values{})
	f.wantRefused("before the failover", copied, 0, 1)

	fail()
	f.wantAdmitted("during the failover", live, 0, 1)
	degraded(t, f.edges[0])
	for i, e := range f.edges {
		recovered(e)
		e.Until("the copy is fresh on all shards", func() bool {
			for shard := range 16 {
				if s, ok := e.Metric(fmt.Sprintf(`edgeauth_revocation_staleness_seconds{shard="%02d"}`, shard)); !ok || s > 3 {
					return false
				}
			}
			return true
		})
		f.wantAdmitted("after the failover", live, i)
		f.wantRefused("after the failover", copied, i)
	}
	f.run(1)
	f.wantAdmitted("at an edge that started after the failover", live, 2)
	f.wantRefused("at an edge that started after the failover", copied, 2)
	f.on(1)
	f.edges[1].Until("a new login works", func() bool { return f.browser().Open(f.origin+"/").Status == http.StatusOK })
}

// run starts n more edges and waits until they are ready. New connections go to the first of them.
func (f *fleet) run(n int) {
	f.t.Helper()
	first := len(f.edges)
	for range n {
		e := f.prepare()
		e.Run()
		f.edges = append(f.edges, e)
	}
	for _, e := range f.edges[first:] {
		e.WaitReady()
	}
	f.on(first)
}
