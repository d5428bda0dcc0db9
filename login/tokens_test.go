package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/session"
)

// vaulted is what the vault holds for a browser's session.
func (b *bed) vaulted(c *browser) (session.Tokens, bool) {
	b.t.Helper()
	r, _ := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.edge.URL, nil)
	r.AddCookie(&http.Cookie{Name: "edgeauth", Value: c.cookie("edgeauth")})
	s, err := b.opt.Cookies.Read(r)
	if err != nil {
		b.t.Fatal(err)
	}
	kept, found, err := b.opt.Vault.Get(b.t.Context(), s)
	if err != nil {
		b.t.Fatal(err)
	}
	return kept.Tokens, found
}

func TestALoginLeavesItsTokensInTheVaultAndALogoutTakesThemOutAndRevokesThem(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	issued := b.idp.Issued()[0]
	got, found := b.vaulted(c)
	if !found || got.ID != issued.IDToken || got.Access != issued.AccessToken || got.Refresh != issued.RefreshToken || got.Client != "edge" ||
		got.Scope != "openid profile email" || got.Number != 1 || got.Validated.IsZero() || !got.Expires.After(got.Validated) {
		t.Fatalf("in the vault: %v, %v until %v", found, got, got.Expires)
	}
	if b.shop.holds(issued.AccessToken) || b.shop.holds(issued.RefreshToken) {
		t.Error("the store shows a token")
	}
	before := b.shop.keys()
	c.logout()
	if b.shop.keys() != before-1 || b.idp.Refreshable(issued.RefreshToken) || b.events.of(audit.TokensRevoked) != 1 {
		t.Errorf("%d keys of %d, refreshable: %v, %d events", b.shop.keys(), before, b.idp.Refreshable(issued.RefreshToken), b.events.of(audit.TokensRevoked))
	}
}

func TestAStepUpMovesTheTokensToTheNewSessionID(t *testing.T) {
	for name, lie := range map[string]idp.Lies{
		"with another refresh token": {},
		"without one":                {TokenResponse: func(resp map[string]any) { delete(resp, "refresh_token") }},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, leveled)
			c := b.browser()
			c.login("/sensitive/a")
			first, _ := b.vaulted(c)
			before := b.shop.keys()
			b.raise("alice", identity.High, b.now())
			b.idp.Lie(lie)
			c.follow(c.get("/sensitive/a"))
			got, found := b.vaulted(c)
			issued := b.idp.Issued()[1]
			want := issued.RefreshToken
			if lie.TokenResponse != nil {
				want = first.Refresh
			}
			if !found || got.Access != issued.AccessToken || got.Refresh != want || got.Refresh == "" {
				t.Errorf("in the vault of the new id: %v, the refresh token is right: %v", found, got.Refresh == want)
			}
			if n := b.shop.keys() - before; n > 1 { // the once-mark of the step-up's flow
				t.Errorf("the vault of the old id is still there: %d keys more", n)
			}
			if b.idp.Count(idp.Revoke) != 0 {
				t.Error("a step-up revoked tokens, with which the provider's session ends")
			}
		})
	}
}

func TestALogoutGoesOnWhereTheProviderCannotRevoke(t *testing.T) {
	b := open(t)
	for name, lie := range map[string]idp.Lies{
		"down":    {RevokeRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"refuses": {RevokeRaw: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }},
	} {
		c := b.browser()
		c.login("/x")
		b.idp.Lie(lie)
		if p := c.follow(c.logout()); p.Request.URL.Path != "/.edgeauth/logged-out" || c.cookie("edgeauth") != "" {
			t.Errorf("%s: the logout ends at %s", name, p.Request.URL)
		}
		b.idp.Lie(idp.Lies{})
	}
	if n := b.events.of(audit.TokensRevoked); n != 2 {
		t.Errorf("%d events", n)
	}
}

func TestALogoutRevokesTheAccessTokenWhereThereIsNoRefreshToken(t *testing.T) {
	b := open(t)
	var asked []url.Values
	b.idp.Lie(idp.Lies{TokenResponse: func(resp map[string]any) { delete(resp, "refresh_token") }, RevokeRaw: func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.PostForm)
		w.WriteHeader(http.StatusOK)
	}})
	c := b.browser()
	c.login("/x")
	c.logout()
	if len(asked) != 1 || asked[0].Get("token") != b.idp.Issued()[0].AccessToken || asked[0].Get("token_type_hint") != "access_token" || b.events.of(audit.TokensRevoked) != 1 {
		t.Errorf("the provider was asked %v; %d events", asked, b.events.of(audit.TokensRevoked))
	}
}

func TestALogoutSpeaksToTheProviderAsTheClientThatTheSessionIsOf(t *testing.T) {
	b := open(t)
	b.opt.Providers = append(b.opt.Providers, b.secondClient())
	b.restart()
	c := b.browser()
	c.follow(c.get("/.edgeauth/login?provider=zz&rd=/x"))
	refresh := b.idp.Issued()[0].RefreshToken
	p := c.logout()
	if !strings.Contains(p.to(), "client_id=second&") || b.idp.Refreshable(refresh) || b.events.of(audit.TokensRevoked) != 1 {
		t.Errorf("sent to %s; the refresh token is good: %v, %d events", p.to(), b.idp.Refreshable(refresh), b.events.of(audit.TokensRevoked))
	}
	if p = c.follow(p); p.Request.URL.Path != "/.edgeauth/logged-out" || len(b.idp.Sessions()) != 0 {
		t.Errorf("it ended at %s, with %d sessions at the provider", p.Request.URL, len(b.idp.Sessions()))
	}
}

func TestTokensOfAnotherClientAreNotShownToThisOnesEndpoint(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	tokens, _ := b.vaulted(c)
	tokens.Client = "another" // as after a change of client_id in the configuration
	if err := b.opt.Vault.Put(t.Context(), c.held(), tokens); err != nil {
		t.Fatal(err)
	}
	c.logout()
	if n := b.idp.Count(idp.Revoke); n != 0 || b.events.of(audit.TokensRevoked) != 0 {
		t.Errorf("asked %d times to revoke", n)
	}
}

func TestNothingIsRevokedWhereTheProvidersSessionGoesOn(t *testing.T) {
	b := open(t, func(s *setup) { s.provider = func(c *oidc.Config) { c.Logout = false } })
	c := b.browser()
	c.login("/x")
	c.logout()
	if b.idp.Count(idp.Revoke) != 0 || !b.idp.Refreshable(b.idp.Issued()[0].RefreshToken) {
		t.Error("the tokens were revoked")
	}
}
