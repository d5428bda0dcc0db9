package turns_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/proxy/internal/turns"
)

const (
	limit = 30 * time.Second
	good  = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
	evil  = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
)

// speak is a backend that runs script on each connection.
func speak(t *testing.T, script func(conn net.Conn, requests *bufio.Reader)) (address string) {
	t.Helper()
	return "http://" + serve(t, func(ln net.Listener) net.Listener { return ln }, script)
}

// speakTLS is the same with TLS.
func speakTLS(t *testing.T, script func(conn net.Conn, requests *bufio.Reader)) (address string, roots *x509.CertPool) {
	t.Helper()
	model := httptest.NewTLSServer(nil)
	model.Close()
	cfg := &tls.Config{Certificates: model.TLS.Certificates}
	roots = x509.NewCertPool()
	roots.AddCert(model.Certificate())
	return "https://" + serve(t, func(ln net.Listener) net.Listener { return tls.NewListener(ln, cfg) }, script), roots
}

func serve(t *testing.T, over func(net.Listener) net.Listener, script func(conn net.Conn, requests *bufio.Reader)) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	ln = over(ln)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(limit))
				script(conn, bufio.NewReader(conn))
			}()
		}
	}()
	return ln.Addr().String()
}

// heard reads one request and reports whether there was one.
func heard(requests *bufio.Reader) bool {
	r, err := http.ReadRequest(requests)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

// dialed connects and returns a Conn with the TCP connection below it.
func dialed(ctx context.Context, address string, spoiled func()) (*turns.Conn, net.Conn, error) {
	tcp, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	w, err := turns.NewWire(tcp)
	return turns.New(w, w, spoiled), tcp, err
}

// transport keeps turns and counts who did not.
func transport(t *testing.T, roots *x509.CertPool, spoiled *atomic.Int64) *http.Transport {
	t.Helper()
	count := func() { spoiled.Add(1) }
	tr := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			c, _, err := dialed(ctx, address, count)
			return c, err
		},
		DialTLSContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			tcp, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			w, err := turns.NewWire(tcp)
			if err != nil {
				return nil, err
			}
			c := tls.Client(w, &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS13})
			return turns.New(c, w, count), c.HandshakeContext(ctx)
		},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func ask(t *testing.T, tr http.RoundTripper, method, address, body string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(turns.With(ctx), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.GetBody = nil
	res, err := tr.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

// tooMuch are answers with something behind them. The last one is longer than the transport's buffer, so that the rest
// stays in the kernel.
func tooMuch() map[string]string {
	const none, unchanged = "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n"
	return map[string]string{
		"a whole answer behind a 204": none + evil, "a whole answer behind a body": good + evil,
		"half an answer behind a 304": unchanged + "HTTP/1.1 200 OK\r\nX-Evil: ",
		"early hints behind a 204":    none + "HTTP/1.1 103 Early Hints\r\nLink: <evil>\r\n\r\n",
		"a whole answer behind 60 KB": "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + strings.Repeat("x", 60000) + evil,
	}
}

// The moment between an answer and the transport's next look at its buffer is short, so each case is tried often.
func TestDS14_what_lies_behind_an_answer_is_never_the_next_answer(t *testing.T) {
	for what, first := range tooMuch() {
		script := func(conn net.Conn, requests *bufio.Reader) {
			for say := first; heard(requests); say = good {
				if _, err := io.WriteString(conn, say); err != nil {
					return
				}
			}
		}
		t.Run(what, func(t *testing.T) { neverEvil(t, 300, speak(t, script), nil) })
		t.Run(what+", over TLS", func(t *testing.T) {
			address, roots := speakTLS(t, script)
			neverEvil(t, 50, address, roots) // each needs a handshake
		})
	}
}

func neverEvil(t *testing.T, times int, address string, roots *x509.CertPool) {
	t.Helper()
	tr := transport(t, roots, new(atomic.Int64))
	for range times {
		if got, err := ask(t, tr, http.MethodGet, address, ""); err != nil || got == "evil" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

// arrived returns when the kernel has something that nobody has read.
func arrived(t *testing.T, tcp net.Conn) {
	t.Helper()
	raw, err := tcp.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := raw.Read(func(fd uintptr) bool {
		n, _, err = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return n > 0 || !errors.Is(err, syscall.EAGAIN)
	}); err != nil || n <= 0 {
		t.Fatalf("nothing arrived: %v", err)
	}
}

func TestDS14_a_server_that_speaks_first_is_not_heard(t *testing.T) {
	address := speak(t, func(conn net.Conn, requests *bufio.Reader) {
		_, _ = io.WriteString(conn, evil)
		_ = heard(requests)
	})
	for range 100 {
		tr := &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			c, tcp, err := dialed(ctx, address, func() {})
			if err == nil {
				arrived(t, tcp)
			}
			return c, err
		}}
		if got, err := ask(t, tr, http.MethodGet, address, ""); err == nil {
			t.Fatalf("got %q", got)
		}
	}
}

func TestAnAnswerMayComeBeforeTheBodyOfTheRequestHasBeenRead(t *testing.T) {
	address := speak(t, func(conn net.Conn, requests *bufio.Reader) {
		_, _ = http.ReadRequest(requests) // the head alone
		_, _ = io.WriteString(conn, good)
		_, _ = io.Copy(io.Discard, requests)
	})
	var spoiled atomic.Int64
	got, err := ask(t, transport(t, nil, &spoiled), http.MethodPost, address, strings.Repeat("x", 8<<20))
	if got != "good" || err != nil || spoiled.Load() != 0 {
		t.Errorf("got %q, %v; %d spoiled", got, err, spoiled.Load())
	}
}

func TestAConnectionIsUsedAgainWhenEverybodyKeepsTurns(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	var spoiled atomic.Int64
	tr := transport(t, nil, &spoiled)
	for i := range 200 {
		if got, err := ask(t, tr, http.MethodPost, server.URL, "x"); got != "POST x" || err != nil {
			t.Fatalf("request %d: got %q, %v", i, got, err)
		}
	}
	if connections.Load() != 1 || spoiled.Load() != 0 {
		t.Errorf("%d connections, %d spoiled; want one and none", connections.Load(), spoiled.Load())
	}
}

// pair returns a Conn, the connection below it and the server's end.
func pair(t *testing.T, spoiled *int) (c *turns.Conn, tcp, server net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	address := speak(t, func(conn net.Conn, _ *bufio.Reader) {
		accepted <- conn
		<-t.Context().Done()
	})
	c, tcp, err := dialed(t.Context(), strings.TrimPrefix(address, "http://"), func() { *spoiled++ })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, tcp, <-accepted
}

func say(t *testing.T, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

func TestBytesBeforeTheRequestEndTheConnectionAndNothingIsWritten(t *testing.T) {
	spoiled := 0
	c, _, server := pair(t, &spoiled)
	say(t, server, evil)
	if n, err := c.Read(make([]byte, 10)); n != 0 || !errors.Is(err, turns.ErrUnasked) {
		t.Errorf("Read: %d, %v", n, err)
	}
	if _, err := c.Write([]byte("GET")); !errors.Is(err, turns.ErrUnasked) {
		t.Errorf("Write: %v", err)
	}
	if n, err := c.Read(make([]byte, 10)); n != 0 || !errors.Is(err, turns.ErrUnasked) || spoiled != 1 {
		t.Errorf("second Read: %d, %v; told %d times", n, err, spoiled)
	}
}

func TestTheServersTurnBeginsWithTheFirstByteOfTheRequest(t *testing.T) {
	spoiled := 0
	c, _, server := pair(t, &spoiled)
	say(t, c, "G")
	say(t, server, good)
	_ = server.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(c)
	if string(got) != good || err != nil || spoiled != 0 {
		t.Errorf("got %q, %v; told %d times", got, err, spoiled)
	}
}

// begin does what a transport does when it has chosen a connection for a request.
func begin(ctx context.Context, c *turns.Conn) {
	httptrace.ContextClientTrace(turns.With(ctx)).GotConn(httptrace.GotConnInfo{Conn: c})
}

func TestAnExchangeBeginsWhenAllThatHadArrivedHasBeenRead(t *testing.T) {
	for range 50 {
		spoiled := 0
		c, tcp, server := pair(t, &spoiled)
		say(t, server, evil)
		arrived(t, tcp)
		var read, begun atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			begin(t.Context(), c)
			if begun.Store(true); !read.Load() {
				t.Error("begun before")
			}
		}()
		runtime.Gosched() // so that it is likely to be waiting
		if begun.Load() {
			t.Error("begun without a reader")
		}
		read.Store(true)
		_, err := c.Read(make([]byte, 1000))
		if !errors.Is(err, turns.ErrUnasked) {
			t.Errorf("Read: %v", err)
		}
		_ = c.Close() // as the transport does
		<-done
	}
}

func TestAnExchangeBeginsWhenTheServerHasNothingToSay(t *testing.T) {
	spoiled := 0
	c, _, server := pair(t, &spoiled)
	read := make(chan string)
	go func() {
		b := make([]byte, 100)
		n, _ := c.Read(b)
		read <- string(b[:n])
	}()
	begin(t.Context(), c)
	say(t, c, "G")
	say(t, server, good)
	if got := <-read; got != good || spoiled != 0 {
		t.Errorf("got %q; told %d times", got, spoiled)
	}
}

func TestAnExchangeBeginsOnAClosedConnection(t *testing.T) {
	spoiled := 0
	c, _, _ := pair(t, &spoiled)
	_ = c.Close()
	begin(t.Context(), c)
	if _, err := c.Write([]byte("G")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
}

func TestAReaderIsToldOfEndDeadlineAndReset(t *testing.T) {
	spoiled := 0
	c, _, server := pair(t, &spoiled)
	_ = c.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	_ = c.SetReadDeadline(time.Time{})
	_ = server.(*net.TCPConn).CloseWrite()
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("end: %v", err)
	}
	c, _, server = pair(t, &spoiled)
	_ = server.(*net.TCPConn).SetLinger(0)
	_ = server.Close()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %v", err)
	}
}

func TestSessionTicketsOfTLSAreNotBytesOutOfTurn(t *testing.T) {
	address, roots := speakTLS(t, func(conn net.Conn, requests *bufio.Reader) {
		for heard(requests) {
			_, _ = io.WriteString(conn, good)
		}
	})
	for range 20 {
		var spoiled atomic.Int64
		if got, err := ask(t, transport(t, roots, &spoiled), http.MethodGet, address, ""); got != "good" || err != nil || spoiled.Load() != 0 {
			t.Fatalf("got %q, %v; %d spoiled", got, err, spoiled.Load())
		}
	}
}

func TestCloseWriteReachesTheServer(t *testing.T) {
	spoiled := 0
	c, _, server := pair(t, &spoiled)
	say(t, c, "last words")
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(server); string(got) != "last words" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAWireNeedsAFileDescriptor(t *testing.T) {
	near, _ := net.Pipe()
	if _, err := turns.NewWire(near); err == nil {
		t.Error("a pipe has none")
	}
}
