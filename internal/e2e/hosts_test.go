package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
)

// raw sends one request byte by byte and returns the answer's status, Location and body.
func raw(t *testing.T, addr, request string) (status int, location, body string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, edgetest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(edgetest.Patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "", "" // closed without an answer
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(b)
}

func get(host, path string) string {
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nConnection: close\r\n\r\n", path, host)
}

// twoHosts is an edge with two public hosts: everything of the first needs a login, all of the second is public.
func twoHosts(t *testing.T) (addr, first, second string) {
	t.Helper()
	w := newWorld(t)
	addr = edgetest.Addr(t)
	_, port, _ := net.SplitHostPort(addr)
	first, second = addr, "localhost:"+port
	w.client(addr)
	e := edgetest.New(t, addr, w.config(""))
	text, err := os.ReadFile(e.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "}]", fmt.Sprintf("}, {url: http://%s}]", second), 1)
	edited = strings.Replace(edited, "routes:\n", fmt.Sprintf("routes:\n  - {host: %q, path: /vault, upstream: page, public: true}\n", second), 1)
	if err := os.WriteFile(e.ConfigFile(), []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Run()
	e.WaitReady()
	return addr, first, second
}

func Test_RT16_every_spelling_of_a_host_is_decided_like_the_host(t *testing.T) {
	addr, first, second := twoHosts(t)
	_, port, _ := net.SplitHostPort(addr)
	for _, host := range []string{first, "127.0.0.1.:" + port} {
		if status, location, _ := raw(t, addr, get(host, "/vault/")); status != http.StatusSeeOther || !strings.HasPrefix(location, "/.edgeauth/login") {
			t.Errorf("Host %s: %d %s", host, status, location)
		}
	}
	for _, host := range []string{second, "LOCALHOST:" + port, "localhost.:" + port, "LocalHost.:" + port} {
		if status, _, _ := raw(t, addr, get(host, "/vault/")); status != http.StatusOK {
			t.Errorf("Host %s: %d", host, status)
		}
	}
}

func Test_RT17_an_unknown_host_gets_no_site_at_all(t *testing.T) {
	addr, _, _ := twoHosts(t)
	for _, host := range []string{"unknown.test", "127.0.0.2", "localhost", "127.0.0.1", "evil.test@" + addr, "", "localhost:1"} {
		status, location, body := raw(t, addr, get(host, "/vault"))
		if status != http.StatusMisdirectedRequest && status != http.StatusBadRequest || location != "" {
			t.Errorf("Host %q: %d %s\n%s", host, status, location, body)
		}
	}
}

func Test_RT17_the_host_of_an_absolute_target_is_looked_up_like_any_other(t *testing.T) {
	addr, first, second := twoHosts(t)
	req := fmt.Sprintf("GET http://%s/vault HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nConnection: close\r\n\r\n", first, second)
	if status, _, _ := raw(t, addr, req); status != http.StatusSeeOther && status != http.StatusBadRequest {
		t.Errorf("target of the first host, Host of the second: %d", status)
	}
}

func Test_DO08_malformed_hosts_are_refused(t *testing.T) {
	addr, _, _ := twoHosts(t)
	for _, host := range []string{"[::1", "[fe80::1%25eth0]", "[::1]:", "[::ffff:1]evil", strings.Repeat("a", 4000)} {
		if status, _, _ := raw(t, addr, get(host, "/vault")); status != http.StatusMisdirectedRequest && status != http.StatusBadRequest {
			t.Errorf("Host %.40q: %d", host, status)
		}
	}
}

func Test_XF10_a_PROXY_protocol_preamble_is_no_request(t *testing.T) {
	addr, first, _ := twoHosts(t)
	for _, preamble := range []string{"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x02"} {
		if status, _, _ := raw(t, addr, preamble+get(first, "/public")); status != http.StatusBadRequest && status != 0 {
			t.Errorf("%.12q: %d", preamble, status)
		}
	}
}

func Test_RD16_forwarded_headers_of_strangers_change_no_link(t *testing.T) {
	addr, first, _ := twoHosts(t)
	for _, h := range []string{"X-Forwarded-Host: evil.test", "X-Forwarded-Prefix: //evil.test", "X-Forwarded-Proto: javascript", "Forwarded: host=evil.test;proto=ftp"} {
		req := fmt.Sprintf("GET /.edgeauth/login?rd=/x HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n%s\r\nConnection: close\r\n\r\n", first, h)
		status, location, _ := raw(t, addr, req)
		if status != http.StatusSeeOther || !strings.Contains(location, "redirect_uri=http%3A%2F%2F127.0.0.1") || strings.Contains(location, "evil") {
			t.Errorf("%s: %d %s", h, status, location)
		}
	}
}

// Each host has a provider of its own, and both reach the edge by a name that is none of its hosts'.
func Test_LO_01_a_logout_token_is_heard_under_any_name_whichever_hosts_provider_sends_it(t *testing.T) {
	t.Parallel()
	w, partner := newWorld(t), idptest.Start(t)
	addr := edgetest.Addr(t)
	_, port, _ := net.SplitHostPort(addr)
	e := edgetest.New(t, addr, strings.Replace(w.config(""), "upstreams:\n",
		fmt.Sprintf("  partner: {issuer: %q, client_id: edgeauth, client_secret: x}\nupstreams:\n", partner.Issuer()), 1))
	e.Overwrite(strings.Replace(e.Config(), fmt.Sprintf("hosts: [{url: %q}]", e.URL),
		fmt.Sprintf("hosts: [{url: %q, provider: corp}, {url: 'http://localhost:%s', provider: partner}]", e.URL, port), 1))
	e.Run()
	e.WaitReady()
	for name, from := range map[string]*idp.Server{"the first": w.idp, "the second": partner} {
		form := "logout_token=" + from.LogoutToken(func(_, c map[string]any) { c["aud"], c["sub"] = "edgeauth", "somebody" })
		status := http.StatusServiceUnavailable
		e.Until("the provider's keys are known", func() bool {
			status, _, _ = raw(t, addr, fmt.Sprintf("POST /.edgeauth/backchannel-logout HTTP/1.1\r\nHost: edge.internal\r\nContent-Length: %d\r\n"+
				"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n%s", len(form), form))
			return status != http.StatusServiceUnavailable
		})
		if status != http.StatusOK {
			t.Errorf("%s host's provider is answered %d", name, status)
		}
	}
}
