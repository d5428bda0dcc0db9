package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const canned = "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request Header Fields Too Large"

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// refusals are what net/http answers without a handler.
func refusals() map[string]string {
	return map[string]string{
		"HTTP/1.1 400 Bad Request":                     "GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n",
		"HTTP/1.1 400 Bad Request: missing":            "GET / HTTP/1.1\r\n\r\n",
		"HTTP/1.1 417 Expectation Failed":              "GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n",
		"HTTP/1.1 431 Request Header Fields Too Large": "GET / HTTP/1.1\r\nHost: a\r\nX-A: " + strings.Repeat("a", 16<<10),
		"HTTP/1.1 501 Not Implemented":                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 505 HTTP Version Not Supported":      "GET / HTTP/3.1\r\nHost: a\r\n\r\n",
	}
}

// undated takes out what differs from one answer to the next.
func undated(s string) string { return regexp.MustCompile("Date: [^\r]*\r\n").ReplaceAllString(s, "") }

func Test_CA04_what_nethttp_answers_by_itself_is_stored_by_nobody_and_otherwise_as_ever(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			edge, other := start(t, hello, m.tls, ours), start(t, hello, m.tls, bare)
			for status, request := range refusals() {
				got := undated(edge.send(t, request))
				if !strings.HasPrefix(got, status) || strings.Count(got, "\r\nCache-Control: no-store\r\n") != 1 {
					t.Errorf("want %q and no-store; got %q", status, got)
				}
				if want := undated(other.send(t, request)); strings.Replace(got, "Cache-Control: no-store\r\n", "", 1) != want {
					t.Errorf("want nothing else to differ from\n%q; got\n%q", want, got)
				}
			}
		})
	}
}

func TestARefusalBehindGoodRequestsIsStoredByNobody(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			c := start(t, hello, m.tls, ours).dial(t)
			in := bufio.NewReader(c)
			const good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
			if _, err := io.WriteString(c, good); err != nil {
				t.Fatal(err)
			}
			if r, body := next(t, in); body != "hello" || r.Header.Get("Cache-Control") != "" {
				t.Errorf("the first answer is %q with %v", body, r.Header)
			}
			if _, err := io.WriteString(c, good+"GET / HTTP/1.1\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if r, body := next(t, in); body != "hello" || r.Header.Get("Cache-Control") != "" {
				t.Errorf("the second answer is %q with %v", body, r.Header)
			}
			if r, _ := next(t, in); r.StatusCode != http.StatusBadRequest || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("the third answer is %d with %v", r.StatusCode, r.Header)
			}
		})
	}
}

// Whatever a backend sends, in whatever pieces it reaches the connection, is not the edge's own answer.
func TestABackendsBytesAreNeverTakenForAnAnswerOfNetHTTP(t *testing.T) {
	body := strings.Repeat(canned, 200)
	handlers := map[string]http.HandlerFunc{
		"in pieces, of which each begins like an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "28600")
			flush := http.NewResponseController(w).Flush
			for range 200 {
				_ = flush()
				_, _ = io.WriteString(w, canned)
			}
		},
		"copied": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "28600")
			_, _ = io.Copy(w, strings.NewReader(body))
		},
		"through a tunnel": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 28600\r\nConnection: close\r\n\r\n")
			for range 200 {
				_, _ = io.WriteString(c, canned)
			}
		},
	}
	if len(body) != 28600 {
		t.Fatalf("the body has %d bytes", len(body))
	}
	for what, h := range handlers {
		for _, m := range modes() {
			c := start(t, h, m.tls, ours).dial(t)
			if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if _, got := next(t, bufio.NewReader(c)); got != body {
				t.Errorf("%s, %s: the body came changed, %d bytes for %d", what, m.name, len(got), len(body))
			}
		}
	}
}

func TestHTTP2IsLeftAlone(t *testing.T) {
	body := strings.Repeat(canned, 200)
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Proto", r.Proto)
		_, _ = io.WriteString(w, body)
	}
	for _, m := range modes() {
		s := start(t, h, m.tls, ours)
		var p http.Protocols
		p.SetHTTP2(m.tls)
		p.SetUnencryptedHTTP2(!m.tls)
		transport := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1"}}
		scheme := "http://"
		if m.tls {
			scheme = "https://"
		}
		client := &http.Client{Transport: transport, Timeout: patience}
		for range 3 { // between two requests the connection is idle
			r, err := client.Get(scheme + s.addr)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r.Body)
			_ = r.Body.Close()
			if err != nil || string(got) != body || r.Header.Get("X-Proto") != "HTTP/2.0" {
				t.Errorf("%s: %d bytes by %q, %v", m.name, len(got), r.Header.Get("X-Proto"), err)
			}
		}
		transport.CloseIdleConnections()
	}
}

func TestHandlersStillSeeWhatTheConnectionCanDo(t *testing.T) {
	for _, m := range modes() {
		h := func(w http.ResponseWriter, r *http.Request) {
			if (r.TLS != nil) != m.tls || m.tls && !r.TLS.HandshakeComplete {
				t.Errorf("%s: TLS is %v", m.name, r.TLS)
			}
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if _, ok := c.(io.ReaderFrom); ok == m.tls {
				t.Errorf("%s: the kernel may copy: %v", m.name, ok)
			}
			half, ok := c.(interface{ CloseWrite() error })
			if !ok {
				t.Errorf("%s: there is no half of %T to close", m.name, c)
				return
			}
			if err := half.CloseWrite(); err != nil {
				t.Errorf("%s: closing one half: %v", m.name, err)
			}
			_, _ = io.Copy(io.Discard, c)
		}
		c := start(t, h, m.tls, ours).dial(t)
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); err != nil || len(got) != 0 {
			t.Errorf("%s: %q, %v; want the end of the stream", m.name, got, err)
		}
	}
}

func TestPlainHTTPOnATLSListenerIsToldSoAndStoredByNobody(t *testing.T) {
	s, other := start(t, hello, true, ours), start(t, hello, true, bare)
	s.roots, other.roots = nil, nil
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	want := strings.Replace(other.send(t, request), "\r\n", "\r\nCache-Control: no-store\r\n", 1)
	if got := s.send(t, request); got != want || !strings.Contains(got, "HTTPS server") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAHandshakeThatStallsHoldsUpNobodyAndHasItsLimit(t *testing.T) {
	s := start(t, hello, true, ours, func(srv *http.Server) { srv.ReadHeaderTimeout = time.Second })
	raw, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(patience))
	if got := s.send(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("beside a handshake that stalls the answer is %q", got)
	}
	if _, err := raw.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a handshake that never comes ends with %v", err)
	}
}

func TestAShutdownEndsHandshakesAndLetsRequestsFinish(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	s := start(t, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-finish
		_, _ = io.WriteString(w, "hello")
	}, true, ours)
	stalled, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	_ = stalled.SetDeadline(time.Now().Add(patience))
	c := s.dial(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	down := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		down <- s.Shutdown(ctx)
	}()
	if _, err := stalled.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the handshake in progress ends with %v", err)
	}
	close(finish)
	if _, body := next(t, bufio.NewReader(c)); body != "hello" {
		t.Errorf("the request in flight ends with %q", body)
	}
	if err := <-down; err != nil {
		t.Errorf("shutting down: %v", err)
	}
}
