package redis_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// What an operator can get wrong about where Redis is has to be told by its error, which says what to change.
func TestAConfigurationThatDoesNotFitTheServerIsToldWhatToChange(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 0, 1)
	server, sentinel := group.Nodes()[0].Addr(), group.Addrs()
	cert, key, roots := certificate(t)
	speaksTLS := redistest.Start(t, redistest.WithTLS(cert, key, cert), redistest.WithArgs("--tls-auth-clients", "no")).Addr()
	for name, row := range map[string]struct {
		o     redis.Options
		cause redis.Cause
		says  string
	}{
		"a Sentinel for a server":      {redis.Options{Addresses: sentinel}, "old", "a Sentinel needs store.redis.master_name"},
		"a server for a Sentinel":      {redis.Options{Addresses: []string{server}, MasterName: redistest.MasterName}, "no_sentinel", "remove store.redis.master_name"},
		"another name of the master":   {redis.Options{Addresses: sentinel, MasterName: "another"}, "no_master", "store.redis.master_name"},
		"a server for a cluster":       {redis.Options{Addresses: []string{server}, Cluster: true}, "no_cluster", "remove store.redis.cluster"},
		"TLS to one that speaks none":  {redis.Options{Addresses: []string{server}, TLS: &tls.Config{RootCAs: roots}}, redis.Timeout, "does it speak TLS"},
		"no TLS to one that speaks it": {redis.Options{Addresses: []string{speaksTLS}}, redis.Lost, "Then set store.redis.tls"},
		"nobody":                       {redis.Options{Addresses: []string{"127.0.0.1:1"}}, redis.Unreachable, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher()
			row.o.Observer, row.o.Connect = w, 300*time.Millisecond
			s := open(t, row.o)
			said := ""
			eventually(t, "the error says what to do", func() bool {
				_, _, err := s.Get(t.Context(), "k")
				if err == nil {
					t.Fatal("it answered")
				}
				said = err.Error()
				return strings.Contains(said, row.says)
			})
			if !strings.Contains(said, row.says) || w.count(row.cause) == 0 {
				t.Errorf("%v, said %s", w, said)
			}
			storetest.RequireUnavailable(t, s) // and no absence
		})
	}
}
