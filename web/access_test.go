package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/web"
)

const limit = 30 * time.Second

// edge is a server with Access, whose log lines a test can wait for.
type edge struct {
	*httptest.Server
	t     *testing.T
	lines chan string
	mu    sync.Mutex // guards seen
	seen  []int
}

func (e *edge) Write(b []byte) (int, error) {
	e.lines <- string(b)
	return len(b), nil
}

func serve(t *testing.T, h http.HandlerFunc, change ...func(*httptest.Server, *web.AccessOptions)) *edge {
	t.Helper()
	e := &edge{t: t, lines: make(chan string, 1000)}
	o := web.AccessOptions{Log: slog.New(slog.NewJSONHandler(e, nil)), Clients: &web.Clients{}, Now: time.Now, Pages: newPages(t),
		Observe: func(_ *http.Request, _ *web.Record, status int, _ time.Duration) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.seen = append(e.seen, status)
		}}
	e.Server = httptest.NewUnstartedServer(nil)
	for _, c := range change {
		c(e.Server, &o)
	}
	e.Config.Handler = web.Access(o, h)
	e.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if e.TLS != nil || e.EnableHTTP2 {
		e.StartTLS()
	} else {
		e.Start()
	}
	t.Cleanup(e.Close)
	return e
}

func http2(s *httptest.Server, _ *web.AccessOptions) { s.EnableHTTP2 = true }

// line waits for the next line, which must be one JSON object.
func (e *edge) line() map[string]any {
	e.t.Helper()
	select {
	case s := <-e.lines:
		var got map[string]any
		if err := json.Unmarshal([]byte(s), &got); err != nil || strings.Count(s, "\n") != 1 {
			e.t.Fatalf("no single line of JSON: %v: %.200q", err, s)
		}
		return got
	case <-time.After(limit):
		e.t.Fatal("no line was logged")
		return nil
	}
}

func (e *edge) expect(want map[string]any) map[string]any {
	e.t.Helper()
	got := e.line()
	for k, v := range want {
		if got[k] != v {
			e.t.Errorf("%s: %v, want %v (%v)", k, got[k], v, got)
		}
	}
	if ms, ok := got["took_ms"].(float64); !ok || ms < 0 || ms > 60_000 {
		e.t.Errorf("took_ms is %v", got["took_ms"])
	}
	return got
}

func (e *edge) get(method, path string) (*http.Response, string, error) {
	e.t.Helper()
	req, err := http.NewRequest(method, e.URL+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	res, err := e.Client().Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func (e *edge) raw(text string) net.Conn {
	e.t.Helper()
	conn, err := net.Dial("tcp", e.Listener.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		e.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		e.t.Fatal(err)
	}
	return conn
}

func TestTheRecordHasTheFingerprintOfTheClientsHelloAndNeverThatOfATrustedProxy(t *testing.T) {
	const ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"
	for _, row := range []struct {
		trusted string
		want    any
	}{{"192.0.2.0/24", ja4}, {"127.0.0.0/8", nil}} {
		var seen string
		e := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen = web.RecordOf(r.Context()).JA4 },
			func(_ *httptest.Server, o *web.AccessOptions) {
				o.Hello = func(context.Context) string { return ja4 }
				o.Clients = web.NewClients(prefixes(t, row.trusted))
			})
		if _, _, err := e.get("GET", "/"); err != nil {
			t.Fatal(err)
		}
		e.expect(map[string]any{"ja4": row.want})
		if seen == ja4 != (row.want == ja4) {
			t.Errorf("behind %s the record has %q", row.trusted, seen)
		}
	}
}

func TestOneLineIsLoggedForEachRequest(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		rec := web.RecordOf(r.Context())
		rec.Route, rec.Verdict, rec.Reason = "all", "allow", "permitted"
		r.Method, r.Host, r.URL.Path = "CHANGED", "changed", "/changed"
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	})
	if _, _, err := e.get("POST", "/pot/a%2Fb?code=hunter2&state=s"); err != nil {
		t.Fatal(err)
	}
	got := e.expect(map[string]any{"msg": "request", "method": "POST", "host": e.Listener.Addr().String(), "path": "/pot/a%2Fb", "status": 418.0,
		"bytes": 15.0, "client": "127.0.0.1", "route": "all", "verdict": "allow", "reason": "permitted", "level": "INFO"})
	if _, ok := got["upstream"]; ok {
		t.Error("an empty field is logged")
	}
	if len(e.lines) != 0 {
		t.Error("more than one line")
	}
}

// LG-02
func TestTheQueryIsNeverLogged(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("panic") {
			panic("lost")
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "hunter2"})
	})
	for _, path := range []string{"/?code=hunter2", "/a?panic&code=hunter2", "/?%zzhunter2", "/a%3fb?x=%0Ahunter2"} {
		conn := e.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nCookie: s=hunter2\r\nAuthorization: Bearer hunter2\r\nConnection: close\r\n\r\n")
		io.Copy(io.Discard, conn)
		if s := <-e.lines; strings.Contains(s, "hunter2") {
			t.Errorf("%s: %s", path, s)
		}
	}
}

func TestRequestIDsAreUniqueAndReadable(t *testing.T) {
	ids := map[string]bool{}
	h := web.Access(web.AccessOptions{Log: slog.New(slog.DiscardHandler), Clients: &web.Clients{}, Now: time.Now, Pages: newPages(t),
		Observe: func(*http.Request, *web.Record, int, time.Duration) {}}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id := web.RecordOf(r.Context()).RequestID
		if len(id) != 16 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("id %q", id)
		}
		ids[id] = true
	}))
	for range 1000 {
		r := request("GET", "X-Request-Id", "chosen")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if len(ids) != 1000 {
		t.Errorf("%d different ids in 1000 requests", len(ids))
	}
}

func TestAPanicBecomesAPageAndDropsWhatWasPrepared(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "half=done")
		w.WriteHeader(http.StatusEarlyHints)
		panic("hunter2\nforged")
	})
	res, body, err := e.get("GET", "/")
	if err != nil || res.StatusCode != 500 || len(res.Cookies()) != 0 || strings.Contains(body, "hunter2") {
		t.Fatalf("%v %v %s", err, res, body)
	}
	first := e.line()
	if first["msg"] != "a handler panicked" || first["panic"] != `hunter2\nforged` || !strings.Contains(first["stack"].(string), "access_test.go") {
		t.Errorf("%v", first)
	}
	second := e.expect(map[string]any{"msg": "request", "status": 500.0, "reason": "internal", "request_id": first["request_id"]})
	if !strings.Contains(body, second["request_id"].(string)) {
		t.Error("the answer does not name the request")
	}
}

func TestAStatusThatTheServerRefusesIsA500(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(1000) })
	if res, _, err := e.get("GET", "/"); err != nil || res.StatusCode != 500 {
		t.Fatalf("%v %v", res, err)
	}
	e.line()
	e.expect(map[string]any{"status": 500.0})
}

func TestAnAnswerCutByAPanicDoesNotLookComplete(t *testing.T) {
	for name, how := range map[string]func(*httptest.Server, *web.AccessOptions){"HTTP/1.1": func(*httptest.Server, *web.AccessOptions) {}, "HTTP/2": http2} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, "half of ")
				w.(http.Flusher).Flush()
				panic("lost")
			}, how)
			if _, body, err := e.get("GET", "/"); err == nil {
				t.Errorf("the answer seems complete: %q", body)
			}
			e.line()
			e.expect(map[string]any{"status": 200.0, "bytes": 8.0, "aborted": true})
		})
	}
}

func TestErrAbortHandlerReachesTheServer(t *testing.T) {
	e := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if res, _, err := e.get("GET", "/"); err == nil {
		t.Errorf("got %v", res)
	}
	e.expect(map[string]any{"msg": "request", "status": 0.0, "aborted": true})
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen[0] != 0 {
		t.Errorf("observed %v", e.seen)
	}
}

func TestFailuresAreLoggedWithTheirCause(t *testing.T) {
	pages := newPages(t)
	e := serve(t, func(w http.ResponseWriter, r *http.Request) { pages.Fail(w, r, outage()) })
	if _, body, err := e.get("GET", "/"); err != nil || strings.Contains(body, "hunter2") {
		t.Fatal(body, err)
	}
	e.expect(map[string]any{"reason": "down", "status": 503.0, "error": "503 down: " + errSecret.Error()})
}

// LG-01
func TestNoValueForgesOrFloodsALine(t *testing.T) {
	huge := strings.Repeat("A", 1<<20)
	var log bytes.Buffer
	h := web.Access(web.AccessOptions{Log: slog.New(slog.NewJSONHandler(&log, nil)), Clients: &web.Clients{}, Now: time.Now, Pages: newPages(t),
		Observe: func(*http.Request, *web.Record, int, time.Duration) {}}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		web.RecordOf(r.Context()).Note(&web.Error{Reason: r.Host})
	}))
	for _, bad := range []string{"a\r\n{\"msg\":\"forged\"}", "\x1b[2J\x1b]0;x\x07", "nul\x00", "\xff\xfe\xc3", "\u009b31m", "\u202egnp.exe", "\u2028", huge, strings.Repeat("\xff", 1<<20), strings.Repeat("é", 1<<19)} {
		log.Reset()
		r := request("GET", "User-Agent", bad, "Referer", bad)
		r.Method, r.Host, r.URL.Path, r.URL.RawPath = bad, bad, "/"+bad, "/"+bad
		h.ServeHTTP(httptest.NewRecorder(), r)
		line := log.String()
		if strings.Count(line, "\n") != 1 || len(line) > 12_000 || !json.Valid(log.Bytes()) {
			t.Errorf("%.20q: %d bytes, %.300q", bad, len(line), line)
		}
		for _, c := range line[:len(line)-1] {
			if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x202e || c == 0xfffd {
				t.Errorf("%.20q: the line has %U", bad, c)
			}
		}
	}
}

// LG-01, over the wire
func TestTheServersOwnParsingKeepsLinesWhole(t *testing.T) {
	e := serve(t, func(http.ResponseWriter, *http.Request) {})
	conn := e.raw("GET /a%0d%0a%1b%00%ff HTTP/1.1\r\nHost: x\r\nUser-Agent: \xc2\x9b2J\xff\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		t.Fatal(err)
	}
	e.expect(map[string]any{"path": "/a%0d%0a%1b%00%ff", "status": 200.0, "bytes": 0.0})
}
