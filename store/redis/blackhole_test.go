package redis_test

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// startBlackHole listens without ever accepting, with a queue that is full: further connections hear nothing, as behind a
// firewall that drops packets.
func startBlackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(fd, 0))
	at, err := syscall.Getsockname(fd)
	must(t, err)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(at.(*syscall.SockaddrInet4).Port))
	for range 10 {
		conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Skip("SKIPPED: this system answers for a queue that is full")
	return ""
}

func TestRS01ABlackHoleIsSoonLeftInPeace(t *testing.T) {
	addr := startBlackHole(t)
	w := newWatcher()
	s := open(t, redis.Options{Addresses: []string{addr}, Command: usual, Observer: w})
	began := time.Now()
	for range 4 {
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				var outage *store.Unavailable
				if _, _, err := s.Get(t.Context(), "k"); !errors.As(err, &outage) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
	}
	if n, most := w.dials(), 32+first+trials(began); n > most {
		t.Errorf("2,000 calls dialed %d times, at most %d could be explained", n, most)
	}
	if w.count(redis.Timeout) == 0 || w.count(redis.NotAsked) < 1000 || w.count(redis.Malformed) > 0 {
		t.Error(w)
	}
	storetest.RequireUnavailable(t, s)
}
