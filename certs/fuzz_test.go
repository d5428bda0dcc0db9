package certs_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/certs"
)

// Whatever a request says, a redirect leads to a configured https origin or nowhere (TL-04).
func FuzzRedirectNeverLeavesTheConfiguredHosts(f *testing.F) {
	for _, seed := range [][2]string{
		{"app.corp.test", "/x?y"}, {"api.corp.test:80", "//evil.test"}, {"evil.test", "/"}, {"app.corp.test@evil.test", "/"},
		{"app.corp.test", "http://evil.test/"}, {"app.corp.test", `/\evil.test`}, {"app.corp.test", "/%0d%0aLocation:%20http://evil.test"},
		{"app.corp.test:x", "*"}, {"[::1", "/"}, {"app.corp.test", "/?\x00"},
	} {
		f.Add(seed[0], seed[1])
	}
	handler := certs.Redirect([]string{"app.corp.test", "api.corp.test:8443"})
	f.Fuzz(func(t *testing.T, host, target string) {
		raw := "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		location := w.Header().Get("Location")
		if location == "" {
			return
		}
		u, err := url.Parse(location)
		if err != nil || u.Scheme != "https" || u.User != nil || !slices.Contains([]string{"app.corp.test", "api.corp.test:8443"}, u.Host) {
			t.Errorf("%q leads to %q (%v)", raw, location, err)
		}
	})
}
