package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/web"
)

func newPages(t testing.TB) *web.Pages {
	t.Helper()
	p, err := web.NewPages()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var errSecret = errors.New("dialing 10.1.2.3: password hunter2")

func outage() *web.Error {
	return &web.Error{Code: 503, Title: "Please wait", Public: "Something does not answer.", Reason: "down", RetryAfter: 1200 * time.Millisecond, Err: errSecret}
}

// fail answers r with err and checks what all answers of the edge have in common.
func fail(t *testing.T, r *http.Request, err error) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	r = r.WithContext(web.WithRecord(r.Context(), &web.Record{RequestID: "REQ7"}))
	newPages(t).Fail(rec, r, err)
	if s := fmt.Sprint(rec.Header(), rec.Body); strings.Contains(s, "hunter2") || strings.Contains(s, "10.1.2.3") {
		t.Errorf("the cause was sent: %s", s)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Cookie"} {
		if got := rec.Header().Values(name); !cmp.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q once", name, got, want)
		}
	}
	return rec
}

func browser(method string) *http.Request { return request(method, "Sec-Fetch-Mode", "navigate") }

func grpcCall() *http.Request { return request("POST", "Content-Type", "application/grpc+proto") }

func TestANavigationGetsAPage(t *testing.T) {
	rec := fail(t, browser("GET"), outage())
	if rec.Code != 503 || rec.Header().Get("Content-Type") != "text/html; charset=utf-8" || rec.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if rec.Header().Get("Retry-After") != "2" || rec.Header().Get("Refresh") != "2" {
		t.Errorf("retry in %q, refresh %q; want both in 2 s, rounded up", rec.Header().Get("Retry-After"), rec.Header().Get("Refresh"))
	}
	for _, want := range []string{"Please wait", "Something does not answer.", "REQ7", "down", "tries again by itself"} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAProgramGetsAProblemDocument(t *testing.T) {
	rec := fail(t, request("GET"), &web.Error{Code: 401, Title: "Login needed", Public: "Log in first.", Reason: "no_session", LoginURL: "/.edgeauth/login", Err: errSecret})
	var got map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"title": "Unauthorized", "status": 401.0, "detail": "Login needed. Log in first.", "reason": "no_session",
		"login_url": "/.edgeauth/login", "request_id": "REQ7"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rec.Code != 401 || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if got := rec.Header().Get("WWW-Authenticate"); got != `Cookie realm="edgeauth"` {
		t.Errorf("challenge %q", got)
	}
	if got := rec.Header().Get("Content-Security-Policy"); got != "default-src 'none'; frame-ancestors 'none'" {
		t.Errorf("CSP %q", got)
	}
	if got := rec.Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("CA-04: cross-origin readers are let in: %q", got)
	}
}

func TestAGRPCCallGetsAStatusWithoutABody(t *testing.T) {
	for status, code := range map[int]string{400: "13", 401: "16", 403: "7", 404: "12", 405: "2", 429: "14", 500: "2", 502: "14", 503: "14", 504: "14"} {
		rec := fail(t, grpcCall(), &web.Error{Code: status, Title: "No % entry\r\nGrpc-Status: 0", Err: errSecret})
		h := rec.Header()
		if rec.Code != 200 || h.Get("Content-Type") != "application/grpc" || h.Get("Grpc-Status") != code || rec.Body.Len() != 0 {
			t.Errorf("%d: %d %v %q, want gRPC status %s", status, rec.Code, h, rec.Body, code)
		}
		if got := h.Get("Grpc-Message"); got != "No%20%25%20entry%0D%0AGrpc-Status:%200%20%28request%20REQ7%29" {
			t.Errorf("message %q", got)
		}
	}
}

func TestGRPCWebIsAnsweredInItsOwnType(t *testing.T) {
	rec := fail(t, request("POST", "Content-Type", "application/grpc-web+proto"), outage())
	if got := rec.Header().Get("Content-Type"); got != "application/grpc-web" {
		t.Errorf("type %q", got)
	}
}

func TestAnyOtherErrorIsA500ThatSaysNothing(t *testing.T) {
	var none *web.Error
	for name, err := range map[string]error{
		"a plain error": errSecret, "a wrapped one": fmt.Errorf("asking: %w", errSecret), "an empty pointer": none, "no status": &web.Error{Err: errSecret},
		"a status of success": &web.Error{Code: 200, Err: errSecret}, "a status beyond all": &web.Error{Code: 1000, Err: errSecret},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []*http.Request{browser("GET"), request("PUT")} {
				if rec := fail(t, r, err); rec.Code != 500 || !strings.Contains(rec.Body.String(), "internal") {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
			}
		})
	}
}

func TestAWrappedErrorKeepsItsAnswer(t *testing.T) {
	if rec := fail(t, request("GET"), fmt.Errorf("serving: %w", outage())); rec.Code != 503 {
		t.Errorf("status %d", rec.Code)
	}
}

func TestAHandlersErrorIsAnsweredOnce(t *testing.T) {
	rec := httptest.NewRecorder()
	h := newPages(t).Handle(func(w http.ResponseWriter, _ *http.Request) error {
		web.Harden(w.Header())
		w.Header().Set("Set-Cookie", "kept=1")
		for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Trailer", "Content-Range"} {
			w.Header().Set(name, "1")
		}
		return &web.Error{Code: 405, Allow: "GET, HEAD", Reason: "method"}
	})
	h.ServeHTTP(rec, request("PUT"))
	if rec.Code != 405 || rec.Header().Get("Allow") != "GET, HEAD" || rec.Header().Get("Set-Cookie") != "kept=1" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Trailer", "Content-Range"} {
		if rec.Header().Get(name) != "" {
			t.Errorf("%s of a body that was never sent stays", name)
		}
	}
	if got := rec.Header().Values("Vary"); len(got) != 1 {
		t.Errorf("Vary %q", got)
	}
}

func TestHardeningKeepsAHandlersOwnVary(t *testing.T) {
	h := http.Header{"Vary": {"Origin, cookie"}}
	web.Harden(h)
	if got := h.Values("Vary"); len(got) != 1 {
		t.Errorf("Vary %q", got)
	}
	h = http.Header{"Vary": {"Origin"}}
	web.Harden(h)
	if got := h.Values("Vary"); !cmp.Equal(got, []string{"Origin", "Cookie"}) {
		t.Errorf("Vary %q", got)
	}
}

func TestAPostedFormIsNotPromisedARetryUnlessItLeadsElsewhere(t *testing.T) {
	rec := fail(t, browser("POST"), outage())
	if rec.Header().Get("Refresh") != "" || strings.Contains(rec.Body.String(), "by itself") {
		t.Errorf("refresh %q, page %s", rec.Header().Get("Refresh"), rec.Body)
	}
	e := outage()
	e.RefreshTo = "/.edgeauth/login?rd=%2F"
	rec = fail(t, browser("POST"), e)
	if rec.Header().Get("Refresh") != "2;url=/.edgeauth/login?rd=%2F" || !strings.Contains(rec.Body.String(), "by itself") {
		t.Errorf("refresh %q", rec.Header().Get("Refresh"))
	}
}

func TestARetryNeverLeadsToAnotherHost(t *testing.T) {
	for _, target := range []string{"//evil.test/", "///evil.test/", "/page", "http://evil.test/x"} {
		r := browser("GET")
		r.URL.Path, r.RequestURI = target, target
		if got := fail(t, r, outage()).Header().Get("Refresh"); got != "2" {
			t.Errorf("%s: refresh %q", target, got)
		}
	}
	for _, target := range []string{"//evil.test/", `/\evil.test`, "javascript:alert(1)", "/\t/evil.test", "data:text/html,x", "/a\r\nSet-Cookie: x"} {
		e := outage()
		e.RefreshTo = target
		rec := fail(t, browser("GET"), e)
		if got := rec.Header().Get("Refresh"); got != "" || rec.Code != 503 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%q: %d, refresh %q", target, rec.Code, got)
		}
	}
}
