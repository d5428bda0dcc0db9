package e2e_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

// aclLine is the line of docs/redis.md that makes the edges' user, with what a cluster needs.
func aclLine(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "redis.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(doc), "ACL SETUSER edgeauth on >PASSWORD ~")
	line, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("docs/redis.md does not tell how to make the edges' user")
	}
	return append(strings.Fields("ACL SETUSER edgeauth on >PASSWORD ~"+line), "+cluster|slots", "+asking")
}

func Test_edges_share_a_cluster_that_speaks_TLS_alone_asks_for_certificates_and_has_a_user_for_them(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := newAuthority(t)
	ca := filepath.Join(dir, "ca.pem")
	a.file(ca, a.pem)
	serverCert, serverKey := a.write(a.sign("redis"), "redis")
	edgeCert, edgeKey := a.write(a.sign("edge"), "edge")
	cluster := redistest.StartCluster(t, 3, 0, redistest.WithTLS(serverCert, serverKey, ca))
	cluster.Do(aclLine(t)...)
	w := newWorld(t)
	f := &fleet{world: w, front: startBalancer(t), t: t, keys: newKeys(t)}
	f.origin = "http://" + f.front.ln.Addr().String()
	f.store = fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, redis: {addresses: [%q], cluster: true, username: edgeauth, password: PASSWORD, tls: true, ca_file: %q, cert_file: %q, key_file: %q}}\n",
		f.keys, cluster.Addrs()[0], ca, edgeCert, edgeKey)
	f.client(f.front.ln.Addr().String())
	f.run(2)
	live, gone := f.login(), f.login()
	copied := f.thief(gone)
	gone.Post(f.origin+"/.edgeauth/logout", url.Values{})
	f.wantRefused("after the logout", copied, 0, 1)
	f.wantAdmitted("after another's logout", live, 0, 1)
	for _, e := range f.edges {
		if n, _ := e.Metric(`edgeauth_store_calls_total{cause="noperm"}`); n > 0 {
			t.Errorf("%v calls lacked a right", n)
		}
	}
}
