package edgetest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// The ports that are handed out lie below those that Linux gives to outgoing connections (32768 and up): between choosing one
// and listening on it, and while an edge is started anew, no client can take it.
const (
	lowestPort  = 15000
	highestPort = 31999
)

// handedOut are the addresses that tests of this process have; guarded by itself.
var handedOut sync.Map

// Addr returns a loopback address with a port that was free a moment ago.
func Addr(t testing.TB) string {
	t.Helper()
	return AddrOn(t, "127.0.0.1")
}

// AddrOn is Addr on another loopback address, such as 127.0.0.2: cookies do not tell ports apart. A machine that has only
// the one skips the test.
func AddrOn(t testing.TB, host string) string {
	t.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skipf("SKIPPED: needs the loopback address %s: %v", host, err)
	}
	_ = ln.Close()
	for {
		addr := net.JoinHostPort(host, strconv.Itoa(lowestPort+rand.IntN(highestPort-lowestPort+1)))
		if _, taken := handedOut.LoadOrStore(addr, true); taken {
			continue
		}
		if ln, err := net.Listen("tcp", addr); err == nil {
			_ = ln.Close()
			return addr
		}
	}
}
