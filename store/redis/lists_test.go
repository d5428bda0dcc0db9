package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/redis"
)

func TestOfTwoEdgesThatPushToOneListAtOnceNoneLosesAnything(t *testing.T) {
	server := redistest.Start(t)
	var wg sync.WaitGroup
	var want []string
	for edge := range 2 {
		s := open(t, redis.Options{Addresses: []string{server.Addr()}})
		for i := range 100 {
			value := fmt.Sprintf("edge %d, %02d", edge, i)
			want = append(want, value)
			wg.Go(func() {
				if err := s.Push(t.Context(), "k", []byte(value), 200, time.Hour); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	values, err := open(t, redis.Options{Addresses: []string{server.Addr()}}).List(t.Context(), "k")
	must(t, err)
	var got []string
	for _, v := range values {
		got = append(got, string(v))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPushWhoseAnswerWasLostIsThereOnceWhenRepeated(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	server.Do("RPUSH", "edgeauth:list:k", "another", "mine", "older") // another edge pushed in between
	must(t, s.Push(t.Context(), "k", []byte("mine"), 5, time.Hour))
	if got := server.Do("LRANGE", "edgeauth:list:k", "0", "-1"); !cmp.Equal(got, []any{"mine", "another", "older"}) {
		t.Errorf("the list is %v", got)
	}
}

func TestAServerThatRefusesAPushIsUnavailableAndKeepsTheListAsItWas(t *testing.T) {
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
			must(t, s.Push(t.Context(), "k", []byte("there"), 5, time.Hour))
			server.Do(c.begin...)
			err := s.Push(t.Context(), "k", []byte("another"), 5, time.Hour)
			var outage *store.Unavailable
			if !errors.As(err, &outage) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if got := server.Do("LRANGE", "edgeauth:list:k", "0", "-1"); !cmp.Equal(got, []any{"there"}) {
				t.Errorf("the list is %v", got)
			}
		})
	}
}

func TestAListEndsWithTheLifeOfItsLastPush(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	for _, ttl := range []time.Duration{time.Hour, 180 * 24 * time.Hour, time.Minute} {
		must(t, s.Push(t.Context(), "k", []byte(ttl.String()), 5, ttl))
		left, _ := server.Do("PTTL", "edgeauth:list:k").(int64)
		if got := time.Duration(left) * time.Millisecond; got > ttl || got < ttl-limit {
			t.Errorf("%v are left of %v", got, ttl)
		}
	}
}
