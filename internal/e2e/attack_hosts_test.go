package e2e_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func Test_DO08_an_IPv6_host_needs_its_brackets_and_nothing_else_has_them(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app, backend := classicasp.Start(t, classicasp.LastWins)
	addr := edgetest.Addr(t)
	_, port, _ := net.SplitHostPort(addr)
	e := edgetest.Prepare(t, edgetest.Setup{Listen: addr, URL: "http://[::1]:" + port, Rest: w.guarding(backend)})
	e.Overwrite(strings.Replace(e.Config(), "}]", fmt.Sprintf("}, {url: http://%s}]", addr), 1))
	e.Run()
	e.WaitReady()
	for _, host := range []string{"[::1:" + port + "]", "::1:" + port, "[::1", "[::1]evil", "[::1]evil:" + port, "[[::1]]:" + port, "[fe80::1%25eth0]", "[::ffff:1]evil", "[127.0.0.1]:" + port, "[127.0.0.1:" + port + "]", "]127.0.0.1[:" + port} {
		if status, _, _ := raw(t, addr, get(host, "/public/x")); status != http.StatusMisdirectedRequest && status != http.StatusBadRequest {
			t.Errorf("Host %q: %d", host, status)
		}
	}
	if hits := app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application", len(hits))
	}
	if status, _, _ := raw(t, addr, get("[::1]:"+port, "/public/x")); status != http.StatusOK {
		t.Errorf("the host itself: %d", status)
	}
}

func Test_DO08_an_address_of_a_hundred_thousand_brackets_is_read_in_no_time(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, email := range []string{strings.Repeat("(", 100_000), strings.Repeat("(", 2000), strings.Repeat("<@", 1000)} {
		_, told := s.loginAs(func(claims map[string]any) { claims["email"] = email })
		if strings.Contains(told["HTTP_X_AUTH_EMAIL"], "((") {
			t.Errorf("the application was told an address of %d bytes", len(told["HTTP_X_AUTH_EMAIL"]))
		}
	}
	s.alive()
}

func Test_XF04_a_mapped_address_is_the_IPv4_address_in_the_list_of_trusted_proxies(t *testing.T) {
	t.Parallel()
	for list, chains := range map[string]map[string]string{
		"127.0.0.0/8, 10.0.0.0/8": {"203.0.113.9, ::ffff:10.0.0.1": "203.0.113.9", "203.0.113.9, 10.0.0.1": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9", "198.51.100.1, ::ffff:203.0.113.9, 10.0.0.1": "203.0.113.9"},
		"'::ffff:127.0.0.0/104'":  {"203.0.113.9": "203.0.113.9", "203.0.113.9, ::ffff:10.0.0.1": "10.0.0.1"},
		"'::/0'":                  {"203.0.113.9": "127.0.0.1", "::ffff:203.0.113.9": "127.0.0.1"},
	} {
		s := besiege(t, "  trusted_proxies: ["+list+"]\n", "")
		for chain, want := range chains {
			before := len(s.app.Hits())
			s.get("/public/x", "X-Forwarded-For: "+chain+"\r\n")
			if hits := s.app.Hits()[before:]; len(hits) != 1 || hits[0].Variables["HTTP_X_FORWARDED_FOR"] != want {
				t.Errorf("trusted %s, chain %q: the application read %+v, want the client %s", list, chain, hits, want)
			}
		}
	}
}

// pairOf writes a self-signed certificate for a name and returns its line of the configuration.
func pairOf(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := func(ending, kind string, block []byte) string {
		path := filepath.Join(t.TempDir(), name+ending)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return fmt.Sprintf("      - {cert_file: %s, key_file: %s}\n", file(".pem", "CERTIFICATE", der), file(".key", "PRIVATE KEY", pkcs8))
}

// secure is an edge with TLS: open.corp.test is public, admin.corp.test asks for a group; plain http redirects.
func secure(t *testing.T) (e *edgetest.Edge, app *classicasp.App, plain string) {
	t.Helper()
	w := newWorld(t)
	app, backend := classicasp.Start(t, classicasp.LastWins)
	addr, plain := edgetest.Addr(t), edgetest.Addr(t)
	server := "  http_listen: " + plain + "\n  tls:\n    mode: files\n    certificates:\n" + pairOf(t, "open.corp.test") + pairOf(t, "admin.corp.test")
	routes := "routes:\n  - {host: open.corp.test, path: /, upstream: asp, public: true}\n  - {host: admin.corp.test, path: /public, upstream: asp, public: true}\n  - {host: admin.corp.test, path: /, upstream: asp, groups: [admin]}\n"
	e = edgetest.Prepare(t, edgetest.Setup{Listen: addr, URL: "https://open.corp.test", Server: server, Rest: strings.Replace(w.guarding(backend), siegeRoutes, routes, 1)})
	e.Overwrite(strings.Replace(e.Config(), "}]", "}, {url: https://admin.corp.test}]", 1))
	e.Run()
	e.WaitReady()
	return e, app, plain
}

// shake opens a TLS connection under a server name; empty sends none.
func shake(t *testing.T, addr, name, protocol string) *tls.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{ServerName: name, NextProtos: []string{protocol}, InsecureSkipVerify: true}}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Fatalf("server name %q: %v", name, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(edgetest.Patience))
	return conn.(*tls.Conn)
}

func Test_TL01_the_policy_is_that_of_the_requested_host_whatever_name_the_connection_was_opened_under(t *testing.T) {
	t.Parallel()
	e, app, _ := secure(t)
	for _, name := range []string{"open.corp.test", "admin.corp.test", "OPEN.corp.test"} {
		first := newWire(t, shake(t, e.Listen, name, "http/1.1"))
		for i, c := range []struct {
			host, target string
			want         []int
		}{
			{"open.corp.test", "/secret", []int{200}}, {"admin.corp.test", "/secret", []int{303, 421}}, {"ADMIN.corp.test.:443", "/secret", []int{303, 421}}, {"admin.corp.test", "/public/x", []int{200, 421}},
			{"admin.corp.test", "/secret", []int{303, 421}}, {"open.corp.test", "/secret", []int{200}}, {"evil.test", "/secret", []int{421}},
		} {
			before := len(app.Hits())
			first.write("GET " + c.target + " HTTP/1.1\r\nHost: " + c.host + "\r\nAccept: text/html\r\n\r\n")
			r := first.read("GET")
			status := stream(shake(t, e.Listen, name, "h2"), []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: c.host}, {Name: ":path", Value: c.target}, {Name: "accept", Value: "text/html"}}, nil)
			if !oneOf(fmt.Sprint(r.StatusCode), c.want) || !oneOf(status, c.want) {
				t.Errorf("server name %s, request %d for %s%s: %d over HTTP/1, %s over HTTP/2, want %v", name, i, c.host, c.target, r.StatusCode, status, c.want)
			}
			for _, h := range app.Hits()[before:] {
				if h.Variables["HTTP_X_FORWARDED_HOST"] == "admin.corp.test" && h.Target != "/public/x" {
					t.Errorf("server name %s: %s of the host with the policy was reached", name, h.Target)
				}
			}
		}
	}
}

func oneOf(status string, want []int) bool {
	return strings.Contains(fmt.Sprint(" ", want, " "), status) && status != ""
}

func Test_TL04_plain_http_leads_to_configured_hosts_and_serves_nothing_else(t *testing.T) {
	t.Parallel()
	_, app, plain := secure(t)
	for _, c := range []struct {
		request, location string
		want              int
	}{
		{get("admin.corp.test", "/x?a=b"), "https://admin.corp.test/x?a=b", 301}, {get("evil.test", "/x"), "", 421}, {get("admin.corp.test", "http://evil.test/x"), "", 421}, {get("evil.test", "http://admin.corp.test/x"), "https://admin.corp.test/x", 301},
		{get("admin.corp.test", "/.well-known/acme-challenge/../../admin"), "", 404}, {get("admin.corp.test", "/.well-known/acme-challenge/unknown"), "", 404}, {get("evil.test", "/.well-known/acme-challenge/unknown"), "", 404}, {get("admin.corp.test", "/.well-known/acme-challenge/%2e%2e/%2e%2e/public/x"), "", 404},
	} {
		status, location, _ := raw(t, plain, c.request)
		mayStay := c.want == 404 && status == 301 && strings.HasPrefix(location, "https://admin.corp.test/") // nobody waits for a challenge here
		if (status != c.want || location != c.location) && !mayStay && !(c.want == 404 && status == 421) {
			t.Errorf("%q: %d to %q, want %d to %q", c.request, status, location, c.want, c.location)
		}
	}
	if hits := app.Hits(); len(hits) != 0 {
		t.Errorf("%d requests reached the application over plain http", len(hits))
	}
}

func Test_CK05_CB08_what_one_host_gave_is_nothing_at_another(t *testing.T) {
	t.Parallel()
	addr, first, second := twoHosts(t)
	c := edgetest.NewClient(t)
	p := c.Ask("http://" + first + "/.edgeauth/login?rd=/x")
	callback := c.Ask(p.Header.Get("Location")).Header.Get("Location")
	if !strings.HasPrefix(callback, "http://"+first+"/.edgeauth/callback?") {
		t.Fatalf("the login does not come back: %q", callback)
	}
	binding := "Cookie: edgeauth-login=" + c.Cookie("http://"+first, "edgeauth-login") + "\r\n"
	ask := func(host, target, line string) string {
		return strings.Replace(get(host, target), "Connection:", line+"Connection:", 1)
	}
	query := strings.TrimPrefix(callback, "http://"+first)
	w := wireTo(t, addr)
	w.write(ask(second, query, binding))
	if r := w.read("GET"); r.StatusCode < 400 || r.StatusCode > 499 || len(r.Cookies()) != 0 {
		t.Errorf("a callback of the first host at the second: %d with %v", r.StatusCode, r.Cookies())
	}
	if p := c.Open(callback); p.Status != http.StatusOK {
		t.Fatalf("the login itself ended with %d", p.Status)
	}
	session := "Cookie: edgeauth=" + c.Cookie("http://"+first, "edgeauth") + "\r\n"
	if status, _, _ := raw(t, addr, ask(first, "/x", session)); status != http.StatusOK {
		t.Errorf("the session at its own host: %d", status)
	}
	for _, target := range []string{"/x", "/.edgeauth/me"} {
		if status, _, _ := raw(t, addr, ask(second, target, session)); status != http.StatusSeeOther && status != http.StatusUnauthorized {
			t.Errorf("the session of the first host at %s of the second: %d", target, status)
		}
	}
}
