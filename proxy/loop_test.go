package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestA_request_that_goes_round_by_another_name_ends(t *testing.T) {
	var edge atomic.Pointer[url.URL]
	var rounds atomic.Int64
	forwarder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rounds.Add(1) > 50 {
			http.Error(w, "it goes round for ever", http.StatusTeapot)
			return
		}
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(edge.Load()) }}).ServeHTTP(w, r)
	}))
	t.Cleanup(forwarder.Close)
	b := newBed(t, options{backend: forwarder.URL})
	edge.Store(&url.URL{Scheme: "http", Host: b.addr})

	a := b.get("/public/x")
	if a.StatusCode != http.StatusLoopDetected || rounds.Load() != 4 {
		t.Errorf("status %d after %d rounds, want 508 after 4", a.StatusCode, rounds.Load())
	}
	if !strings.Contains(a.body, "leads in a circle") {
		t.Errorf("the page does not say why: %s", a.body)
	}
}

func TestOther_proxies_in_front_and_a_row_of_edges_are_no_circle(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"", "edgeauth"},
		{"CDN-Loop: cdn.example; hops=3, cdn.example, cdn.example, cdn.example, cdn.example\r\n", "cdn.example; hops=3, cdn.example, cdn.example, cdn.example, cdn.example, edgeauth"},
		{"CDN-Loop: edgeauth\r\nCDN-Loop: cdn.example\r\n", "edgeauth, cdn.example, edgeauth"},
		{"CDN-Loop: edgeauth, EdgeAuth;v=1,edgeauth\r\n", "edgeauth, EdgeAuth;v=1,edgeauth, edgeauth"},
	} {
		b := newBed(t, options{})
		if a := b.get("/public/x", c.lines); a.StatusCode != http.StatusOK {
			t.Errorf("%q: status %d", c.lines, a.StatusCode)
			continue
		}
		if got := b.hit().Variables["HTTP_CDN_LOOP"]; got != c.want {
			t.Errorf("%q: the backend got %q, want %q", c.lines, got, c.want)
		}
	}
}

func TestA_circle_is_refused_before_anything_reaches_the_backend(t *testing.T) {
	for _, lines := range []string{
		"CDN-Loop: edgeauth, edgeauth, edgeauth, edgeauth\r\n",
		strings.Repeat("cdn-loop: EDGEAUTH;v=1\r\n", 4),
		"CDN-Loop: " + strings.Repeat("edgeauth,", 500) + "x\r\n",
	} {
		b := newBed(t, options{})
		if a := b.get("/public/x", lines); a.StatusCode != http.StatusLoopDetected {
			t.Errorf("%.40q: status %d, want 508", lines, a.StatusCode)
		}
		b.untouched()
	}
}
