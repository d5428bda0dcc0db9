package demo_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo"
)

func page(t *testing.T, target string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	h, err := demo.Page()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestThePageShowsWhatArrived(t *testing.T) {
	part := base64.RawURLEncoding.EncodeToString
	w := page(t, "/staff/x?y=1", http.Header{
		"X-Auth-User": {"alice"}, "X-Auth-Name": {"<b>Alice</b>"}, "X-Auth-Groups": {"staff"}, "X-Request-Id": {"req-7"},
		"X-Auth-Assertion": {part([]byte(`{"alg":"ES256"}`)) + "." + part([]byte(`{"aud":"sample-app"}`)) + ".c2ln"},
		"Cookie":           {"a=1; b=2"}, "Accept": {"text/html"},
	})
	body := w.Body.String()
	for _, want := range []string{"Hello, <span id=\"user\">&lt;b&gt;Alice&lt;/b&gt;</span>", "X-Auth-Groups</th><td>staff",
		"sample-app", "ES256", "req-7", "/staff/x", "y=1", ">a</th><td>1", ">b</th><td>2", ">Accept</th><td>text/html",
		`href="/.edgeauth/logout"`, `href="/.edgeauth/me"`, `href="/admin/"`, `href="/public/"`, `href="/api/hello"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
}

func TestThePageSaysWhenNobodyIsNamed(t *testing.T) {
	body := page(t, "/public/", nil).Body.String()
	if !strings.Contains(body, "without an identity") || !strings.Contains(body, "whoever you are") {
		t.Errorf("the page names somebody:\n%s", body)
	}
}

func TestOddHeadersAreNotTakenForAssertions(t *testing.T) {
	for _, value := range []string{"a.b.c", "..", "bnVsbA.bnVsbA.", "Bearer ", "1.2.3"} {
		w := page(t, "/", http.Header{"X-Auth-Assertion": {value}})
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Signed assertion") {
			t.Errorf("%q: status %d", value, w.Code)
		}
	}
}

func TestTheStyleIsExactlyThatOfThePolicy(t *testing.T) {
	w := page(t, "/try", nil)
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("the policy %q does not allow the style", policy)
	}
	if got := page(t, "/try.js", nil); got.Code != http.StatusOK || !strings.Contains(got.Header().Get("Content-Type"), "javascript") {
		t.Errorf("the script: status %d, %q", got.Code, got.Header().Get("Content-Type"))
	}
}
