package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// hoarder is a backend that keeps its connections open and answers the nth request on each with the nth text; the last
// text is for all that follow.
func hoarder(t *testing.T, texts ...string) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(edgetest.Patience))
				in := wire{t: t, conn: conn}
				for i := 0; ; i++ {
					if !in.head() {
						return
					}
					if _, err := io.WriteString(conn, texts[min(i, len(texts)-1)]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

// head reads until a request's head has ended.
func (c *wire) head() bool {
	var b []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		if _, err := c.conn.Read(one); err != nil {
			return false
		}
		b = append(b, one[0])
	}
	return true
}

func Test_DS14_what_a_backend_sends_too_much_is_never_the_next_persons_answer(t *testing.T) {
	t.Parallel()
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	cases := map[string]struct {
		first string
		want  []int // of the first answer
	}{
		"a whole answer behind the body": {good + evil, []int{200}}, "bytes behind the body": {good + "evil", []int{200}}, "204 with a body": {"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", []int{204, 502}},
		"204 with an answer behind": {"HTTP/1.1 204 No Content\r\n\r\n" + evil, []int{204}}, "304 with a body": {"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil", []int{304, 502}},
		"both framings": {"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + evil, []int{200, 502}}, "two lengths": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\nok" + evil, []int{502}},
		"a CR in a field": {"HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: edgeauth=x\r\nContent-Length: 2\r\n\r\nok", []int{200, 502}}, "a bare LF in the head": {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok" + evil, []int{200, 502}},
		"a negative length": {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok" + evil, []int{502}}, "a chunk of 16 digits": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n0\r\n\r\n", []int{0, 200, 502}},
		"an early answer of the next": {"HTTP/1.1 103 Early Hints\r\n\r\n" + good + evil, []int{200}}, "101 that nobody asked for": {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + evil, []int{502}},
	}
	w := newWorld(t)
	var upstreams, routes strings.Builder
	paths := map[string]string{}
	for what, c := range cases {
		name := fmt.Sprintf("u%d", len(paths))
		paths[what] = "/" + name
		fmt.Fprintf(&upstreams, "  %s: {addresses: [%q]}\n", name, hoarder(t, c.first, good))
		fmt.Fprintf(&routes, "  - {path: /%s, upstream: %[1]s, public: true}\n", name)
	}
	w.upstreams, w.routes = upstreams.String(), routes.String()
	s := &siege{world: w, Edge: w.start(t, ""), t: t}
	for what, c := range cases {
		first := s.get(paths[what])
		if !slices.Contains(c.want, first.StatusCode) || strings.Contains(first.body, "evil") || len(first.Cookies()) != 0 {
			t.Errorf("%s: the first gets %d %q with %v", what, first.StatusCode, first.body, first.Header)
		}
		for range 5 {
			if next := s.get(paths[what]); strings.Contains(next.body, "evil") || next.StatusCode != 200 && !slices.Contains(c.want, next.StatusCode) {
				t.Errorf("%s: the next gets %d %q", what, next.StatusCode, next.body)
			}
		}
	}
}
