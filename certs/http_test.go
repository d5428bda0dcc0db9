package certs_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
)

// get sends the path exactly as it stands and returns the answer.
func get(t *testing.T, e *edge, host, path string) *http.Response {
	t.Helper()
	return send(t, e.HTTP, "GET", host, path)
}

func send(t *testing.T, addr, method, host, target string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, target, host); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return r
}

// TL-04: plain http leads to configured hosts only, and never by the request's own words.
func TestTL04RedirectGoesToConfiguredHostsOnly(t *testing.T) {
	e := newEdge(t)
	server := &http.Server{Handler: certs.Redirect([]string{"App.corp.test:443", "api.corp.test:8443", "[::1]:9443"})}
	go func() { _ = server.Serve(e.httpLn) }()
	t.Cleanup(func() { _ = server.Close() })
	tests := []struct {
		name, method, host, target string
		code                       int
		location                   string
	}{
		{"a page", "GET", "app.corp.test", "/x?a=b%20c&d", 301, "https://app.corp.test/x?a=b%20c&d"},
		{"host with capitals and port", "GET", "APP.corp.test:80", "/", 301, "https://app.corp.test/"},
		{"another port", "HEAD", "api.corp.test", "/a", 301, "https://api.corp.test:8443/a"},
		{"IPv6", "GET", "[::1]", "/a", 301, "https://[::1]:9443/a"},
		{"no path", "GET", "app.corp.test", "http://app.corp.test?x", 400, ""},
		{"two slashes stay on our host", "GET", "app.corp.test", "//evil.test/x", 301, "https://app.corp.test//evil.test/x"},
		{"encoded characters stay encoded", "GET", "app.corp.test", "/%2e%2e/%0d%0aSet-Cookie:x", 301, "https://app.corp.test/%2e%2e/%0d%0aSet-Cookie:x"},
		{"unknown host", "GET", "evil.test", "/x", 421, ""},
		{"unknown sibling", "GET", "evil.corp.test", "/x", 421, ""},
		{"trailing dot", "GET", "app.corp.test.", "/x", 421, ""},
		{"user information", "GET", "app.corp.test@evil.test", "/x", 421, ""},
		{"host in the target", "GET", "app.corp.test", "http://evil.test/x", 421, ""},
		{"a post", "POST", "app.corp.test", "/x", 400, ""},
		{"a tunnel", "CONNECT", "app.corp.test:443", "app.corp.test:443", 400, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := send(t, e.HTTP, tt.method, tt.host, tt.target)
			if r.StatusCode == 400 && tt.code == 421 && strings.Contains(tt.host, "@") {
				return // net/http refuses the header by itself
			}
			if r.StatusCode != tt.code || r.Header.Get("Location") != tt.location {
				t.Errorf("got %d to %q, want %d to %q", r.StatusCode, r.Header.Get("Location"), tt.code, tt.location)
			}
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "evil") {
				t.Errorf("the body repeats the request: %q", body)
			}
		})
	}
}

// TL-04: the challenge path serves live tokens only.
func TestTL04TheChallengePathAnswersNothingButLiveTokens(t *testing.T) {
	e := newEdge(t)
	p := pebbletest.Start(t, e.ports, threeMonths)
	m, _ := e.run(t, acmeConfig(t, e, p, "app.corp.test", certs.HTTP01))
	waitFor(t, "a certificate", serves(m))
	for _, path := range []string{
		"/.well-known/acme-challenge/", "/.well-known/acme-challenge/unknown", "/.well-known/acme-challenge/a/b",
		"/.well-known/acme-challenge/../../admin", "/.well-known/acme-challenge/%2e%2e/%2e%2e/admin",
		"/.well-known/acme-challenge/..%2f..%2fadmin", "/.well-known/acme-challenge/x?y=z",
	} {
		for _, host := range []string{"app.corp.test", "evil.test"} {
			if r := get(t, e, host, path); r.StatusCode != http.StatusNotFound {
				t.Errorf("%s at %s: %d, want 404", path, host, r.StatusCode)
			}
		}
	}
	for path, want := range map[string]int{"/.well-known/acme-challengex": 301, "/.well-known/other": 301} {
		if r := get(t, e, "app.corp.test", path); r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
	}
}
