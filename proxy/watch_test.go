package proxy_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// watcher finds nothing wrong, and counts how often it is asked. Places, programs and the ciphers of a hello tell visits
// apart.
type watcher struct{ assessed atomic.Int64 }

func (*watcher) Digest(v *risk.Visit) risk.Digest {
	_, ciphers, _ := strings.Cut(v.JA4, "_")
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s", v.Address, v.Header.Get("User-Agent"), ciphers))
	return risk.Digest(sum[:8])
}

func (w *watcher) Assess(context.Context, risk.Visit) risk.Finding {
	w.assessed.Add(1)
	return risk.Finding{HistoryKnown: true}
}

// visit sends a request of a session from a client and returns the session cookie that the browser has then.
func (b *bed) visit(cookie, agent, ja4, target string, h http.Header) string {
	r := httptest.NewRequestWithContext(web.WithRecord(b.t.Context(), &web.Record{
		RequestID: "ABCDEFGHIJKLMNOP", Client: netip.MustParseAddr("192.0.2.1"), JA4: ja4,
	}), http.MethodGet, "https://"+publicHost+target, nil)
	r.RequestURI, r.RemoteAddr = target, "192.0.2.1:1234"
	for name, values := range h {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Cookie", "__Host-edgeauth="+cookie)
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "__Host-edgeauth" {
			return c.Value
		}
	}
	return cookie
}

func watched(t *testing.T) (*bed, *watcher) {
	w := &watcher{}
	return newBed(t, options{handler: func(o *proxy.Options) { o.Watch = w }}), w
}

// begun is a session of alice whose login was seen from a client.
func (b *bed) begun(w *watcher, agent, ja4 string) *session.Session {
	s := b.alice()
	v := risk.Visit{Address: netip.MustParseAddr("192.0.2.1"), Header: http.Header{"User-Agent": {agent}}, JA4: ja4}
	s.Signals = w.Digest(&v)
	return s
}

const (
	ofPages      = "t13d1516h2_8daaf6152771"
	ofWebSockets = "t13d1515h1_8daaf6152771"
)

func TestAPageThatOpensWebSocketsHasNotMoved(t *testing.T) {
	b, w := watched(t)
	cookie := b.value(b.begun(w, "browser", ofPages))
	for range 5 {
		cookie = b.visit(cookie, "browser", ofPages, "/", nil)
		cookie = b.visit(cookie, "browser", ofWebSockets, "/", http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Origin": {"https://evil.test"},
		})
	}
	if n := w.assessed.Load(); n != 0 {
		t.Errorf("assessed %d times", n)
	}
}

// Each assessment reads and writes the store.
func TestASessionThatMovesWithEveryRequestIsAssessedAtABoundedRate(t *testing.T) {
	b, w := watched(t)
	for name, next := range map[string]func(kept, given string) string{
		"its cookie stays":  func(kept, _ string) string { return kept },
		"its cookie is new": func(_, given string) string { return given },
	} {
		t.Run(name, func(t *testing.T) {
			w.assessed.Store(0)
			cookie := b.value(b.begun(w, "browser", ofPages))
			for i := range 100 {
				cookie = next(cookie, b.visit(cookie, fmt.Sprint("client ", i), ofPages, "/", nil))
			}
			if n := w.assessed.Load(); n < 2 || n > 20 {
				t.Errorf("100 moves were assessed %d times, want 20 at most", n)
			}
			before := w.assessed.Load()
			b.clock.advance(10 * time.Second)
			for i := range 100 {
				cookie = next(cookie, b.visit(cookie, fmt.Sprint("client ", i), ofPages, "/", nil))
			}
			if n := w.assessed.Load() - before; n != 1 {
				t.Errorf("ten seconds later 100 moves were assessed %d times, want once", n)
			}
		})
	}
}

func TestASessionThatHasEndedIsNotAssessedOnAPublicRoute(t *testing.T) {
	for name, end := range map[string]func(*bed){
		"it was revoked":  func(b *bed) { b.log.set(revocation.Standing{Vouched: true, Revoked: true}) },
		"it was idle":     func(b *bed) { b.clock.advance(idle) },
		"it is not known": func(b *bed) { b.log.set(revocation.Standing{}) },
	} {
		t.Run(name, func(t *testing.T) {
			b, w := watched(t)
			cookie := b.value(b.begun(w, "browser", ofPages))
			b.visit(cookie, "another", ofPages, "/public/", nil)
			if n := w.assessed.Load(); n != 1 {
				t.Fatalf("while it lived it was assessed %d times, want once", n)
			}
			end(b)
			b.visit(cookie, "a third", ofPages, "/public/", nil)
			if n := w.assessed.Load(); n != 1 {
				t.Errorf("assessed %d times", n-1)
			}
		})
	}
}
