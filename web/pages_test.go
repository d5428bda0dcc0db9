package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/web"
)

func render(t *testing.T, page web.Page) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	if err := newPages(t).Render(rec, browser("GET"), page); err != nil {
		t.Fatal(err)
	}
	return rec
}

func errorPage() web.Page { return web.Page{Template: "error", Title: "Title", Data: &web.Error{}} }

func TestThePolicyPermitsExactlyTheStyleOfThePage(t *testing.T) {
	rec := render(t, errorPage())
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(rec.Body.String(), -1)
	if len(style) != 1 || len(style[0][1]) < 100 {
		t.Fatalf("%d style elements", len(style))
	}
	sum := sha256.Sum256([]byte(style[0][1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := rec.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("policy\n%s, want\n%s", got, want)
	}
	if regexp.MustCompile(`(?i)<script|\son[a-z]+=|\sstyle=`).MatchString(rec.Body.String()) {
		t.Error("the page has what its policy forbids")
	}
}

func TestAPageWithAFormMayPostAndSaysFromWhere(t *testing.T) {
	page := errorPage()
	page.HasForm = true
	page.FormActions = []string{"https://idp.test", "https://evil.test; script-src *", "https://a.test,b", "*", "'unsafe-inline'", "https://idp.test/logout",
		"javascript:x", "https://", "https://*.test", "http://localhost:8081"}
	h := render(t, page).Header()
	if got := h.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https://idp.test http://localhost:8081; frame-ancestors") {
		t.Errorf("policy %s", got)
	}
	if got := h.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("referrer %s", got)
	}
	if got := render(t, errorPage()).Header().Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("without a form: referrer %s", got)
	}
}

func TestAPageRefreshesAsItSays(t *testing.T) {
	for _, c := range []struct {
		to   string
		secs int
		want string
	}{
		{"", 0, ""}, {"", 3, "3"}, {"/a?b=c;d", 0, "0;url=/a?b=c;d"}, {"https://app.test/", 5, "5;url=https://app.test/"}, {"/", -1, "0;url=/"},
	} {
		page := errorPage()
		page.RefreshTo, page.RefreshSecs = c.to, c.secs
		rec := render(t, page)
		if got := rec.Header().Get("Refresh"); got != c.want || rec.Code != 200 {
			t.Errorf("%q after %d: %q, status %d", c.to, c.secs, got, rec.Code)
		}
	}
}

// CS-02
func TestWhatStrangersWroteIsEscaped(t *testing.T) {
	const script = `</title></pre></style><script>alert(1)</script>"><img src=x onerror=alert(1)>`
	rec := fail(t, browser("GET"), &web.Error{Code: 400, Title: script, Public: script, Reason: script, LoginURL: "javascript:alert(1)",
		Links: []web.Link{{Text: script, URL: "javascript:alert(1)"}, {Text: "x", URL: `"><script>`}, {Text: "x", URL: "data:text/html,x"}}})
	body := rec.Body.String()
	for _, bad := range []string{"<script", "<img", "javascript:", "data:text"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if got := strings.Count(body, "alert(1)&lt;/script&gt;"); got < 3 {
		t.Errorf("the text is shown %d times", got)
	}
	if body := fail(t, request("GET"), &web.Error{Code: 400, Public: script}).Body.String(); strings.Contains(body, "<") {
		t.Errorf("the problem document has markup: %s", body)
	}
}

func TestAPageThatCannotBeRenderedWritesNothing(t *testing.T) {
	for _, page := range []web.Page{{Template: "none"}, {Template: "error", Data: 7}, {Template: "error", Data: &web.Error{}, RefreshTo: "//evil.test"}} {
		rec := httptest.NewRecorder()
		if err := newPages(t).Render(rec, browser("GET"), page); err == nil {
			t.Errorf("%v: no error", page)
		}
		if len(rec.Header()) != 0 || rec.Body.Len() != 0 {
			t.Errorf("%v: wrote %v %s", page, rec.Header(), rec.Body)
		}
	}
}
