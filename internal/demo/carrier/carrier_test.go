package carrier_test

import (
	"bufio"
	"context"
	"crypto/fips140"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/internal/demo/carrier"
	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/web"
)

const limit = 30 * time.Second

// bed is a carrier in front of something that stands for the edge.
type bed struct {
	t    testing.TB
	url  string
	last atomic.Pointer[http.Request] // that reached the edge
}

func newBed(t testing.TB, edge http.Handler) *bed {
	t.Helper()
	b := &bed{t: t}
	ctx, end := context.WithCancel(t.Context())
	back := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.last.Store(r.Clone(context.Background()))
		edge.ServeHTTP(w, r)
	}))
	back.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	back.Start()
	front := httptest.NewServer(carrier.New(back.Listener.Addr().String()))
	t.Cleanup(func() { end(); front.Close(); back.Close() })
	b.url = front.URL
	return b
}

var quiet = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// send writes a request's lines as they are.
func (b *bed) send(lines ...string) *http.Response {
	b.t.Helper()
	u, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, limit)
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	fmt.Fprintf(conn, "%s\r\nConnection: close\r\n\r\n", strings.Join(lines, "\r\n"))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// from is the address that the edge takes for the client's, when it trusts this machine.
func (b *bed) from() netip.Addr {
	return web.NewClients([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}).Of(b.last.Load())
}

// address is a city's.
func address(t testing.TB, id string) netip.Addr {
	t.Helper()
	city, known := places.Find(id)
	if !known {
		t.Fatalf("there is no %s", id)
	}
	return city.Addr()
}

func TestWhoHasChosenNothingIsInBerlinAndWhoHasIsThere(t *testing.T) {
	b := newBed(t, quiet)
	for cookie, city := range map[string]string{
		"": "berlin", "Cookie: a=b": "berlin", "Cookie: edgeauth-demo-place=tokyo": "tokyo", "Cookie: a=b; edgeauth-demo-place=sao-paulo; c=d": "sao-paulo",
		"Cookie: edgeauth-demo-place=atlantis": "berlin", "Cookie: edgeauth-demo-place=203.0.113.9": "berlin", "Cookie: edgeauth-demo-place=": "berlin",
	} {
		lines := []string{"GET / HTTP/1.1", "Host: x"}
		if cookie != "" {
			lines = append(lines, cookie)
		}
		b.send(lines...)
		if got := b.from(); got != address(t, city) {
			t.Errorf("%q is at %v, want %s", cookie, got, city)
		}
	}
}

// XF-01, XF-05
func TestXF_01_XF_05_WhatABrowserSaysOfItsAddressIsNotBelieved(t *testing.T) {
	b := newBed(t, quiet)
	for _, spoof := range []string{
		"X-Forwarded-For: 203.0.113.9", "x-forwarded-for: 127.0.0.1", "X-Forwarded-For: 203.0.113.9, 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1",
		"X-Forwarded-For: \r\nForwarded: for=203.0.113.9", "X-Real-Ip: 203.0.113.9", "True-Client-Ip: 203.0.113.9", "X_Forwarded_For: 203.0.113.9",
		"Connection: X-Forwarded-For\r\nX-Forwarded-For: 203.0.113.9", "X-Forwarded-For : 203.0.113.9",
	} {
		b.last.Store(nil)
		res := b.send("GET / HTTP/1.1", "Host: x", spoof)
		if b.last.Load() == nil && res.StatusCode == http.StatusBadRequest {
			continue // refused before it got anywhere
		}
		if got := b.from(); got != address(t, "berlin") {
			t.Errorf("%q: the edge sees %v", spoof, got)
		}
	}
}

func TestOnlyTheCarriersOwnCookieIsTakenOut(t *testing.T) {
	b := newBed(t, quiet)
	for sent, want := range map[string]string{
		"edgeauth-demo-place=tokyo":                  "",
		"a=b; edgeauth-demo-place=tokyo; c=\"d e\"":  "a=b; c=\"d e\"",
		"edgeauth=v1.x; edgeauth-demo-placebo=1":     "edgeauth=v1.x; edgeauth-demo-placebo=1",
		"a=1; a=2;edgeauth-demo-place=x; flag; b==c": "a=1; a=2; flag; b==c",
	} {
		b.send("GET / HTTP/1.1", "Host: x", "Cookie: "+sent)
		if got := strings.Join(b.last.Load().Header["Cookie"], "|"); got != want {
			t.Errorf("%q became %q, want %q", sent, got, want)
		}
	}
}

func TestEverythingElseReachesTheEdgeAsItCame(t *testing.T) {
	b := newBed(t, quiet)
	for _, target := range []string{"/", "/a%2Fb", "//x", "/a/../b", "/%41", "/a;b", "/.edgeauth/login?rd=%2Fx%3Fy", "/x?a=1;b=2&c=%zz", "/x?", "/demo-place/"} {
		b.send("GET "+target+" HTTP/1.1", "Host: App.Example:81", "User-Agent: curl/8", "Origin: http://evil.test")
		got := b.last.Load()
		if got.RequestURI != target || got.Host != "App.Example:81" || got.UserAgent() != "curl/8" || got.Header.Get("Origin") != "http://evil.test" {
			t.Errorf("%s became %s at %s with %v", target, got.RequestURI, got.Host, got.Header)
		}
	}
}

// choose posts a place as a page of an origin does.
func (b *bed) choose(city string, header ...string) *http.Response {
	form := url.Values{"city": {city}}.Encode()
	return b.send(append([]string{"POST " + carrier.Path + " HTTP/1.1", "Host: 127.0.0.1:8080", "Content-Type: application/x-www-form-urlencoded",
		fmt.Sprintf("Content-Length: %d", len(form))}, append(header, "Connection: close", "", form)...)...)
}

func TestAPlaceIsChosenByAFormOfTheSameOriginAlone(t *testing.T) {
	b := newBed(t, quiet)
	for header, want := range map[string]int{
		"Origin: http://127.0.0.1:8080": 303, "Sec-Fetch-Site: same-origin": 303, "Origin: http://127.0.0.1:9999": 403, "Origin: null": 403,
		"Sec-Fetch-Site: cross-site": 403, "Sec-Fetch-Site: same-site": 403,
	} {
		res := b.choose("tokyo", header)
		if res.StatusCode != want || (want == 303) != (len(res.Cookies()) == 1) {
			t.Errorf("%s: %d with %v, want %d", header, res.StatusCode, res.Header, want)
		}
	}
	res := b.choose("tokyo")
	if set := res.Header.Get("Set-Cookie"); set != "edgeauth-demo-place=tokyo; Path=/; HttpOnly; SameSite=Lax" || res.Header.Get("Location") != "/" {
		t.Errorf("%d: %v", res.StatusCode, res.Header)
	}
	if res := b.choose("atlantis"); res.StatusCode != http.StatusBadRequest || len(res.Cookies()) != 0 {
		t.Errorf("Atlantis: %d", res.StatusCode)
	}
	if res := b.choose(strings.Repeat("x", 1<<16)); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a large form: %d", res.StatusCode)
	}
	if res := b.send("GET /demo-place?city=tokyo HTTP/1.1", "Host: x"); res.StatusCode != http.StatusMethodNotAllowed || len(res.Cookies()) != 0 {
		t.Errorf("by a GET: %d", res.StatusCode)
	}
	if b.last.Load() != nil {
		t.Error("a choice reached the edge")
	}
}

func TestAWebSocketPasses(t *testing.T) {
	b := newBed(t, demo.API())
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var c *websocket.Conn
	var err error
	fips140.WithoutEnforcement(func() { // SHA-1 of the handshake
		c, _, err = websocket.Dial(ctx, b.url+"/api/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {"edgeauth-demo-place=tokyo"}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	for _, message := range []string{"one", "two"} {
		if err := c.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != message {
			t.Errorf("%q came back as %q, %v", message, got, err)
		}
	}
	if b.from() != address(t, "tokyo") {
		t.Errorf("it comes from %v", b.from())
	}
}

// The edge waits with the rest until the first event was read: a carrier that collected them would wait for ever.
func TestEventsArriveWhileTheAnswerGoesOn(t *testing.T) {
	seen := make(chan struct{})
	b := newBed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "11") // ReverseProxy flushes by itself what has no length
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-seen:
			_, _ = io.WriteString(w, "last\n")
		case <-r.Context().Done():
		}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	if first, err := lines.ReadString('\n'); err != nil || first != "first\n" {
		t.Fatalf("%q, %v", first, err)
	}
	close(seen)
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "last\n" {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestAnEdgeThatIsAwayIsSaidSo(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	w := httptest.NewRecorder()
	carrier.New(nobody.Addr().String()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "edge") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}
