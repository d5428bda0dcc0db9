package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/oidc"
)

const (
	clientID     = "edge"
	clientSecret = "edge secret: %&+"
	redirectURI  = "http://127.0.0.1/.edgeauth/callback"
	verifier     = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	nonce        = "the-nonce-of-this-flow"
	limit        = 30 * time.Second
)

// bed is a provider that can lie and the relying party in front of it.
type bed struct {
	idp *idp.Server
	rp  *oidc.Provider
}

func newIDP(t testing.TB, opts ...func(*idp.Options)) *idp.Server {
	t.Helper()
	server := idptest.Start(t, opts...)
	register(server)
	return server
}

func register(server *idp.Server) {
	server.SetClient(idp.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}})
	server.AutoLogin("alice")
}

func newBed(t testing.TB, edits ...func(*oidc.Config)) bed {
	t.Helper()
	server := newIDP(t)
	return bed{idp: server, rp: startReady(t, server, edits...)}
}

func configFor(server *idp.Server) oidc.Config {
	return oidc.Config{Name: "test", Issuer: server.Issuer(), ClientID: clientID, ClientSecret: clientSecret,
		Scopes: []string{"openid", "profile", "email"}}
}

// start makes a relying party that is running until the test ends.
func start(t testing.TB, server *idp.Server, edits ...func(*oidc.Config)) *oidc.Provider {
	t.Helper()
	config := configFor(server)
	for _, edit := range edits {
		edit(&config)
	}
	rp, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- rp.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return rp
}

func startReady(t testing.TB, server *idp.Server, edits ...func(*oidc.Config)) *oidc.Provider {
	t.Helper()
	rp := start(t, server, edits...)
	waitFor(t, "the provider to be ready", func() bool { s := rp.Status(); return s.Ready && s.Err == nil })
	return rp
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}

// authorize walks a browser through the authorization endpoint and returns what comes back.
func authorize(t testing.TB, rp *oidc.Provider, edit func(*oidc.AuthRequest)) url.Values {
	t.Helper()
	request := oidc.AuthRequest{RedirectURI: redirectURI, State: "state", Nonce: nonce, Verifier: verifier}
	if edit != nil {
		edit(&request)
	}
	to, err := rp.AuthorizeURL(t.Context(), request)
	if err != nil {
		t.Fatalf("AuthorizeURL: %v", err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	browser := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	response, err := browser.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	location, err := response.Location()
	if err != nil {
		t.Fatalf("status %d without a Location: %v", response.StatusCode, err)
	}
	return location.Query()
}

func redeem(t testing.TB, rp *oidc.Provider, edits ...func(*oidc.Redemption)) (*oidc.Login, error) {
	t.Helper()
	answer := authorize(t, rp, nil)
	redemption := oidc.Redemption{Code: answer.Get("code"), Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI}
	for _, edit := range edits {
		edit(&redemption)
	}
	return rp.Redeem(t.Context(), redemption)
}

func wantKind(t testing.TB, err error, want oidc.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of kind %v", want)
	}
	if got := oidc.KindOf(err); got != want {
		t.Fatalf("kind %v, want %v: %v", got, want, err)
	}
}

// refusesIDTokens runs one login for each lie. Each must fail as invalid, and an honest one in the end must work.
func refusesIDTokens(t *testing.T, b bed, lies map[string]idp.Lies) {
	t.Helper()
	refusesLogins(t, b, oidc.KindInvalid, lies)
}

// refusesLogins is the same for another kind.
func refusesLogins(t *testing.T, b bed, want oidc.Kind, lies map[string]idp.Lies) {
	t.Helper()
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			b.idp.Lie(lie)
			defer b.idp.Lie(idp.Lies{})
			_, err := redeem(t, b.rp)
			wantKind(t, err, want)
		})
	}
	if _, err := redeem(t, b.rp); err != nil {
		t.Fatalf("an honest login afterwards: %v", err)
	}
}

func claimLie(edit func(claims map[string]any)) idp.Lies {
	return idp.Lies{IDToken: func(_, claims map[string]any) { edit(claims) }}
}

func setClaim(name string, value any) idp.Lies {
	return claimLie(func(claims map[string]any) { claims[name] = value })
}

func dropClaim(name string) idp.Lies {
	return claimLie(func(claims map[string]any) { delete(claims, name) })
}

func setHeader(name string, value any) idp.Lies {
	return idp.Lies{IDToken: func(header, _ map[string]any) { header[name] = value }}
}

// answer replaces an endpoint's answer by a fixed one.
func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}
