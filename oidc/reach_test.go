package oidc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/oidc"
)

func TestTheProvidersOwnCertificateAuthorityIsTrustedOnlyIfConfigured(t *testing.T) {
	server, roots := idptest.StartTLS(t)
	register(server)
	stranger := start(t, server)
	waitFor(t, "a refusal", func() bool { return oidc.KindOf(stranger.Status().Err) == oidc.KindConfig })
	rp := startReady(t, server, func(c *oidc.Config) { c.RootCAs = roots })
	if _, err := rp.AuthorizeURL(t.Context(), validRequest()); err != nil {
		t.Error(err)
	}
}

// A public issuer that nobody can reach, and a back-channel address that works: Keycloak behind a load balancer.
func TestTheBackChannelAddressServesAllOwnRequestsAndNoneOfTheBrowsers(t *testing.T) {
	const public = "http://127.0.0.1:1"
	server, err := idp.New(idp.Options{Issuer: public, Users: idp.DemoUsers()})
	if err != nil {
		t.Fatal(err)
	}
	register(server)
	inner := httptest.NewServer(server)
	defer inner.Close()
	rp := startReady(t, server, func(c *oidc.Config) { c.BackChannelURL, c.Userinfo, c.Logout = inner.URL, true, true })
	to, err := rp.AuthorizeURL(t.Context(), validRequest())
	if err != nil || !strings.HasPrefix(to, public+"/authorize?") {
		t.Fatalf("authorize at %q, %v", to, err)
	}
	if out, ok := rp.EndSessionURL(oidc.EndSession{}); !ok || !strings.HasPrefix(out, public+"/end_session?") {
		t.Errorf("end session at %q", out)
	}
	if rp.EndSessionOrigin() != public {
		t.Errorf("origin %q", rp.EndSessionOrigin())
	}
	code := codeAt(t, strings.Replace(to, public, inner.URL, 1))
	login, err := rp.Redeem(t.Context(), oidc.Redemption{Code: code, Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI})
	if err != nil {
		t.Fatal(err)
	}
	if login.Subject.Issuer != public {
		t.Errorf("issuer %q", login.Subject.Issuer)
	}
	for _, endpoint := range []string{idp.Discovery, idp.JWKS, idp.Token, idp.Userinfo} {
		if server.Count(endpoint) == 0 {
			t.Errorf("%s was not asked", endpoint)
		}
	}
}

func codeAt(t *testing.T, to string) string {
	t.Helper()
	browser := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	response, err := browser.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	location, err := response.Location()
	if err != nil {
		t.Fatal(err)
	}
	return location.Query().Get("code")
}

// tunnel is an HTTP proxy that connects every CONNECT to one address and notes what was asked.
type tunnel struct {
	to string

	mu    sync.Mutex // guards asked
	asked []string
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host)
	p.mu.Unlock()
	up, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", p.to)
	if err != nil {
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	down, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(up, down); _ = up.Close() }()
	_, _ = io.Copy(down, up)
	_ = down.Close()
}

func (p *tunnel) seen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.asked, ", ")
}

func TestTheBackChannelHonoursTheProxyOfTheEnvironmentAndItsOwn(t *testing.T) {
	for _, way := range []string{"environment", "config"} {
		t.Run(way, func(t *testing.T) {
			server, roots := idptest.StartTLS(t)
			real, err := url.Parse(server.Issuer())
			if err != nil {
				t.Fatal(err)
			}
			server.SetIssuer("https://example.com") // the name in httptest's certificate
			proxy := &tunnel{to: real.Host}
			ts := httptest.NewServer(proxy)
			defer ts.Close()
			address, err := url.Parse(ts.URL)
			if err != nil {
				t.Fatal(err)
			}
			if way == "environment" {
				t.Setenv("HTTPS_PROXY", ts.URL)
				t.Setenv("NO_PROXY", "")
			}
			startReady(t, server, func(c *oidc.Config) {
				if c.RootCAs = roots; way == "config" {
					c.Proxy = address
				}
			})
			if !strings.Contains(proxy.seen(), "CONNECT example.com:443") {
				t.Errorf("the proxy saw %q", proxy.seen())
			}
		})
	}
}

func TestACallerThatGivesUpIsNotKeptWaiting(t *testing.T) {
	b := newBed(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	b.idp.Lie(idp.Lies{TokenRaw: func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}})
	defer close(release)
	answer := authorize(t, b.rp, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := b.rp.Redeem(ctx, oidc.Redemption{Code: answer.Get("code"), Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI})
	wantKind(t, err, oidc.KindUnavailable)
	if !errors.Is(err, context.Canceled) { // rather than the time limit
		t.Errorf("it was kept waiting: %v", err)
	}
}
