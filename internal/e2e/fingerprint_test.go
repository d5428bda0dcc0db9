package e2e_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// startSecure runs an edge with TLS on https://localhost with a port of its own.
func startSecure(t *testing.T, w *world) *edgetest.Edge {
	t.Helper()
	addr := edgetest.Addr(t)
	w.client(addr)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := writeCertificate(t)
	e := edgetest.Prepare(t, edgetest.Setup{
		Listen: addr, URL: "https://localhost:" + port, Rest: w.config(""),
		Server: fmt.Sprintf("  http_listen: %s\n  tls:\n    mode: files\n    certificates: [{cert_file: %q, key_file: %q}]\n", edgetest.Addr(t), cert, key),
	})
	e.Run()
	e.WaitReady()
	return e
}

// fingerprintAt waits for the access record of a path and returns the fingerprint in it.
func fingerprintAt(t *testing.T, e *edgetest.Edge, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var found string
	e.Until("a record of "+u.Path, func() bool {
		for line := range strings.Lines(e.Log()) {
			var record struct{ Msg, Path, JA4 string }
			if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "request" && record.Path == u.Path {
				found = record.JA4
				return true
			}
		}
		return false
	})
	return found
}

// What Chromium's hello has in common with every other hello of it, and what not.
const (
	chromiumCiphers = "_8daaf6152771_" // as FoxIO publishes
	ofName, ofIP    = "t13d", "t13i"
	overH2, overH1  = "h2_", "h1_"
)

func TestChromiumHasOneFingerprintInEveryLaunchAndGoAnother(t *testing.T) {
	e := startSecure(t, newWorld(t))
	byIP := strings.Replace(e.URL, "localhost", "127.0.0.1", 1)
	launch := func(address string, flags ...string) string {
		browser.Start(t, append(flags, "--ignore-certificate-errors")...).NewTab().Open(address)
		return fingerprintAt(t, e, address)
	}
	first, second := launch(e.URL+"/public/first"), launch(e.URL+"/public/second")
	t.Logf("Chromium: %s", first)
	if first != second || !strings.HasPrefix(first, ofName) || !strings.Contains(first, overH2+chromiumCiphers[1:]) {
		t.Errorf("two launches have %q and %q", first, second)
	}
	// Without a host's name only the first part differs; for HTTP/1 Chromium leaves out an extension.
	ip, h1 := launch(byIP+"/public/ip"), launch(e.URL+"/public/h1", "--disable-http2")
	if !strings.HasPrefix(ip, ofIP) || ip[10:] != first[10:] {
		t.Errorf("by the address %q, by name %q", ip, first)
	}
	if !strings.Contains(h1, overH1) || !strings.Contains(h1, chromiumCiphers) {
		t.Errorf("by HTTP/1 %q, by HTTP/2 %q", h1, first)
	}

	seen := map[string]bool{}
	for _, protocol := range []string{"h2", "http/1.1"} {
		address := e.URL + "/public/go/" + protocol
		c := edgetest.NewClient(t, func(tr *http.Transport) {
			tr.ForceAttemptHTTP2 = protocol == "h2"
			tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}
		})
		if got := c.Ask(address); (got.Proto == "HTTP/2.0") != (protocol == "h2") {
			t.Errorf("Go spoke %s, wanted %s", got.Proto, protocol)
		}
		ja4 := fingerprintAt(t, e, address)
		if len(ja4) != len(first) || strings.Contains(ja4, chromiumCiphers) || !strings.Contains(ja4, "h"+map[string]string{"h2": "2_", "http/1.1": "1_"}[protocol]) {
			t.Errorf("by %s Go's client has %q", protocol, ja4)
		}
		seen[ja4[10:]] = true
	}
	if len(seen) != 1 || seen[first[10:]] {
		t.Errorf("Go's client has %v, Chromium %q", seen, first)
	}
}

func TestWithoutTLSThereIsNoFingerprint(t *testing.T) {
	e := newWorld(t).start(t, "")
	edgetest.NewClient(t).Ask(e.URL + "/public/plain")
	if got := fingerprintAt(t, e, e.URL+"/public/plain"); got != "" {
		t.Errorf("the record has %q", got)
	}
}
