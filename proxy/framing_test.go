package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/proxy"
)

// post is a request of alice with framing lines and a body.
func (b *bed) post(framing, body string) answer {
	return b.send("POST /x HTTP/1.1\r\nHost: app.corp.test\r\n" + b.as(b.alice()) + framing + "\r\n" + body)
}

// wantWhole demands that at most one request reached the backend, and none that begins inside a body.
func (b *bed) wantWhole(what string) {
	b.t.Helper()
	hits := b.app.Hits()
	if len(hits) > 1 {
		b.t.Errorf("%s: %d requests reached the backend", what, len(hits))
	}
	for _, h := range hits {
		if h.Method != http.MethodPost || h.Variables["HTTP_CONTENT_LENGTH"] != "" && h.Variables["HTTP_TRANSFER_ENCODING"] != "" {
			b.t.Errorf("%s: the backend read %s", what, h.Head)
		}
	}
}

func TestDS01_DS02_two_framings_are_one_request_or_none(t *testing.T) {
	inner := "GPOST / HTTP/1.1\r\nContent-Length: 15\r\n\r\nx=1"
	for _, body := range []string{"0\r\n\r\nG", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner)} {
		for _, length := range []string{"6", "4"} {
			b := newBed(t, options{})
			b.post("Content-Length: "+length+"\r\nTransfer-Encoding: chunked\r\n", body)
			b.wantWhole(body)
		}
	}
}

func TestDS04_lengths_that_readers_disagree_about_are_refused(t *testing.T) {
	for _, lines := range []string{
		"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: +5\r\n", "Content-Length: -1\r\n", "Content-Length: 0x5\r\n", "Content-Length: 5, 6\r\n", "Content-Length: 5 5\r\n",
		"Content-Length: 5\x00\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding : chunked\r\n",
	} {
		b := newBed(t, options{})
		if a := b.post(lines, "hello"); a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusNotImplemented {
			t.Errorf("%q: got %d", lines, a.StatusCode)
		}
		b.untouched()
	}
}

func TestDS05_malformed_chunks_are_a_bad_request_and_reach_no_backend_whole(t *testing.T) {
	for _, body := range []string{"2;\nxx\r\n45\r\n0\r\n\r\nGET /admin/x HTTP/1.1\r\n\r\n", "2\nxx\r\n0\r\n\r\n", "zz\r\n", "5\r\nhelloXX0\r\n\r\n"} {
		b := newBed(t, options{})
		a := b.post("Transfer-Encoding: chunked\r\n", body)
		if a.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d, want 400", body, a.StatusCode)
		}
		if a.StatusCode != 0 && !a.Close {
			t.Errorf("%q: the connection stays open", body)
		}
		b.wantWhole(body)
	}
}

func TestDS08_a_body_that_nobody_read_is_no_request(t *testing.T) {
	b := newBed(t, options{})
	smuggled := "GET /public/smuggled HTTP/1.1\r\nHost: app.corp.test\r\n\r\n"
	first := fmt.Sprintf("POST /x HTTP/1.1\r\nHost: app.corp.test\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled)
	conn := b.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, first+"GET /public/second HTTP/1.1\r\nHost: app.corp.test\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if a := b.receive(in, first); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d", a.StatusCode)
	}
	b.receive(in, "GET")
	for _, h := range b.app.Hits() {
		if h.Target != "/public/second" {
			t.Errorf("the body was read as a request for %s", h.Target)
		}
	}
}

func TestDS10_unknown_expectations_are_refused(t *testing.T) {
	for _, line := range []string{"Expect: y 100-continue\r\n", "Expect: 200-ok\r\n", "Expect: 100-continue, 100-continue\r\n", "Expect: 100-continue\r\nExpect: x\r\n"} {
		b := newBed(t, options{})
		if a := b.post("Content-Length: 5\r\nConnection: close\r\n"+line, "hello"); a.StatusCode != http.StatusExpectationFailed {
			t.Errorf("%q: got %d, want 417", line, a.StatusCode)
		}
		b.untouched()
	}
}

func TestDS10_100_continue_crosses_no_answers(t *testing.T) {
	b := newBed(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") != "" {
			t.Error("the expectation was forwarded")
		}
		w.WriteHeader(http.StatusForbidden) // at once, without reading
	})})
	for range 50 {
		conn := b.dial()
		if _, err := io.WriteString(conn, "POST /public/x HTTP/1.1\r\nHost: app.corp.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		for {
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode == http.StatusContinue {
				if _, err := io.WriteString(conn, "hello"); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if res.StatusCode != http.StatusForbidden {
				t.Fatalf("got %d", res.StatusCode)
			}
			break
		}
		_ = conn.Close()
	}
}

// rawBackend answers each connection with fixed bytes after it read a request head.
func rawBackend(t testing.TB, reply string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(limit))
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, reply)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func TestDS14_malformed_answers_are_a_502_to_that_client_only(t *testing.T) {
	for what, reply := range map[string]string{
		"two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "a large header": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"a NUL in a header": "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", "no HTTP": "hello\r\n\r\n", "nothing": "",
	} {
		b := newBed(t, options{backend: rawBackend(t, reply)})
		a := b.get("/public/x")
		if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.body, "upstream_unreachable") {
			t.Errorf("%s: got %d", what, a.StatusCode)
		}
	}
	for what, reply := range map[string]string{
		"bytes behind the body": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "both framings": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"a thousand 103": strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000) + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	} {
		b := newBed(t, options{backend: rawBackend(t, reply)})
		conn := b.dial()
		for range 2 {
			request := "GET /public/x HTTP/1.1\r\nHost: app.corp.test\r\n\r\n"
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			a := b.receive(in, request)
			for a.StatusCode == http.StatusEarlyHints {
				a = b.receive(in, request)
			}
			if a.StatusCode != http.StatusOK || a.body != "ok" {
				t.Errorf("%s: got %d %q", what, a.StatusCode, a.body)
			}
		}
		_ = conn.Close()
	}
}

func TestAn_upstream_that_is_not_there_or_too_slow_has_a_page_of_its_own(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	b := newBed(t, options{backend: "http://" + l.Addr().String()})
	if a := b.get("/public/x"); a.StatusCode != http.StatusBadGateway || !strings.Contains(a.body, "upstream_unreachable") || strings.Contains(a.body, "refused") {
		t.Errorf("got %d: %s", a.StatusCode, a.body)
	}
	if !strings.Contains(b.access.String(), "connection refused") {
		t.Errorf("the cause is not in the log: %s", b.access.String())
	}
	slow := answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	b = newBed(t, options{backend: slow, upstream: func(c *proxy.UpstreamConfig) { c.ResponseTimeout = 50 * time.Millisecond }})
	if a := b.get("/public/x"); a.StatusCode != http.StatusGatewayTimeout || !strings.Contains(a.body, "upstream_timeout") {
		t.Errorf("got %d: %s", a.StatusCode, a.body)
	}
}

func TestA_client_that_leaves_is_no_fault_of_the_upstream(t *testing.T) {
	arrived := make(chan struct{})
	b := newBed(t, options{backend: answering(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})})
	conn := b.dial()
	if _, err := io.WriteString(conn, "GET /public/x HTTP/1.1\r\nHost: app.corp.test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-arrived
	_ = conn.Close()
	b.edge.Close() // waits for the exchange
	if log := b.access.String(); !strings.Contains(log, `"reason":"client_gone"`) || strings.Contains(log, "upstream_unreachable") {
		t.Errorf("access record: %s", log)
	}
}
