package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/session"
)

// quiet is an application whose WebSockets, events and calls are there and say nothing more.
func quiet(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/ws":
			closing(make(chan error, 1))(w, r)
		case "/page":
			_, _ = io.WriteString(w, "page")
		default:
			media := "text/event-stream"
			if r.Method == http.MethodPost {
				media = "application/grpc"
			}
			lasting(make(chan struct{}, 1), media, "")(w, r)
		}
	}
}

// tries opens an exchange of each bounded kind as s, nil for nobody, and returns how each is answered. Those that were
// admitted stay open.
func (b *opened) tries(prefix string, s *session.Session) string {
	b.t.Helper()
	ws := b.dial()
	b.t.Cleanup(func() { _ = ws.Close() })
	var cookie string
	if s != nil {
		cookie = b.as(s)
	}
	say(b.t, ws, strings.Replace(handshake, "/api/ws", prefix+"/api/ws", 1)+"Origin: https://app.corp.test\r\n"+cookie+"\r\n")
	first := b.head(ws)

	events := b.as2(http.MethodGet, prefix+"/events", nil, s)
	events.Header.Set("Accept", "text/event-stream")
	untold := b.as2(http.MethodGet, prefix+"/events", nil, s) // what it is shows in the answer
	call := b.as2(http.MethodPost, prefix+"/svc/Watch", strings.NewReader(message("")), s)
	call.Header.Set("Content-Type", "application/grpc")
	status := func(r *http.Request) string {
		res := b.do(r)
		return fmt.Sprint(res.StatusCode, res.Header.Get("Grpc-Status"))
	}
	return fmt.Sprintln(first, status(events), status(untold), status(call))
}

func TestWS04_one_session_opens_only_so_many_WebSockets_event_streams_and_calls(t *testing.T) {
	b := newOpened(t, options{backend: answering(t, quiet(t))}, proxy.Limits{PerSession: 4, Total: 100})
	alice := b.alice()
	if got := b.tries("", alice); got != "101 200 200 200\n" {
		t.Fatalf("within the bound: %s", got)
	}
	twice := *alice
	twice.ID[0]++ // another cookie of the same login
	for _, s := range []*session.Session{alice, &twice} {
		if got := b.tries("", s); got != "429 429 429 20014\n" {
			t.Errorf("beyond it: %s", got)
		}
	}
	if got := b.tries("", b.alice()); got != "101 200 200 200\n" {
		t.Errorf("another login's: %s", got)
	}
	if res := b.do(b.as2(http.MethodGet, "/page", nil, alice)); res.StatusCode != http.StatusOK {
		t.Errorf("a page beyond the bound: %d", res.StatusCode)
	}
	if log := b.access.String(); !strings.Contains(log, `"verdict":"deny","reason":"too_many_exchanges"`) {
		t.Errorf("the records: %s", log)
	}
}

func TestWS04_what_ends_makes_room(t *testing.T) {
	b := newOpened(t, options{backend: answering(t, demo.API().ServeHTTP)}, proxy.Limits{PerSession: 1, Total: 1})
	alice := b.alice()
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		conn, _, err := b.socketTo(ctx, alice)
		if err != nil {
			t.Fatal(err)
		}
		if _, res, err := b.socketTo(ctx, alice); err == nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("the second at a time: %v %v", res, err)
		}
		_ = conn.CloseNow()
		b.none()
		cancel()
	}
}

func TestWS04_an_edge_has_only_so_many_and_nobody_in_particular_half_of_them(t *testing.T) {
	b := newOpened(t, options{backend: answering(t, quiet(t)), routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		r := sheetRoutes(up)
		r[0].StripPrefix = "/public"
		r[4].Policy.Public = true // what the public one leads to
		return r
	}}, proxy.Limits{PerSession: 100, Total: 8})
	if got := b.tries("/public", nil); got != "101 200 200 200\n" {
		t.Fatalf("nobody's first half: %s", got)
	}
	if got := b.tries("/public", nil); got != "503 503 503 20014\n" {
		t.Errorf("nobody's second half: %s", got)
	}
	if got := b.tries("", b.alice()); got != "101 200 200 200\n" {
		t.Errorf("somebody's: %s", got)
	}
	if got := b.tries("", b.root()); got != "503 503 503 20014\n" {
		t.Errorf("where there is no room left: %s", got)
	}
}
