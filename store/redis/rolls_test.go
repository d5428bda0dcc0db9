package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/redis"
)

const roll = "edgeauth:roll:k"

func rowsOf(t *testing.T, s *redis.Store) map[string]string {
	t.Helper()
	rows, err := s.Roll(t.Context(), "k")
	must(t, err)
	out := map[string]string{}
	for row, value := range rows {
		out[row] = string(value)
	}
	return out
}

func TestARollEndsWithTheLastOfItsRows(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	for i, ttl := range []time.Duration{time.Hour, 5 * time.Hour, time.Minute} {
		must(t, s.Enter(t.Context(), "k", fmt.Sprint(i), nil, 9, ttl))
		left, _ := server.Do("PTTL", roll).(int64)
		want := []time.Duration{time.Hour, 5 * time.Hour, 5 * time.Hour}[i]
		if got := time.Duration(left) * time.Millisecond; got > want || got < want-limit {
			t.Errorf("%v are left of %v", got, want)
		}
	}
}

func TestARowThatBearsNoEndIsNoneAndGoesWithTheNextEntry(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	for i, value := range []string{"", "x", " 99999999999999 v", "-1 v", "99999999999999", "99999999999999v"} {
		server.Do("HSET", roll, fmt.Sprint("odd ", i), value)
	}
	server.Do("HSET", roll, "good", "99999999999999 v")
	if got := rowsOf(t, s); !cmp.Equal(got, map[string]string{"good": "v"}) {
		t.Errorf("the rows are %v", got)
	}
	must(t, s.Enter(t.Context(), "k", "mine", []byte("w"), 9, time.Hour))
	if got := rowsOf(t, s); !cmp.Equal(got, map[string]string{"good": "v", "mine": "w"}) {
		t.Errorf("the rows are %v", got)
	}
	if n := server.Do("HLEN", roll); n != int64(2) {
		t.Errorf("%v rows lie there", n)
	}
}

func TestAServerThatRefusesAnEntryIsUnavailableAndKeepsTheRollAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		begin []string
		says  string
	}{
		"full":      {[]string{"CONFIG", "SET", "maxmemory", "1"}, "OOM"},
		"read-only": {[]string{"REPLICAOF", "127.0.0.1", "1"}, "READONLY"},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			s := open(t, redis.Options{Addresses: []string{server.Addr()}})
			must(t, s.Enter(t.Context(), "k", "there", []byte("v"), 5, time.Hour))
			server.Do(c.begin...)
			err := s.Enter(t.Context(), "k", "another", []byte("v"), 1, time.Hour)
			var outage *store.Unavailable
			if !errors.As(err, &outage) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if got := server.Do("HKEYS", roll); !cmp.Equal(got, []any{"there"}) {
				t.Errorf("the rows are %v", got)
			}
		})
	}
}

func TestAWalkPassesOverWhatIsNoRoll(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	server.Do("SET", "edgeauth:roll:text", "x")
	for i := range 3000 {
		must(t, s.Put(t.Context(), fmt.Sprint(i), []byte("v"), time.Hour))
	}
	must(t, s.Enter(t.Context(), "k", "r", []byte("v"), 9, time.Hour))
	met, calls := 0, 0
	for at := ""; calls == 0 || at != ""; calls++ {
		next, err := s.Walk(t.Context(), at, 1, func(key, row string, value []byte) {
			if met++; key != "k" || row != "r" || string(value) != "v" {
				t.Errorf("%q, %q: %q", key, row, value)
			}
		})
		must(t, err)
		at = next
	}
	if met != 1 {
		t.Errorf("%d rows in %d calls", met, calls)
	}
}

func TestAWalkOfAClusterMeetsTheRollsOfAllMasters(t *testing.T) {
	cluster := redistest.StartCluster(t, 3, 0)
	s := open(t, redis.Options{Addresses: []string{cluster.Nodes()[1].Addr()}, Cluster: true})
	want, got := map[string]bool{}, map[string]bool{}
	for i := range 60 {
		key := fmt.Sprint("subject ", i)
		want[key] = true
		must(t, s.Enter(t.Context(), key, "r", []byte("v"), 9, time.Hour))
	}
	for _, node := range cluster.Nodes() {
		if n, _ := node.Do("DBSIZE").(int64); n == 0 {
			t.Fatal("a master has none, so nothing is shown")
		}
	}
	calls := 0
	for at := ""; calls == 0 || at != ""; calls++ {
		next, err := s.Walk(t.Context(), at, 1, func(key, _ string, _ []byte) { got[key] = true })
		must(t, err)
		at = next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in %d calls (-want +got):\n%s", calls, diff)
	}
}
