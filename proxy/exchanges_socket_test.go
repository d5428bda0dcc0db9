package proxy_test

import (
	"bufio"
	"context"
	"crypto/fips140"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/proxy/internal/frames"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// opened is a bed whose exchanges are cut.
type opened struct {
	*bed
	open *proxy.Exchanges
}

// newOpened starts a bed, with a clock that goes, and what cuts its exchanges.
func newOpened(t *testing.T, o options, l proxy.Limits) *opened {
	t.Helper()
	b := &opened{}
	o.handler = func(p *proxy.Options) {
		b.open = proxy.NewExchanges(proxy.ExchangesOptions{Replica: p.Replica, Now: p.Now})
		p.Exchanges = b.open
	}
	o.ticking = true
	b.bed = newBed(t, o)
	b.open.Use(l, b.handler)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.open.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return b
}

func (b *opened) revoke() { b.log.set(revocation.Standing{Vouched: true, Revoked: true}) }

// none waits until no exchange is open.
func (b *opened) none() {
	b.t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		n := 0
		for _, k := range proxy.Kinds() {
			n += b.open.Open(k)
		}
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("%d exchanges are still open", n)
		}
	}
}

// socketTo opens a WebSocket as a library does.
func (b *bed) socketTo(ctx context.Context, s *session.Session) (*websocket.Conn, *http.Response, error) {
	o := &websocket.DialOptions{Host: publicHost, HTTPHeader: http.Header{
		"Origin": {"https://app.corp.test"}, "Cookie": {"__Host-edgeauth=" + b.value(s)},
	}, HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}}
	var conn *websocket.Conn
	var res *http.Response
	var err error
	fips140.WithoutEnforcement(func() {
		conn, res, err = websocket.Dial(ctx, strings.Replace(b.edge.URL, "http", "ws", 1)+"/api/ws", o)
	})
	return conn, res, err
}

// closing is an application that echoes, and tells how its WebSockets were closed.
func closing(told chan<- error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var conn *websocket.Conn
		var err error
		fips140.WithoutEnforcement(func() { conn, err = websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) })
		if err != nil {
			told <- err
			return
		}
		defer conn.CloseNow()
		for {
			kind, data, err := conn.Read(context.Background())
			if err != nil {
				told <- err
				return
			}
			_ = conn.Write(context.Background(), kind, data)
		}
	}
}

// wantClosed checks the Close frame by which a WebSocket ended.
func wantClosed(t *testing.T, whose string, err error, code websocket.StatusCode, reason string) {
	t.Helper()
	var got websocket.CloseError
	if !errors.As(err, &got) || got.Code != code || got.Reason != reason {
		t.Errorf("%s WebSocket ended with %v, want %d %q", whose, err, code, reason)
	}
}

func TestTheWebSocketOfARevokedSessionIsClosedOnBothSidesWithAReason(t *testing.T) {
	told := make(chan error, 1)
	for name, o := range protocols(t, closing(told)) {
		for at, serve := range map[string]func(http.Handler) *httptest.Server{"plain": nil, "TLS": httptest.NewTLSServer} {
			t.Run(name+" behind "+at, func(t *testing.T) {
				o.serve = serve
				b := newOpened(t, o, proxy.Limits{})
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				conn, _, err := b.socketTo(ctx, b.alice())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.CloseNow()
				if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
					t.Fatal(err)
				}
				if _, got, err := conn.Read(ctx); string(got) != "hello" || b.open.Open(proxy.WebSocket) != 1 {
					t.Fatalf("got %q back, %v; %d WebSockets are open", got, err, b.open.Open(proxy.WebSocket))
				}
				b.revoke()
				_, _, err = conn.Read(ctx)
				wantClosed(t, "the client's", err, websocket.StatusPolicyViolation, "revoked")
				wantClosed(t, "the backend's", <-told, websocket.StatusPolicyViolation, "revoked")
				b.none()
			})
		}
	}
}

func TestAWebSocketThatEndsBecauseTheLogIsTooOldMayComeBackLater(t *testing.T) {
	told := make(chan error, 1)
	b := newOpened(t, options{backend: answering(t, closing(told))}, proxy.Limits{})
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn, _, err := b.socketTo(ctx, b.alice())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	b.log.age.Store(int64(2 * time.Hour))
	_, _, err = conn.Read(ctx)
	wantClosed(t, "the client's", err, websocket.StatusTryAgainLater, string(policy.LogTooOld))
	wantClosed(t, "the backend's", <-told, websocket.StatusTryAgainLater, string(policy.LogTooOld))
}

func TestAWebSocketThatTheApplicationEndsItselfIsLeftToIt(t *testing.T) {
	told := make(chan error, 1)
	b := newOpened(t, options{backend: answering(t, closing(told))}, proxy.Limits{})
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn, _, err := b.socketTo(ctx, b.alice())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(4000, "enough"); err != nil {
		t.Error(err)
	}
	wantClosed(t, "the backend's", <-told, 4000, "enough")
	b.none()
}

// rawSocket upgrades and hands the connection to a test, byte by byte.
func rawSocket(t *testing.T, speak func(net.Conn, *bufio.Reader)) string {
	return answering(t, func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(limit))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
		speak(conn, rw.Reader)
	})
}

// openRaw opens a WebSocket on a connection of the test's own.
func (b *bed) openRaw(s *session.Session) (net.Conn, *bufio.Reader) {
	b.t.Helper()
	conn := b.dial()
	b.t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, handshake+"Origin: https://app.corp.test\r\n"+b.as(s)+"\r\n"); err != nil {
		b.t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		b.t.Fatalf("the WebSocket was not opened: %v, %v", res, err)
	}
	return conn, in
}

// head reads the status of an answer.
func (b *bed) head(conn net.Conn) int {
	b.t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode
}

// until reads up to and including a text, or to the end.
func until(r *bufio.Reader, text string) string {
	var all strings.Builder
	for !strings.HasSuffix(all.String(), text) {
		c, err := r.ReadByte()
		if err != nil {
			break
		}
		all.WriteByte(c)
	}
	return all.String()
}

func TestAFrameOnItsWayIsNotSplitByTheEdgesOwn(t *testing.T) {
	bye := string(frames.Close(1008, "revoked", nil))
	got := make(chan string, 1)
	backend := rawSocket(t, func(conn net.Conn, in *bufio.Reader) {
		say(t, conn, "\x82\x06hal") // a frame of six bytes, and three of them
		var passed frames.WebSocket
		for !passed.Closed() { // the edge says goodbye here at once: nothing was on its way in this direction
			c, err := in.ReadByte()
			if err != nil {
				break
			}
			passed.Advance([]byte{c})
		}
		say(t, conn, "ves\x82\x03too\x82\x04late")
		rest, _ := io.ReadAll(in)
		got <- string(rest)
	})
	b := newOpened(t, options{backend: backend}, proxy.Limits{})
	conn, in := b.openRaw(b.alice())
	if half := until(in, "hal"); half != "\x82\x06hal" {
		t.Fatalf("got %q", half)
	}
	b.revoke()
	if rest := until(in, bye); rest != "ves"+bye {
		t.Errorf("the client got %q, want the rest of the frame and a Close frame", rest)
	}
	_ = conn.Close()
	<-got
	b.none()
}

func TestWhatTheClientSendsBehindTheFrameOnItsWayReachesNobody(t *testing.T) {
	got := make(chan string, 1)
	begun := make(chan struct{})
	b := newOpened(t, options{backend: rawSocket(t, func(_ net.Conn, in *bufio.Reader) {
		until(in, "xx")
		close(begun)
		rest, _ := io.ReadAll(in)
		got <- string(rest)
	})}, proxy.Limits{})
	conn, in := b.openRaw(b.alice())
	say(t, conn, "\x82\x84\x00\x00\x00\x00xx") // a frame of four bytes, and two of them
	<-begun
	b.revoke()
	bye := string(frames.Close(1008, "revoked", nil))
	if said := until(in, bye); said != bye {
		t.Errorf("the client got %q", said)
	}
	say(t, conn, "yy\x82\x83\x00\x00\x00\x00too\x88\x82\x00\x00\x00\x00\x03\xf0") // the rest, one more, and the answer to the Close frame
	rest := <-got
	if !strings.HasPrefix(rest, "yy\x88\x89") || strings.Contains(rest, "too") || len(rest) != len("yy")+2+4+9 {
		t.Errorf("the backend got %q, want the rest of the frame and a masked Close frame", rest)
	}
	if left, err := io.ReadAll(in); len(left) != 0 {
		t.Errorf("the client got %q behind the Close frame, %v", left, err)
	}
	b.none()
}

func TestWS04_a_client_that_never_reads_is_cut_like_others(t *testing.T) {
	ended := make(chan struct{})
	b := newOpened(t, options{backend: rawSocket(t, func(conn net.Conn, _ *bufio.Reader) {
		defer close(ended)
		piece := make([]byte, 64<<10)
		for say := "\x82\x7f\x00\x00\x00\x00\x40\x00\x00\x00"; ; say = "" { // a frame of 1 GiB
			if _, err := conn.Write(append([]byte(say), piece...)); err != nil {
				return
			}
		}
	})}, proxy.Limits{})
	_, _ = b.openRaw(b.alice())
	time.Sleep(50 * time.Millisecond) // so that the buffers between are likely to be full
	b.revoke()
	b.none()
	<-ended
}

func TestWS04_a_backend_that_never_reads_keeps_nothing_open(t *testing.T) {
	gone := make(chan struct{})
	b := newOpened(t, options{backend: rawSocket(t, func(net.Conn, *bufio.Reader) { <-gone })}, proxy.Limits{})
	conn, in := b.openRaw(b.alice())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = conn.Write([]byte("\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00"))
		for piece := make([]byte, 64<<10); ; {
			if _, err := conn.Write(piece); err != nil {
				return
			}
		}
	}()
	time.Sleep(50 * time.Millisecond) // as above
	b.revoke()
	bye := string(frames.Close(1008, "revoked", nil))
	if said := until(in, bye); said != bye {
		t.Errorf("the client got %q", said)
	}
	b.none()
	close(gone)
	<-sent
}

func TestATunnelOfAnotherProtocolIsClosedOnBothSides(t *testing.T) {
	ended := make(chan struct{})
	b := newOpened(t, options{backend: answering(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer close(ended)
		defer conn.Close()
		say(t, conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello")
		_, _ = io.ReadAll(rw)
	})}, proxy.Limits{})
	conn := b.dial()
	defer conn.Close()
	say(t, conn, "GET /x HTTP/1.1\r\nHost: app.corp.test\r\nConnection: Upgrade\r\nUpgrade: chat\r\nOrigin: https://app.corp.test\r\n"+b.as(b.alice())+"\r\n")
	in := bufio.NewReader(conn)
	if until(in, "hello"); b.open.Open(proxy.Tunnel) != 1 {
		t.Fatal("there is no tunnel")
	}
	b.revoke()
	if rest, _ := io.ReadAll(in); len(rest) != 0 {
		t.Errorf("the client got %q", rest)
	}
	<-ended
	b.none()
}

func say(t testing.TB, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Error(err)
	}
}
