package e2e_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
)

// acmeHost is the public name of the edge; Pebble's DNS and the test's client know it as 127.0.0.1.
const acmeHost = "app.corp.test"

func Test_an_edge_gets_its_certificate_by_ACME_and_logs_people_in_over_https(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, plain := startACME(t, w)
	c := edgetest.NewClient(t, insecurely(e.Listen, plain))
	e.Until("there is a certificate", func() bool {
		v, ok := e.Metric(`edgeauth_certificate_not_after_timestamp_seconds{host="` + acmeHost + `"}`)
		return ok && v > float64(time.Now().Unix())
	})

	p := c.Ask("http://" + acmeHost + "/a/b?x=1")
	if to := p.Header.Get("Location"); p.Status/100 != 3 || to != e.URL+"/a/b?x=1" {
		t.Errorf("plain http is sent to %q with %d", to, p.Status)
	}
	p = c.Open(e.URL + "/deep?x=1")
	if wantPage(t, p); p.URL.String() != e.URL+"/deep?x=1" || !strings.Contains(p.Body, "alice") {
		t.Errorf("after the login the browser is at %s", p.URL)
	}
	if p.Proto != "HTTP/2.0" {
		t.Errorf("the page came by %s", p.Proto)
	}
	if p.Header.Get("Strict-Transport-Security") == "" {
		t.Error("Strict-Transport-Security is missing")
	}
	if c.Cookie(e.URL, "__Host-edgeauth") == "" || c.Cookie(e.URL, "edgeauth") != "" {
		t.Error("the session cookie is not __Host-edgeauth")
	}
	p = c.Ask(e.URL + "/.edgeauth/login?rd=/")
	cookies := p.Header.Values("Set-Cookie")
	if len(cookies) == 0 {
		t.Fatalf("the beginning of a login sets no cookie: %d", p.Status)
	}
	for _, set := range cookies {
		if !strings.HasPrefix(set, "__Host-") || !strings.Contains(set, "; Secure") || !strings.Contains(set, "; HttpOnly") {
			t.Errorf("a cookie without its protection: %s", set)
		}
	}
	wantLeaf(t, e)
}

// wantLeaf fails the test unless the certificate shown is for the host and comes from Pebble.
func wantLeaf(t *testing.T, e *edgetest.Edge) {
	t.Helper()
	conn, err := tls.Dial("tcp", e.Listen, &tls.Config{ServerName: acmeHost, InsecureSkipVerify: true}) // Pebble's root is new each time
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	leaf := conn.ConnectionState().PeerCertificates[0]
	if err := leaf.VerifyHostname(acmeHost); err != nil || !strings.Contains(leaf.Issuer.CommonName, "Pebble") {
		t.Errorf("the certificate is of %q: %v", leaf.Issuer.CommonName, err)
	}
}

// startACME runs an edge that asks Pebble for its certificate, and returns it and the address of its plain listener.
func startACME(t *testing.T, w *world) (e *edgetest.Edge, plain string) {
	t.Helper()
	listen, plain := edgetest.Addr(t), edgetest.Addr(t)
	ca := pebbletest.Start(t, pebbletest.Ports{HTTP: port(t, plain), TLS: port(t, listen)}, 90*24*3600)
	origin := "https://" + acmeHost
	w.idp.SetClient(clientAt(origin))
	e = edgetest.Prepare(t, edgetest.Setup{URL: origin, Listen: listen, Rest: w.config(""), Server: fmt.Sprintf(
		"  http_listen: %s\n  tls: {mode: acme, acme: {directory: %q, ca_file: %q, accept_terms: true}}\n", plain, ca.Directory, ca.CAFile)})
	e.Run()
	e.WaitReady()
	return e, plain
}

// clientAt is the edge as the provider knows it.
func clientAt(origin string) idp.Client {
	return idp.Client{ID: "edgeauth", Secret: clientSecret, RedirectURIs: []string{origin + "/.edgeauth/callback"},
		PostLogoutURIs: []string{origin + "/.edgeauth/logged-out"}}
}

func port(t *testing.T, addr string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// insecurely lets a client find the edge under its public name, and believe any certificate: wantLeaf looks at it.
func insecurely(secure, plain string) func(*http.Transport) {
	return func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // see wantLeaf
		tr.ForceAttemptHTTP2 = true
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			switch addr {
			case acmeHost + ":443":
				addr = secure
			case acmeHost + ":80":
				addr = plain
			}
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
	}
}
