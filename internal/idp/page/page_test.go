package page_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp/page"
)

func TestWhatUsersAndClientsSendIsEscaped(t *testing.T) {
	b, err := page.Load()
	if err != nil {
		t.Fatal(err)
	}
	const evil = `"><script>alert(1)</script>`
	evilForm := page.Form{Action: evil, Username: evil, Wrong: evil}
	for name, show := range map[string]func(*httptest.ResponseRecorder){
		"message": func(w *httptest.ResponseRecorder) { b.Message(w, 400, evil, evil) },
		"login": func(w *httptest.ResponseRecorder) {
			b.Login(w, evilForm, []string{evil})
		},
		"code":        func(w *httptest.ResponseRecorder) { b.Code(w, evilForm, evil) },
		"fingerprint": func(w *httptest.ResponseRecorder) { b.Fingerprint(w, evilForm) },
		"enrolment":   func(w *httptest.ResponseRecorder) { b.Enrolment(w, evilForm) },
		"form post":   func(w *httptest.ResponseRecorder) { b.FormPost(w, "https://x/", url.Values{evil: {evil}}) },
		"logout":      func(w *httptest.ResponseRecorder) { b.Logout(w, "/e", "", evil, url.Values{"state": {evil}}) },
	} {
		w := httptest.NewRecorder()
		show(w)
		if strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s: not escaped:\n%s", name, w.Body)
		}
	}
}

func TestAFormMayLeadToItsTargetAndNowhereElse(t *testing.T) {
	b, err := page.Load()
	if err != nil {
		t.Fatal(err)
	}
	for next, want := range map[string]string{
		"": "form-action 'self'", "https://app.test:8443/cb?x": "form-action 'self' https://app.test:8443",
		"/relative": "form-action 'self'", "http://[::1": "form-action 'self'",
	} {
		w := httptest.NewRecorder()
		b.Logout(w, "/e", next, "alice", nil)
		if policy := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, want) {
			t.Errorf("%q: policy %q, want …%s", next, policy, want)
		}
	}
}
