package proxy_test

import (
	"bufio"
	"context"
	"crypto/fips140"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/proxy"
)

const handshake = "GET /api/ws HTTP/1.1\r\nHost: app.corp.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

func TestWS01_long_exchanges_need_a_session(t *testing.T) {
	b := newBed(t, options{})
	for what, raw := range map[string]string{
		"WebSocket": handshake + "Origin: https://app.corp.test\r\n\r\n", "WebSocket of a stranger": handshake + "\r\n",
		"events": "GET /api/events HTTP/1.1\r\nHost: app.corp.test\r\nAccept: text/event-stream\r\nSec-Fetch-Mode: cors\r\n\r\n",
	} {
		if a := b.send(raw); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", what, a.StatusCode)
		}
	}
	b.untouched()
	r := httptest.NewRequest(http.MethodConnect, "/api/ws", nil)
	r.Header[":protocol"] = []string{"websocket"} // as net/http hands an extended CONNECT over (RFC 8441)
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusNotImplemented {
		t.Errorf("extended CONNECT: got %d, want 501", rec.Code)
	}
	b.untouched()
}

func TestWS02_only_pages_of_the_origin_and_those_allowed_open_WebSockets_with_a_session(t *testing.T) {
	for _, tt := range []struct {
		allow  []string
		origin string
		want   int
	}{
		{nil, "https://app.corp.test", 101}, {nil, "https://evil.test", 403}, {nil, "https://blog.corp.test", 403}, {nil, "null", 403}, {nil, "https://app.corp.test.evil.test", 403},
		{nil, "http://app.corp.test", 403}, {nil, "", 403}, {[]string{"https://partner.test"}, "https://partner.test", 101}, {[]string{"https://partner.test"}, "", 403},
		{[]string{proxy.NoOrigin}, "", 101}, {[]string{proxy.NoOrigin}, "none", 403},
	} {
		b := newBed(t, options{backend: answering(t, socket), routes: func(up *proxy.Upstream) []proxy.RouteConfig {
			r := sheetRoutes(up)
			r[4].AllowOrigins = tt.allow
			return r
		}})
		line := ""
		if tt.origin != "" {
			line = "Origin: " + tt.origin + "\r\n"
		}
		if a := b.open(handshake + line + b.as(b.alice()) + "\r\n"); a.StatusCode != tt.want {
			t.Errorf("origin %q with %q allowed: got %d, want %d", tt.origin, tt.allow, a.StatusCode, tt.want)
		}
	}
}

// socket switches to WebSocket and says nothing more.
func socket(w http.ResponseWriter, r *http.Request) {
	fips140.WithoutEnforcement(func() { // SHA-1, which guards nothing here
		if conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}); err == nil {
			_ = conn.CloseNow()
		}
	})
}

// open reads only the head of an answer.
func (b *bed) open(raw string) answer {
	b.t.Helper()
	conn := b.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		b.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = res.Body.Close()
	return answer{Response: res}
}

func TestDS13_no_tunnel_without_a_true_handshake(t *testing.T) {
	b := newBed(t, options{backend: answering(t, socket)})
	good := handshake + "Origin: https://app.corp.test\r\n" + b.as(b.alice()) + "\r\n"
	for _, change := range [][2]string{{"Version: 13", "Version: 777"}, {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""}, {"Key: dGhl", "Key: "}, {"GET", "POST"}} {
		if a := b.open(strings.Replace(good, change[0], change[1], 1)); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d, want 400", change, a.StatusCode)
		}
	}
	for what, backend := range map[string]http.HandlerFunc{
		"wrong accept": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
		"other protocol": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "tunnel")
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
	} {
		b := newBed(t, options{backend: answering(t, backend)})
		if a := b.open(handshake + "Origin: https://app.corp.test\r\n" + b.as(b.alice()) + "\r\n"); a.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: got %d, want 502", what, a.StatusCode)
		}
	}
	b = newBed(t, options{backend: answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUpgradeRequired) })})
	conn := b.dial()
	defer conn.Close()
	raw := handshake + "Origin: https://app.corp.test\r\n" + b.as(b.alice()) + "\r\nGET /admin/x HTTP/1.1\r\nHost: app.corp.test\r\nAccept: text/html\r\n\r\n"
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if a := b.receive(in, raw); a.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("got %d, want the backend's 426", a.StatusCode)
	}
	if a := b.receive(in, raw); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the request behind it got %d, want the login", a.StatusCode)
	}
}

func TestMessages_cross_a_WebSocket_both_ways(t *testing.T) {
	for name, o := range protocols(t, demo.API()) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, o)
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			var conn *websocket.Conn
			var res *http.Response
			var err error
			o := &websocket.DialOptions{Host: publicHost, HTTPHeader: http.Header{
				"Origin": {"https://app.corp.test"}, "Cookie": {"__Host-edgeauth=" + b.value(b.alice())},
			}}
			fips140.WithoutEnforcement(func() { conn, res, err = websocket.Dial(ctx, "ws://"+b.addr+"/api/ws", o) })
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			if len(res.Header["Set-Cookie"]) != 0 {
				t.Errorf("the upgrade set a cookie")
			}
			for _, text := range []string{"hello", strings.Repeat("x", 30_000)} {
				if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
					t.Fatal(err)
				}
				if _, got, err := conn.Read(ctx); err != nil || string(got) != text {
					t.Fatalf("got %d bytes back, %v", len(got), err)
				}
			}
			if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
		})
	}
}
