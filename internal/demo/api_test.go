package demo_test

import (
	"context"
	"crypto/fips140"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/google/go-cmp/cmp"
)

func call(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	demo.API().ServeHTTP(w, r)
	return w
}

func TestHelloNamesTheCaller(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/api/hello", nil)
	r.Header = http.Header{"X-Auth-User": {"alice"}, "X-Auth-Groups": {"staff"}, "X-Request-Id": {"req-7"}}
	var got map[string]string
	if err := json.Unmarshal(call(r).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"message": "hello", "user": "alice", "email": "", "groups": "staff", "path": "/api/hello", "request_id": "req-7"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEventsTickOnceASecondUntilTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer leave()
		w := call(httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/events", nil))
		if got := strings.Count(w.Body.String(), "event: tick\n"); got != 3 {
			t.Errorf("%d ticks in 2.5 s, want 3:\n%s", got, w.Body)
		}
		if got := w.Header().Get("Content-Type"); got != "text/event-stream" || !w.Flushed {
			t.Errorf("content type %q, flushed %v", got, w.Flushed)
		}
	})
}

func TestUploadsAreCountedAndHashed(t *testing.T) {
	w := call(httptest.NewRequest(http.MethodPost, "/api/upload", strings.NewReader(strings.Repeat("x", 100_000))))
	var got struct {
		Bytes  int64
		SHA256 string
	}
	err := json.Unmarshal(w.Body.Bytes(), &got)
	if err != nil || got.Bytes != 100_000 || len(got.SHA256) != 64 {
		t.Errorf("%s: %v", w.Body, err)
	}
}

func TestDownloadsHaveTheLengthThatWasAskedFor(t *testing.T) {
	for target, want := range map[string]int{"0": 0, "5": 5, "16": 16, "100001": 100_001} {
		w := call(httptest.NewRequest(http.MethodGet, "/api/download?bytes="+target, nil))
		if w.Code != http.StatusOK || w.Body.Len() != want || w.Header().Get("Content-Length") != target {
			t.Errorf("bytes=%s: status %d, %d bytes", target, w.Code, w.Body.Len())
		}
		if text := strings.Repeat("0123456789abcdef", want/16+1)[:want]; w.Body.String() != text {
			t.Errorf("bytes=%s: the pattern is broken", target)
		}
	}
	for _, bad := range []string{"", "-1", "x", "99999999999999999999", "1e3"} {
		if w := call(httptest.NewRequest(http.MethodGet, "/api/download?bytes="+bad, nil)); w.Code != http.StatusBadRequest {
			t.Errorf("bytes=%q: status %d, want 400", bad, w.Code)
		}
	}
}

// dial is websocket.Dial outside the enforcement of FIPS 140, which forbids the SHA-1 of the handshake.
func dial(ctx context.Context, base, origin string) (c *websocket.Conn, resp *http.Response, err error) {
	header := http.Header{"Origin": {origin}, "X-Forwarded-Host": {"app.example.org"}}
	fips140.WithoutEnforcement(func() {
		c, resp, err = websocket.Dial(ctx, base+"/api/ws", &websocket.DialOptions{HTTPHeader: header})
	})
	return c, resp, err
}

func TestTheWebSocketSendsBackWhatItReceives(t *testing.T) {
	ts := httptest.NewServer(demo.API())
	t.Cleanup(ts.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, _, err := dial(ctx, ts.URL, "https://app.example.org")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if err := c.Write(ctx, websocket.MessageText, []byte("grüße")); err != nil {
		t.Fatal(err)
	}
	if kind, message, err := c.Read(ctx); err != nil || kind != websocket.MessageText || string(message) != "grüße" {
		t.Errorf("received %v %q, %v", kind, message, err)
	}
}

func TestTheWebSocketRefusesAPageOfAnotherHost(t *testing.T) {
	ts := httptest.NewServer(demo.API())
	t.Cleanup(ts.Close)
	c, resp, err := dial(t.Context(), ts.URL, "https://evil.test")
	if err == nil {
		_ = c.CloseNow()
	}
	if resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("answer %v, want 403", resp)
	}
}
