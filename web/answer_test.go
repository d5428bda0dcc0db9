package web_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/web"
)

func TestStatusAndSizeAreThoseSent(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		do     func(http.ResponseWriter)
		status float64
		bytes  float64
	}{
		"nothing written":          {"GET", func(http.ResponseWriter) {}, 200, 0},
		"a status alone":           {"GET", func(w http.ResponseWriter) { w.WriteHeader(204) }, 204, 0},
		"a body alone":             {"GET", func(w http.ResponseWriter) { io.WriteString(w, "four") }, 200, 4},
		"informational first":      {"GET", func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(100); w.WriteHeader(404) }, 404, 0},
		"informational alone":      {"GET", func(w http.ResponseWriter) { w.WriteHeader(103) }, 200, 0},
		"two final ones":           {"GET", func(w http.ResponseWriter) { w.WriteHeader(404); w.WriteHeader(200) }, 404, 0},
		"flushed":                  {"GET", func(w http.ResponseWriter) { w.(http.Flusher).Flush(); w.WriteHeader(500) }, 200, 0},
		"copied":                   {"GET", func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("four")) }, 200, 4},
		"copied from a file":       {"GET", func(w http.ResponseWriter) { io.CopyN(w, strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20) }, 200, 1 << 20},
		"a body where none may":    {"GET", func(w http.ResponseWriter) { w.WriteHeader(304); io.WriteString(w, "four") }, 304, 0},
		"a body in answer to HEAD": {"HEAD", func(w http.ResponseWriter) { io.WriteString(w, "four") }, 200, 0},
	} {
		for proto, how := range map[string]func(*httptest.Server, *web.AccessOptions){"HTTP/1.1": func(*httptest.Server, *web.AccessOptions) {}, "HTTP/2": http2} {
			t.Run(name+" over "+proto, func(t *testing.T) {
				e := serve(t, func(w http.ResponseWriter, _ *http.Request) { c.do(w) }, how)
				res, body, err := e.get(c.method, "/")
				if err != nil || float64(res.StatusCode) != c.status || float64(len(body)) != c.bytes {
					t.Fatalf("the client saw %v, %d bytes, %v", res, len(body), err)
				}
				e.expect(map[string]any{"status": c.status, "bytes": c.bytes})
			})
		}
	}
}

func TestAnUpgradeIsLoggedAs101(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
		rw.Flush()
	})
	conn := e.raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "hello") {
		t.Errorf("%q %v", got, err)
	}
	e.expect(map[string]any{"status": 101.0, "bytes": 0.0})
}

func TestAPanicAfterAnUpgradeWritesNothingMore(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		panic("lost")
	})
	if got, err := io.ReadAll(e.raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil || len(got) != 0 {
		t.Errorf("%q %v", got, err)
	}
	e.line()
	e.expect(map[string]any{"status": 101.0, "aborted": true})
}

func TestTheControllerReachesTheServersWriter(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
			t.Errorf("read deadline: %v", err)
		}
		if err := c.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			t.Errorf("write deadline: %v", err)
		}
		if err := c.EnableFullDuplex(); err != nil {
			t.Errorf("full duplex: %v", err)
		}
		if err := c.Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		for range 2 { // the first half is answered before the second has come
			io.CopyN(w, r.Body, 4)
			c.Flush()
		}
	})
	conn := e.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nping")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != "ping" {
		t.Fatalf("%q %v", got, err)
	}
	io.WriteString(conn, "pong")
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "pong" {
		t.Errorf("%q %v", rest, err)
	}
	e.expect(map[string]any{"status": 200.0, "bytes": 8.0})
}

// bare can do nothing but write.
type bare struct{ http.ResponseWriter }

func TestAWriterClaimsNoMoreThanItCan(t *testing.T) {
	claims := func(w http.ResponseWriter) [3]bool {
		_, flush := w.(http.Flusher)
		_, hijack := w.(http.Hijacker)
		_, readFrom := w.(io.ReaderFrom)
		return [3]bool{flush, hijack, readFrom}
	}
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if got := claims(w); got != [3]bool{true, true, true} {
			t.Errorf("HTTP/1.1: flush, hijack, read from: %v", got)
		}
	})
	e.get("GET", "/")
	e = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if got := claims(w); got != [3]bool{true, false, false} {
			t.Errorf("HTTP/2: flush, hijack, read from: %v", got)
		}
	}, http2)
	e.get("GET", "/")
	e = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if got := claims(w); got != [3]bool{} {
			t.Errorf("bare: flush, hijack, read from: %v", got)
		}
		if err := http.NewResponseController(w).Flush(); err == nil {
			t.Error("flushing succeeded")
		}
	})
	e.Config.Handler.ServeHTTP(bare{httptest.NewRecorder()}, request("GET"))
	e.expect(map[string]any{"status": 200.0})
}

// CA-04
func TestAnswersOfHTTPSOriginsCarryHSTSOnce(t *testing.T) {
	pages := newPages(t)
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fail":
			pages.Fail(w, r, outage())
		case "/panic":
			panic("lost")
		case "/own":
			w.Header().Set("Strict-Transport-Security", "max-age=7")
			io.WriteString(w, "x")
		case "/copied":
			io.Copy(w, strings.NewReader("x"))
		case "/flushed":
			w.(http.Flusher).Flush()
		case "/hints":
			w.WriteHeader(103)
			io.WriteString(w, "x")
		}
	}, func(_ *httptest.Server, o *web.AccessOptions) {
		o.Secure = func(host string) bool { return host == "app.corp.test" }
	})
	for _, path := range []string{"/", "/fail", "/panic", "/own", "/copied", "/flushed", "/hints"} {
		for host, want := range map[string]string{"app.corp.test": "max-age=31536000", "other.test": ""} {
			if path == "/own" {
				want = "max-age=7"
			}
			req, err := http.NewRequest(http.MethodGet, e.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			res, err := e.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := strings.Join(res.Header.Values("Strict-Transport-Security"), "|"); got != want {
				t.Errorf("%s%s: %q, want %q", host, path, got, want)
			}
		}
	}
}
