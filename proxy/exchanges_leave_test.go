package proxy_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/session"
)

// gone waits until nothing is open, as an edge does before it ends.
func (b *opened) gone() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), limit)
	defer cancel()
	if b.open.Wait(ctx); ctx.Err() != nil {
		b.t.Error("something is still open")
	}
}

// talking opens a WebSocket that has said something and heard it.
func (b *opened) talking(ctx context.Context, s *session.Session) *websocket.Conn {
	b.t.Helper()
	conn, _, err := b.socketTo(ctx, s)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		b.t.Fatal(err)
	}
	if _, _, err := conn.Read(ctx); err != nil {
		b.t.Fatal(err)
	}
	return conn
}

func TestAWebSocketIsToldOnBothSidesThatItsEdgeGoesAway(t *testing.T) {
	told := make(chan error, 1)
	for name, o := range protocols(t, closing(told)) {
		t.Run(name, func(t *testing.T) {
			b := newOpened(t, o, proxy.Limits{})
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			conn := b.talking(ctx, b.alice())
			b.open.Leave(time.Hour) // which is not waited for
			_, _, err := conn.Read(ctx)
			wantClosed(t, "the client's", err, websocket.StatusGoingAway, "shutdown")
			wantClosed(t, "the backend's", <-told, websocket.StatusGoingAway, "shutdown")
			b.gone()
			if strings.Contains(b.audit.String(), "exchange_cut") {
				t.Errorf("the audit log takes it for a decision: %s", b.audit.String())
			}
		})
	}
}

func TestAWebSocketThatBeginsWhileItsEdgeShutsDownIsToldAsWell(t *testing.T) {
	told := make(chan error, 1)
	b := newOpened(t, options{backend: answering(t, closing(told))}, proxy.Limits{})
	b.open.Leave(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn, _, err := b.socketTo(ctx, b.alice())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	_, _, err = conn.Read(ctx)
	wantClosed(t, "the client's", err, websocket.StatusGoingAway, "shutdown")
	wantClosed(t, "the backend's", <-told, websocket.StatusGoingAway, "shutdown")
	b.gone()
}

func TestAWebSocketWhoseRouteLeadsElsewhereNowIsToldToComeAgain(t *testing.T) {
	told := make(chan error, 1)
	b := newOpened(t, options{backend: answering(t, closing(told))}, proxy.Limits{})
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn := b.talking(ctx, b.alice())
	b.open.Use(proxy.Limits{}, b.configured(sheetRoutes(b.up)[:4]))
	_, _, err := conn.Read(ctx)
	wantClosed(t, "the client's", err, websocket.StatusGoingAway, "no_route")
	wantClosed(t, "the backend's", <-told, websocket.StatusGoingAway, "no_route")
	b.gone()
}

func TestAnEventStreamJustEndsWhenItsEdgeShutsDown(t *testing.T) {
	left := make(chan struct{}, 1)
	everyWay(t, lasting(left, "text/event-stream", "data: one\n\n"), func(t *testing.T, b *opened) {
		res := b.do(b.as2(http.MethodGet, "/api/events", nil, b.alice()))
		in := bufio.NewReader(res.Body)
		until(in, "one\n\n")
		b.open.Leave(time.Hour)
		if rest, err := io.ReadAll(in); len(rest) != 0 || err != nil {
			t.Errorf("it ended with %q, %v", rest, err)
		}
		<-left
		b.gone()
	})
}

func TestAGRPCStreamEndsAsUnavailableWhenItsEdgeShutsDown(t *testing.T) {
	left := make(chan struct{}, 1)
	o := protocols(t, lasting(left, "application/grpc+proto", message("one")))["h2c"]
	o.serve = http2
	b := newOpened(t, o, proxy.Limits{})
	res := b.do(b.callTo("application/grpc+proto", strings.NewReader(message("go"))))
	in := bufio.NewReader(res.Body)
	until(in, message("one"))
	b.open.Leave(0)
	rest, err := io.ReadAll(in)
	if len(rest) != 0 || err != nil || res.Trailer.Get("Grpc-Status") != "14" || !strings.Contains(res.Trailer.Get("Grpc-Message"), "shutdown") {
		t.Errorf("it ended with %q, %v, trailers %v", rest, err, res.Trailer)
	}
	<-left
	b.gone()
}

func TestWhatMayEndByItselfGetsItsTimeWhenItsEdgeShutsDown(t *testing.T) {
	inHall(t, options{}, nil, func(h *hall) {
		ended, _ := h.begins(h.request("/x", h.alice()))
		h.open.Leave(30 * time.Second)
		h.holds("within the time", ended, 27*time.Second)
		select {
		case <-ended:
		case <-time.After(3 * time.Second):
			t.Error("it is not told before the time is over")
			h.fail()
			<-ended
		}
	})
}

func TestALongPollIsToldToComeAgainWhenItsEdgeShutsDown(t *testing.T) {
	asked := make(chan struct{}, 1)
	everyWay(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}), func(t *testing.T, b *opened) {
		go func() { <-asked; b.open.Leave(0) }()
		res := b.do(b.as2(http.MethodGet, "/poll", nil, b.alice()))
		body, err := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "restarted") || err != nil {
			t.Errorf("got %d %s, %v", res.StatusCode, body, err)
		}
		b.gone()
	})
}

// The race detector tells whether an exchange is on the list before it can be cut.
func TestAnExchangeMayBeCutAtTheMomentThatItBegins(t *testing.T) {
	inHall(t, options{}, nil, func(h *hall) {
		h.open.Leave(0)
		for range 100 {
			h.front.ServeHTTP(httptest.NewRecorder(), h.request("/x", h.alice()).WithContext(h.over))
		}
		if n := h.cuts.Load(); n != 100 {
			t.Errorf("%d of 100 were cut", n)
		}
	})
}

func TestSessionsStillEndWhatIsOpenWhileAnEdgeShutsDown(t *testing.T) {
	inHall(t, options{routes: sensitive}, nil, func(h *hall) {
		ended, _ := h.begins(h.request("/x", h.alice()))
		h.open.Leave(time.Hour)
		st := raisedBy(h.clock.now())
		h.log.set(st)
		h.ends("a raised level", ended, policy.Raised)
	})
}
