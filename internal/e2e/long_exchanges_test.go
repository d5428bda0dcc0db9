package e2e_test

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// opens is what a page does that shows news: it opens a WebSocket and an event stream, and writes down how they end.
const opens = `(() => {
	window.seen = {sent: '', socket: '', ticks: 0, events: ''}
	const socket = new WebSocket('ws://' + location.host + '/api/ws')
	socket.onopen = () => socket.send('hello')
	socket.onmessage = e => { seen.sent = e.data }
	socket.onclose = e => { seen.socket = e.code + ' ' + e.reason + ' ' + e.wasClean }
	const events = new EventSource('/api/events')
	events.addEventListener('tick', () => { seen.ticks++ })
	events.onerror = () => { seen.events += events.readyState }
	return true
})()`

// blank adds an application that shows an empty page, without any policy of its own.
func (w *world) blank(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>news</title><h1 id=news>news</h1>")
	}))
	t.Cleanup(s.Close)
	w.upstreams += fmt.Sprintf("  blank: {addresses: [%q]}\n", s.URL)
	w.routes += "  - {path: /blank, upstream: blank}\n"
}

func Test_in_Chromium_WebSocket_and_events_end_when_another_edge_revokes_the_session(t *testing.T) {
	w := newWorld(t)
	w.blank(t)
	f := w.fleet(t, 2, "")
	tab := browser.Start(t).NewTab()
	tab.Open(f.origin + "/blank")
	var begun bool
	tab.Eval(opens, &begun)
	seen := func() (s struct {
		Sent, Socket, Events string
		Ticks                int
	}) {
		tab.Eval("window.seen", &s)
		return s
	}
	f.edges[0].Until("both are open", func() bool { s := seen(); return s.Sent == "hello" && s.Ticks > 0 })
	name := f.edges[0].Events("login_succeeded")[0]["session"].(string)

	out, err := f.edges[1].Command("revoke", "--config", f.edges[1].ConfigFile(), "--session", name)
	if err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	f.edges[0].Until("the WebSocket is closed with a reason", func() bool { return seen().Socket == "1008 revoked true" })
	f.edges[0].Until("the events end, are asked for once more, and stop", func() bool { return strings.HasSuffix(seen().Events, "2") })
	if s := seen(); s.Events != "02" {
		t.Errorf("the event stream went through the states %q, want connecting (0) and closed (2)", s.Events)
	}
	details := ""
	for _, e := range f.edges[0].Events("exchange_cut") {
		details += fmt.Sprintln(e["reason"], e["detail"], e["session"] == name)
	}
	for _, want := range []string{"revoked websocket, route /api true\n", "revoked events, route /api true\n"} {
		if !strings.Contains(details, want) {
			t.Errorf("there is no event %q among\n%s", want, details)
		}
	}
	for _, kind := range []string{"websocket", "events"} {
		if n, _ := f.edges[0].Metric(`edgeauth_exchanges_cut_total{kind="` + kind + `",reason="revoked"}`); n != 1 {
			t.Errorf("%v of the kind %s were counted", n, kind)
		}
		if n, ok := f.edges[0].Metric(`edgeauth_exchanges_open{kind="` + kind + `"}`); n != 0 || !ok {
			t.Errorf("%v of the kind %s are open", n, kind)
		}
	}
}

// startHealth runs a gRPC server that watches nothing in particular, and tells when a call to it has ended.
func startHealth(t *testing.T) (address string, ended <-chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	s := grpc.NewServer(grpc.StreamInterceptor(func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		err := handle(srv, ss)
		done <- err
		return err
	}))
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(s.Stop)
	return "http://" + ln.Addr().String(), done
}

func Test_a_gRPC_stream_ends_as_unauthenticated_when_another_edge_revokes_the_session(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, ended := startHealth(t)
	w.upstreams = fmt.Sprintf("  health: {addresses: [%q], protocol: h2c}\n", address)
	w.routes = "  - {path: /grpc.health.v1.Health, upstream: health}\n"
	f := w.fleet(t, 2, "")
	c := f.login()
	conn, err := grpc.NewClient(strings.TrimPrefix(f.origin, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	watch := func(cookie string) (grpc_health_v1.Health_WatchClient, error) {
		return grpc_health_v1.NewHealthClient(conn).Watch(metadata.AppendToOutgoingContext(ctx, "cookie", cookie), &grpc_health_v1.HealthCheckRequest{})
	}
	cookie := "edgeauth=" + c.Cookie(f.origin, "edgeauth")
	stream, err := watch(cookie)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := stream.Recv(); err != nil || got.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("the first message: %v, %v", got, err)
	}
	out, err := f.edges[1].Command("revoke", "--config", f.edges[1].ConfigFile(), "--provider", "corp", "--subject", "demo-alice")
	if err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	_, err = stream.Recv()
	if s := status.Convert(err); s.Code() != codes.Unauthenticated || !strings.Contains(s.Message(), "revoked") {
		t.Errorf("the stream ended with %v", err)
	}
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("the application's side ended with %v", err)
	}
	again, err := watch(cookie)
	if err == nil {
		_, err = again.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("opened again: %v", err)
	}
}

// dialSocket opens a WebSocket with a browser's session.
func dialSocket(t *testing.T, origin string, c *edgetest.Client) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	var conn *websocket.Conn
	var err error
	o := &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}, "Cookie": {"edgeauth=" + c.Cookie(origin, "edgeauth")}}}
	fips140.WithoutEnforcement(func() { conn, _, err = websocket.Dial(ctx, strings.Replace(origin, "http", "ws", 1)+"/api/ws", o) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// closedWith waits for the end of a WebSocket.
func closedWith(t *testing.T, conn *websocket.Conn) (code websocket.StatusCode, reason string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	_, _, err := conn.Read(ctx)
	var bye websocket.CloseError
	if !errors.As(err, &bye) {
		t.Errorf("the WebSocket ended with %v", err)
	}
	return bye.Code, bye.Reason
}

func Test_a_WebSocket_ends_when_a_changed_configuration_does_not_permit_it(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	kept := dialSocket(t, e.URL, c)
	before := e.Config()
	e.Overwrite(strings.Replace(before, "routes:\n", "routes:\n  - {path: /other, upstream: page}\n", 1))
	e.Hangup()
	e.Until("another route is there", func() bool { return len(e.Events("config_reloaded")) == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	time.Sleep(500 * time.Millisecond) // two looks: it would be gone
	if err := kept.Write(ctx, websocket.MessageText, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := kept.Read(ctx); string(got) != "still here" {
		t.Fatalf("after a change that is not about it: %q, %v", got, err)
	}
	e.Overwrite(strings.Replace(before, "{path: /api, upstream: api}", "{path: /api, upstream: api, groups: [admin]}", 1))
	e.Hangup()
	if code, reason := closedWith(t, kept); code != websocket.StatusPolicyViolation || reason != "selection_old" && reason != "group_missing" {
		t.Errorf("it was closed with %d %q", code, reason)
	}
}

func Test_WebSockets_and_events_are_told_when_their_edge_shuts_down(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	socket := dialSocket(t, e.URL, c)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "edgeauth="+c.Cookie(e.URL, "edgeauth"))
	events, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	e.Terminate()
	if code, reason := closedWith(t, socket); code != websocket.StatusGoingAway || reason != "shutdown" {
		t.Errorf("the WebSocket was closed with %d %q", code, reason)
	}
	if _, err := io.Copy(io.Discard, events.Body); err != nil {
		t.Errorf("the events ended with %v", err)
	}
	if code := e.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := strings.Count(e.Log(), `"cut":"shutdown"`); n != 2 {
		t.Errorf("%d access records tell of it, want 2", n)
	}
}

func Test_WS04_one_person_cannot_take_all_WebSockets_of_an_edge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	greedy, other := edgetest.NewClient(t), edgetest.NewClient(t)
	wantPage(t, greedy.Open(e.URL+"/"))
	wantPage(t, other.Open(e.URL+"/"))
	shake := func(c *edgetest.Client) (code int, conn net.Conn) {
		in := wireTo(t, strings.TrimPrefix(e.URL, "http://"))
		t.Cleanup(func() { _ = in.conn.Close() })
		in.write("GET /api/ws HTTP/1.1\r\nHost: " + strings.TrimPrefix(e.URL, "http://") + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: " + e.URL + "\r\nCookie: edgeauth=" + c.Cookie(e.URL, "edgeauth") + "\r\n\r\n")
		return in.read("GET").StatusCode, in.conn
	}
	answers := map[int]int{}
	var last net.Conn
	for range 150 { // idle from then on
		code, conn := shake(greedy)
		if answers[code]++; code == http.StatusSwitchingProtocols {
			last = conn
		}
	}
	if answers[http.StatusSwitchingProtocols] != 100 || answers[http.StatusTooManyRequests] != 50 {
		t.Fatalf("150 at a time are answered %v; session.max_exchanges is 100", answers)
	}
	if code, _ := shake(other); code != http.StatusSwitchingProtocols {
		t.Errorf("another session's is answered %d", code)
	}
	if n, _ := e.Metric(`edgeauth_exchanges_refused_total{bound="session"}`); n != 50 {
		t.Errorf("%v refusals were counted", n)
	}
	e.Until("the kernel asks whether an idle client is still there", func() bool { return watched(t, last) })
	_ = last.Close() // without a word
	e.Until("what has gone made room", func() bool { code, _ := shake(greedy); return code == http.StatusSwitchingProtocols })
}

// watched reports whether the other end of a connection, on this machine, asks an idle peer now and then whether it is there: TCP keep-alive.
func watched(t *testing.T, conn net.Conn) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	near, far := conn.LocalAddr().(*net.TCPAddr).Port, conn.RemoteAddr().(*net.TCPAddr).Port
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line) // proc_net_tcp: local and remote address, state, queues, and which timer runs
		if len(f) > 5 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", far)) && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", near)) {
			return strings.HasPrefix(f[5], "02:")
		}
	}
	t.Fatal("the connection is not in the kernel's table")
	return false
}
