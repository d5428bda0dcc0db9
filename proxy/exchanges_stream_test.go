package proxy_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/session"
)

// as2 is a request of a session on whatever the edge's server speaks.
func (b *opened) as2(method, target string, body io.Reader, s *session.Session) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.edge.URL+target, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Host = publicHost
	if s != nil {
		req.Header.Set("Cookie", "__Host-edgeauth="+b.value(s))
	}
	return req
}

func (b *opened) do(req *http.Request) *http.Response {
	b.t.Helper()
	res, err := b.edge.Client().Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// edges are the ways in which clients reach an edge.
func edges() map[string]func(http.Handler) *httptest.Server {
	return map[string]func(http.Handler) *httptest.Server{"HTTP/1.1": nil, "HTTP/2": http2}
}

// everyWay runs a test with each protocol on both sides of the edge.
func everyWay(t *testing.T, backend http.Handler, test func(t *testing.T, b *opened)) {
	for name, o := range protocols(t, backend) {
		for client, serve := range edges() {
			t.Run(client+" to "+name, func(t *testing.T) {
				o.serve = serve
				test(t, newOpened(t, o, proxy.Limits{}))
			})
		}
	}
}

// lasting is an application whose answers begin and do not end; it tells when the edge has left.
func lasting(left chan<- struct{}, media, first string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 { // an HTTP/1.1 server stops reading a request when it begins to answer
			_, _ = io.Copy(io.Discard, r.Body)
		}
		w.Header().Set("Content-Type", media)
		_, _ = io.WriteString(w, first)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		left <- struct{}{}
	}
}

func TestAnEventStreamJustEndsAndIsNotOpenedAgain(t *testing.T) {
	left := make(chan struct{}, 1)
	everyWay(t, lasting(left, "text/event-stream", "data: one\n\ndata: ha"), func(t *testing.T, b *opened) {
		s := b.alice()
		res := b.do(b.as2(http.MethodGet, "/api/events", nil, s))
		in := bufio.NewReader(res.Body)
		if got := until(in, "ha"); got != "data: one\n\ndata: ha" || b.open.Open(proxy.Events) != 1 {
			t.Fatalf("got %q; %d event streams are open", got, b.open.Open(proxy.Events))
		}
		b.revoke()
		if rest, err := io.ReadAll(in); len(rest) != 0 || err != nil {
			t.Errorf("it ended with %q, %v; want the end of the stream and nothing of the edge's own", rest, err)
		}
		<-left
		b.none()
		if res := b.do(b.as2(http.MethodGet, "/api/events", nil, s)); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("opened again it is answered with %d", res.StatusCode)
		}
	})
}

func TestAnAnswerThatIsCutShowsThatSomethingIsMissing(t *testing.T) {
	left := make(chan struct{}, 1)
	everyWay(t, lasting(left, "application/octet-stream", "part"), func(t *testing.T, b *opened) {
		res := b.do(b.as2(http.MethodGet, "/x", nil, b.alice()))
		in := bufio.NewReader(res.Body)
		until(in, "part")
		b.revoke()
		if rest, err := io.ReadAll(in); err == nil || len(rest) != 0 {
			t.Errorf("it ended with %q, %v; want an error", rest, err)
		}
		<-left
		b.none()
	})
}

func TestALongPollThatIsCutIsAnsweredAsIfItCameNow(t *testing.T) {
	left, asked := make(chan struct{}, 1), make(chan struct{}, 1)
	everyWay(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		left <- struct{}{}
	}), func(t *testing.T, b *opened) {
		s := b.alice()
		go func() { <-asked; b.revoke() }()
		res := b.do(b.as2(http.MethodGet, "/poll", nil, s))
		body, err := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusUnauthorized || !strings.Contains(string(body), `"reason":"revoked"`) || err != nil {
			t.Errorf("got %d %s, %v", res.StatusCode, body, err)
		}
		<-left
		b.none()
		if log := b.access.String(); !strings.Contains(log, `"verdict":"login","reason":"revoked"`) || !strings.Contains(log, `"cut":"revoked"`) {
			t.Errorf("the record: %s", log)
		}
	})
}

func TestAnUploadThatIsCutIsAnsweredThoughItsClientStillSends(t *testing.T) {
	left, asked := make(chan struct{}, 1), make(chan struct{}, 1)
	everyWay(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 4))
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
		left <- struct{}{}
	}), func(t *testing.T, b *opened) {
		body, send := io.Pipe()
		defer send.Close()
		go func() { _, _ = io.WriteString(send, "part") }()
		go func() { <-asked; b.revoke() }()
		res, err := b.edge.Client().Do(b.as2(http.MethodPost, "/upload", body, b.alice()))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %d", res.StatusCode)
		}
		<-left
		b.none()
	})
}

// message is one of gRPC.
func message(text string) string {
	return string(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text))), text...))
}

// callTo is a gRPC call.
func (b *opened) callTo(media string, body io.Reader) *http.Request {
	req := b.as2(http.MethodPost, "/svc/Watch", body, b.alice())
	req.Header.Set("Content-Type", media)
	req.Header.Set("Te", "trailers")
	return req
}

func TestAGRPCStreamEndsWithUnauthenticatedInItsTrailers(t *testing.T) {
	left := make(chan struct{}, 1)
	for name, o := range protocols(t, lasting(left, "application/grpc+proto", message("one"))) {
		if strings.HasSuffix(name, "http1") {
			continue // answers do not begin there before the request has ended
		}
		t.Run(name, func(t *testing.T) {
			o.serve = http2
			b := newOpened(t, o, proxy.Limits{})
			body, send := io.Pipe() // the client's side of the stream is open, too
			defer send.Close()
			go func() { _, _ = io.WriteString(send, message("go")) }()
			res := b.do(b.callTo("application/grpc+proto", body))
			in := bufio.NewReader(res.Body)
			if until(in, message("one")); b.open.Open(proxy.GRPC) != 1 {
				t.Fatal("it is not counted as a call")
			}
			b.revoke()
			rest, err := io.ReadAll(in)
			if len(rest) != 0 || err != nil || res.Trailer.Get("Grpc-Status") != "16" || !strings.Contains(res.Trailer.Get("Grpc-Message"), "revoked") {
				t.Errorf("it ended with %q, %v, trailers %v", rest, err, res.Trailer)
			}
			<-left
			b.none()
		})
	}
}

func TestAGRPCMessageOnItsWayArrivesBeforeTheStatus(t *testing.T) {
	begun := make(chan struct{})
	var b *opened
	backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		out := http.NewResponseController(w)
		whole := message("message")
		_, _ = io.WriteString(w, whole[:8])
		_ = out.Flush()
		<-begun
		for b.open.Cutting() == 0 && r.Context().Err() == nil {
		}
		_, _ = io.WriteString(w, whole[8:]+message("late"))
		_ = out.Flush()
		<-r.Context().Done()
	})
	o := protocols(t, backend)["h2c"]
	o.serve = http2
	b = newOpened(t, o, proxy.Limits{})
	res := b.do(b.callTo("application/grpc", strings.NewReader(message(""))))
	in := bufio.NewReader(res.Body)
	until(in, message("message")[:8])
	b.revoke()
	close(begun)
	rest, err := io.ReadAll(in)
	if string(rest) != message("message")[8:] || err != nil || res.Trailer.Get("Grpc-Status") != "16" {
		t.Errorf("it ended with %q, %v, trailers %v", rest, err, res.Trailer)
	}
	b.none()
}

func TestAGRPCMessageThatDoesNotEndIsBrokenOff(t *testing.T) {
	left := make(chan struct{}, 1)
	o := protocols(t, lasting(left, "application/grpc", message("message")[:8]))["h2c"]
	o.serve = http2
	b := newOpened(t, o, proxy.Limits{})
	res := b.do(b.callTo("application/grpc", strings.NewReader(message(""))))
	in := bufio.NewReader(res.Body)
	until(in, message("message")[:8])
	b.revoke()
	if rest, err := io.ReadAll(in); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("it ended with %q, %v; want a reset", rest, err)
	}
	<-left
	b.none()
}

func TestAGRPCWebStreamEndsWithTheStatusInItsLastMessage(t *testing.T) {
	left := make(chan struct{}, 1)
	everyWay(t, lasting(left, "application/grpc-web+proto", message("one")), func(t *testing.T, b *opened) {
		res := b.do(b.callTo("application/grpc-web+proto", strings.NewReader(message(""))))
		in := bufio.NewReader(res.Body)
		until(in, message("one"))
		b.revoke()
		rest, err := io.ReadAll(in)
		if len(rest) < 5 || rest[0] != 0x80 || int(binary.BigEndian.Uint32(rest[1:])) != len(rest)-5 || err != nil ||
			!strings.HasPrefix(string(rest[5:]), "grpc-status: 16\r\ngrpc-message: ") {
			t.Errorf("it ended with %q, %v", rest, err)
		}
		<-left
		b.none()
	})
}

func TestDownloadsAreWhole(t *testing.T) {
	everyWay(t, demo.API(), func(t *testing.T, b *opened) {
		res := b.do(b.as2(http.MethodGet, "/api/download?bytes=100000", nil, b.alice()))
		if got, err := io.ReadAll(res.Body); len(got) != 100_000 || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		b.none()
	})
}

// Reading a request behind its end, as the transport does, once met net/http's having closed it, which broke off one such
// answer in a few hundred.
func TestAnAnswerThatBeginsAtOnceIsWhole(t *testing.T) {
	b := newOpened(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "one")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Millisecond) // longer than a connection takes to be closed
		_, _ = io.WriteString(w, "two")
	})}, proxy.Limits{})
	s := b.alice()
	for range 500 {
		res := b.do(b.as2(http.MethodPost, "/x", strings.NewReader("hello"), s))
		if got, err := io.ReadAll(res.Body); string(got) != "onetwo" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}
