package oidc_test

import (
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/oidc"
)

func discoveryLie(edit func(doc map[string]any)) idp.Lies { return idp.Lies{Discovery: edit} }

func setMetadata(name string, value any) idp.Lies {
	return discoveryLie(func(doc map[string]any) {
		if doc[name] = value; value == nil {
			delete(doc, name)
		}
	})
}

// refusesDiscovery expects each lie to keep the provider from becoming ready, for a stated reason. Logins are told to come
// again.
func refusesDiscovery(t *testing.T, lies map[string]idp.Lies) {
	t.Helper()
	refusesDiscoveryAs(t, oidc.KindUnavailable, lies)
}

// refusesDiscoveryAs is the same where logins are told something else.
func refusesDiscoveryAs(t *testing.T, want oidc.Kind, lies map[string]idp.Lies) {
	t.Helper()
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newIDP(t)
			server.Lie(lie)
			rp := start(t, server)
			waitFor(t, "an attempt to be judged", func() bool {
				var own *oidc.Error
				return errors.As(rp.Status().Err, &own)
			})
			if rp.Status().Ready {
				t.Fatal("ready")
			}
			_, err := rp.AuthorizeURL(t.Context(), validRequest())
			wantKind(t, err, want)
			server.Lie(idp.Lies{})
			waitFor(t, "recovery", func() bool { return rp.Status().Ready })
		})
	}
}

func validRequest() oidc.AuthRequest {
	return oidc.AuthRequest{RedirectURI: redirectURI, State: "state", Nonce: nonce, Verifier: verifier}
}

func TestID01_a_discovery_document_of_another_issuer_is_refused(t *testing.T) {
	issuerLie := func(edit func(string) string) idp.Lies {
		return discoveryLie(func(doc map[string]any) { doc["issuer"] = edit(doc["issuer"].(string)) })
	}
	other := httptest.NewServer(answer(http.StatusOK, "application/json", "{}"))
	t.Cleanup(other.Close) // after the parallel cases
	refusesDiscoveryAs(t, oidc.KindConfig, map[string]idp.Lies{
		"suffix":  issuerLie(func(s string) string { return s + "x" }),
		"slash":   issuerLie(func(s string) string { return s + "/" }),
		"case":    issuerLie(strings.ToUpper),
		"missing": setMetadata("issuer", nil),
	})
	refusesDiscovery(t, map[string]idp.Lies{
		"not a text": setMetadata("issuer", []string{"x"}),
		"redirect": {DiscoveryRaw: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}},
		"redirect without Location": {DiscoveryRaw: answer(http.StatusFound, "text/html", "")},
	})
}

func TestAnIssuerThatIsNotThereIsToldByItsAddress(t *testing.T) {
	server := newIDP(t)
	server.Lie(idp.Lies{DiscoveryRaw: answer(http.StatusNotFound, "text/html", "")})
	rp := start(t, server)
	want := "status 404 at " + server.Issuer() + "/.well-known/openid-configuration"
	waitFor(t, want, func() bool { err := rp.Status().Err; return err != nil && strings.Contains(err.Error(), want) })
}

func TestID01_an_endpoint_over_plain_http_elsewhere_is_refused(t *testing.T) {
	refusesDiscovery(t, map[string]idp.Lies{
		"token":              setMetadata("token_endpoint", "http://idp.example/token"),
		"authorize":          setMetadata("authorization_endpoint", "http://idp.example/authorize"),
		"jwks":               setMetadata("jwks_uri", "http://10.0.0.1/jwks"),
		"end session":        setMetadata("end_session_endpoint", "javascript:alert(1)"),
		"relative":           setMetadata("token_endpoint", "/token"),
		"with a user":        setMetadata("token_endpoint", "https://user:secret@idp.example/token"),
		"with a fragment":    setMetadata("authorization_endpoint", "https://idp.example/authorize#x"),
		"token missing":      setMetadata("token_endpoint", nil),
		"authorize missing":  setMetadata("authorization_endpoint", nil),
		"jwks missing":       setMetadata("jwks_uri", nil),
		"jwks not a text":    setMetadata("jwks_uri", 5),
		"iss param a string": setMetadata("authorization_response_iss_parameter_supported", "true"),
	})
}

func TestID01_plain_http_is_refused_where_the_issuer_is_https(t *testing.T) {
	server, roots := idptest.StartTLS(t)
	register(server)
	server.Lie(discoveryLie(func(doc map[string]any) {
		doc["token_endpoint"] = strings.Replace(doc["token_endpoint"].(string), "https:", "http:", 1)
	}))
	rp := start(t, server, func(c *oidc.Config) { c.RootCAs = roots })
	waitFor(t, "a refusal", func() bool { return oidc.KindOf(rp.Status().Err) == oidc.KindInvalid })
}

func TestID02_an_unreasonable_discovery_answer_is_refused_within_bounds(t *testing.T) {
	refusesDiscovery(t, map[string]idp.Lies{
		"endless": {DiscoveryRaw: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			chunk := []byte(strings.Repeat(" ", 64<<10))
			for {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}},
		"a megabyte too long": {Discovery: func(doc map[string]any) {
			doc["padding"] = longText(1 << 20)
		}},
		"gzip bomb": {DiscoveryRaw: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			bomb := gzip.NewWriter(w)
			_, _ = bomb.Write(make([]byte, 8<<20))
			_ = bomb.Close()
		}},
		"large headers": {DiscoveryRaw: func(w http.ResponseWriter, _ *http.Request) {
			for i := range 100 {
				w.Header().Set("X-"+longText(i+1), longText(4096))
			}
		}},
		"204":          {DiscoveryRaw: answer(http.StatusNoContent, "application/json", "")},
		"404":          {DiscoveryRaw: answer(http.StatusNotFound, "application/json", "{}")},
		"429":          {DiscoveryRaw: answer(http.StatusTooManyRequests, "application/json", "{}")},
		"HTML":         {DiscoveryRaw: answer(http.StatusOK, "text/html", "<html>")},
		"no JSON":      {DiscoveryRaw: answer(http.StatusOK, "application/json", "<html>")},
		"a list":       {DiscoveryRaw: answer(http.StatusOK, "application/json", "[]")},
		"a name twice": {DiscoveryRaw: answer(http.StatusOK, "application/json", `{"issuer":"a","issuer":"b"}`)},
		"down":         {Down: true},
	})
}

func TestID02_a_slow_answer_ends_at_the_time_limit(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the ten seconds of the limit")
	}
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-release:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}))
	defer slow.Close()
	rp := start(t, newIDP(t, func(o *idp.Options) { o.Issuer = slow.URL }))
	waitFor(t, "the limit", func() bool { return oidc.KindOf(rp.Status().Err) == oidc.KindUnavailable })
	if !errors.Is(rp.Status().Err, context.DeadlineExceeded) {
		t.Error(rp.Status().Err)
	}
}

func TestID04_a_provider_that_is_down_at_start_is_found_when_it_comes(t *testing.T) {
	server := newIDP(t)
	server.Lie(idp.Lies{Down: true})
	rp := start(t, server)
	waitFor(t, "an attempt", func() bool { return oidc.KindOf(rp.Status().Err) == oidc.KindUnavailable })
	_, err := rp.Redeem(t.Context(), oidc.Redemption{Code: "c", Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI})
	wantKind(t, err, oidc.KindUnavailable)
	_, err = rp.VerifyLogoutToken(t.Context(), "a.b.c")
	wantKind(t, err, oidc.KindUnavailable)
	wantKind(t, rp.CheckIssuer(nil), oidc.KindUnavailable)
	if _, ok := rp.EndSessionURL(oidc.EndSession{}); ok || rp.EndSessionOrigin() != "" {
		t.Error("an end-session endpoint without discovery")
	}
	server.Lie(idp.Lies{})
	waitFor(t, "recovery", func() bool { s := rp.Status(); return s.Ready && s.Err == nil })
	if _, err := redeem(t, rp); err != nil {
		t.Error(err)
	}
}

func TestCB07_a_provider_without_S256_is_refused(t *testing.T) {
	refusesDiscovery(t, map[string]idp.Lies{
		"plain only": setMetadata("code_challenge_methods_supported", []string{"plain"}),
		"none":       setMetadata("code_challenge_methods_supported", []string{}),
		"lower case": setMetadata("code_challenge_methods_supported", []string{"s256"}),
		"a string":   setMetadata("code_challenge_methods_supported", "S256"),
	})
	server := newIDP(t)
	server.Lie(setMetadata("code_challenge_methods_supported", nil))
	if _, err := redeem(t, startReady(t, server)); err != nil {
		t.Errorf("a provider that lists no method: %v", err)
	}
}

func TestADefectiveConfigurationIsRefusedWithoutAnyNetwork(t *testing.T) {
	for name, edit := range map[string]func(*oidc.Config){
		"no name":            func(c *oidc.Config) { c.Name = "" },
		"no issuer":          func(c *oidc.Config) { c.Issuer = "" },
		"plain http":         func(c *oidc.Config) { c.Issuer = "http://idp.example" },
		"issuer with query":  func(c *oidc.Config) { c.Issuer = "https://idp.example?x" },
		"no secret":          func(c *oidc.Config) { c.ClientSecret = "" },
		"client auth":        func(c *oidc.Config) { c.ClientAuth = "none" },
		"response mode":      func(c *oidc.Config) { c.ResponseMode = "fragment" },
		"algorithm none":     func(c *oidc.Config) { c.Algorithms = []string{"none"} },
		"algorithm HS256":    func(c *oidc.Config) { c.Algorithms = []string{"RS256", "HS256"} },
		"skew too large":     func(c *oidc.Config) { c.ClockSkew = 61 * time.Second },
		"skew negative":      func(c *oidc.Config) { c.ClockSkew = -1 },
		"extra redirect_uri": func(c *oidc.Config) { c.ExtraParams = map[string]string{"redirect_uri": "https://evil.example"} },
		"extra request":      func(c *oidc.Config) { c.ExtraParams = map[string]string{"request": "x"} },
		"back channel path":  func(c *oidc.Config) { c.BackChannelURL = "http://keycloak:8080/realms" },
		"back channel ftp":   func(c *oidc.Config) { c.BackChannelURL = "ftp://keycloak" },
	} {
		t.Run(name, func(t *testing.T) {
			config := oidc.Config{Name: "n", Issuer: "https://idp.example", ClientID: "c", ClientSecret: "s"}
			if _, err := oidc.New(config); err != nil {
				t.Fatalf("before the edit: %v", err)
			}
			edit(&config)
			_, err := oidc.New(config)
			wantKind(t, err, oidc.KindConfig)
		})
	}
}
