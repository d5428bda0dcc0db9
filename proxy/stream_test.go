package proxy_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/proxy"
)

// protocols are beds before a backend in each protocol that the edge speaks to upstreams. Servers of HTTP/2 speak
// HTTP/1.1 as well, as WebSockets need.
func protocols(t testing.TB, h http.Handler) map[string]options {
	plain := httptest.NewServer(h)
	h2c := httptest.NewUnstartedServer(h)
	h2c.Config.Protocols = new(http.Protocols)
	h2c.Config.Protocols.SetHTTP1(true)
	h2c.Config.Protocols.SetUnencryptedHTTP2(true)
	h2c.Start()
	secure := httptest.NewUnstartedServer(h)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	t.Cleanup(func() { plain.Close(); h2c.Close(); secure.Close() })
	over := func(p proxy.Protocol) func(*proxy.UpstreamConfig) {
		return func(c *proxy.UpstreamConfig) { c.Protocol, c.Roots = p, roots }
	}
	return map[string]options{
		"http1": {backend: plain.URL}, "h2c": {backend: h2c.URL, upstream: over(proxy.H2C)},
		"tls auto": {backend: secure.URL, upstream: over(proxy.Auto)}, "tls http1": {backend: secure.URL, upstream: over(proxy.HTTP1)}, "tls h2": {backend: secure.URL, upstream: over(proxy.H2)},
	}
}

func TestEach_protocol_reaches_the_backend_as_configured(t *testing.T) {
	want := map[string]string{"http1": "HTTP/1.1", "h2c": "HTTP/2.0", "tls auto": "HTTP/2.0", "tls http1": "HTTP/1.1", "tls h2": "HTTP/2.0"}
	for name, o := range protocols(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.Host+" "+r.Header.Get("X-Auth-User")+" "+r.RequestURI)
	})) {
		b := newBed(t, o)
		if a := b.get("/a%2Bb/+?q=1", b.as(b.alice())); a.body != want[name]+" "+publicHost+" alice /a%2Bb/+?q=1" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

func TestThe_host_can_be_rewritten_for_an_upstream(t *testing.T) {
	b := newBed(t, options{upstream: func(c *proxy.UpstreamConfig) { c.RewriteHost = true }})
	b.get("/public/x")
	if v := b.hit().Variables; v["HTTP_HOST"] == publicHost || v["HTTP_X_FORWARDED_HOST"] != publicHost {
		t.Errorf("the backend saw %v", v)
	}
}

// noise is a stream of bytes that does not compress and can be repeated.
func noise(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), n)
}

func TestUploads_and_downloads_of_64_MiB_are_streamed(t *testing.T) {
	const size = 64 << 20
	var peak uint64
	backend := answering(t, func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		if _, err := io.Copy(sum, r.Body); err != nil {
			t.Errorf("reading the upload: %v", err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = m.HeapInuse
		w.Header().Set("X-Sum", hex.EncodeToString(sum.Sum(nil)))
		_, _ = io.Copy(w, noise(size))
	})
	b := newBed(t, options{backend: backend})
	want := sha256.New()
	_, _ = io.Copy(want, noise(size))
	for _, length := range []int64{size, -1} {
		req, err := http.NewRequest(http.MethodPost, b.edge.URL+"/upload", noise(size))
		if err != nil {
			t.Fatal(err)
		}
		req.Host, req.ContentLength = publicHost, length
		req.Header.Set("Cookie", "__Host-edgeauth="+b.value(b.alice()))
		res, err := b.edge.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got := sha256.New()
		n, err := io.Copy(got, res.Body)
		_ = res.Body.Close()
		if err != nil || n != size || hex.EncodeToString(got.Sum(nil)) != hex.EncodeToString(want.Sum(nil)) || res.Header.Get("X-Sum") != hex.EncodeToString(want.Sum(nil)) {
			t.Errorf("with length %d: %d bytes came back, %v, upload %s", length, n, err, res.Header.Get("X-Sum"))
		}
		if peak > 48<<20 {
			t.Errorf("the heap held %d MiB in the middle of it", peak>>20)
		}
	}
}

func TestEvents_arrive_as_they_are_sent(t *testing.T) {
	next := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, _ = io.WriteString(w, "data: tick\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	for name, o := range protocols(t, h) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, o)
			conn := b.dial()
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /api/events HTTP/1.1\r\nHost: app.corp.test\r\n"+b.as(b.alice())+"\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(res.Body)
			for range 3 {
				if line, err := in.ReadString('\n'); err != nil || line != "data: tick\n" {
					t.Fatalf("got %q, %v", line, err)
				}
				_, _ = in.ReadString('\n')
				next <- struct{}{}
			}
			_ = res.Body.Close()
		})
	}
}

func TestA_backend_learns_that_the_client_left(t *testing.T) {
	gone := make(chan struct{})
	b := newBed(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "x")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})})
	conn := b.dial()
	if _, err := io.WriteString(conn, "GET /public/x HTTP/1.1\r\nHost: app.corp.test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	<-gone
}

// http2 serves the edge over TLS with HTTP/2.
func http2(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	return s
}

func TestRequests_over_HTTP2_cross_like_others(t *testing.T) {
	b := newBed(t, options{backend: answering(t, demo.API().ServeHTTP), serve: http2})
	req, err := http.NewRequest(http.MethodPost, b.edge.URL+"/api/upload", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = publicHost
	req.Header.Set("Cookie", "a=1; __Host-edgeauth="+b.value(b.alice()))
	res, err := b.edge.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.ProtoMajor != 2 || res.StatusCode != http.StatusOK {
		t.Errorf("got %s %d, %v: %s", res.Proto, res.StatusCode, err, body)
	}
}

func TestHD05_trailers_over_HTTP2_do_not_cross(t *testing.T) {
	b := newBed(t, options{serve: http2})
	req, err := http.NewRequest(http.MethodPost, b.edge.URL+"/x", io.MultiReader(strings.NewReader("hello")))
	if err != nil {
		t.Fatal(err)
	}
	req.Host, req.ContentLength = publicHost, -1
	req.Trailer = http.Header{"X-Auth-User": {"root"}, "X_auth_user": {"root"}}
	req.Header.Set("Cookie", "__Host-edgeauth="+b.value(b.alice()))
	res, err := b.edge.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if h := b.hit(); len(h.Trailers) != 0 || strings.Contains(h.Head, "root") || strings.Contains(h.Head, "Trailer") || h.User() != "alice" {
		t.Errorf("trailers crossed: %v\n%s", h.Trailers, h.Head)
	}
}
