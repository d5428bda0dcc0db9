package idp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

func TestLogoutWithAHintReturnsAtOnceWithTheState(t *testing.T) {
	b := open(t)
	resp, _ := b.get("/end_session", url.Values{"id_token_hint": {b.tokens()["id_token"].(string)}, "state": {"s t&te"},
		"post_logout_redirect_uri": {goodbye}})
	if got := b.redirected(resp, goodbye).Get("state"); got != "s t&te" {
		t.Errorf("state %q", got)
	}
	if len(b.idp.Sessions()) != 0 {
		t.Error("the session lives on")
	}
}

func TestLogoutWithoutAHintAsksFirst(t *testing.T) {
	b := open(t)
	b.tokens()
	_, page := b.get("/end_session", url.Values{"client_id": {"edge"}, "post_logout_redirect_uri": {goodbye}})
	if len(b.idp.Sessions()) != 1 {
		t.Fatal("the session ended without a question")
	}
	resp, _ := b.fillIn(page, "client_id", "edge", "post_logout_redirect_uri", goodbye, "confirm", "yes")
	b.redirected(resp, goodbye)
	if len(b.idp.Sessions()) != 0 {
		t.Error("the session lives on after the confirmation")
	}
}

func TestAHintOfAnotherSessionAsksFirst(t *testing.T) {
	b := open(t)
	b.tokens()
	stranger := another(t, b.idp)
	hint := stranger.tokens()["id_token"].(string)
	_, page := b.get("/end_session", url.Values{"id_token_hint": {hint}})
	if !strings.Contains(page, "Sign out?") || len(b.idp.Sessions()) != 2 {
		t.Errorf("%d sessions are left:\n%s", len(b.idp.Sessions()), page)
	}
}

func TestBadLogoutRequestsAreRefused(t *testing.T) {
	b := open(t)
	hint := b.tokens()["id_token"].(string)
	_, claims, err := jose.Decode(hint)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := jose.NewRSA(b.idp.Key("RS256").ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]url.Values{
		"foreign address": {"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://evil.test/"}},
		"no client":       {"post_logout_redirect_uri": {goodbye}},
		"other client":    {"id_token_hint": {hint}, "client_id": {"x"}},
		"foreign key":     {"id_token_hint": {jose.Compact(map[string]any{"alg": "RS256"}, claims, foreign.Sign)}},
		"unsigned":        {"id_token_hint": {jose.Compact(map[string]any{"alg": "none"}, claims, jose.Unsigned)}},
	} {
		if resp, _ := b.get("/end_session", q); resp.StatusCode != http.StatusBadRequest || len(b.idp.Sessions()) != 1 {
			t.Errorf("%s: status %d, %d sessions left; want 400 and 1", name, resp.StatusCode, len(b.idp.Sessions()))
		}
	}
}

func TestAnEndedSessionIsToldToItsClientsAndItsTokensDie(t *testing.T) {
	b := open(t)
	told := make(chan *http.Request, 2)
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		told <- r
	}))
	t.Cleanup(client.Close)
	b.idp.SetClient(idp.Client{ID: "edge", Secret: "edge s%cret", RedirectURIs: []string{callback}, BackchannelLogoutURI: client.URL})
	tokens := b.tokens()
	info := b.idp.Sessions()[0]
	b.idp.EndAll(context.Background())

	r := <-told
	_, jwks := b.get("/jwks", nil)
	header, claims := verify(t, []byte(jwks), r.PostForm.Get("logout_token"))
	if header["typ"] != "logout+jwt" || claims["aud"] != "edge" || claims["sid"] != info.SID || claims["sub"] != info.Sub ||
		claims["jti"] == nil || claims["iat"] == nil || claims["exp"] == nil || claims["nonce"] != nil ||
		claims["events"].(map[string]any)["http://schemas.openid.net/event/backchannel-logout"] == nil {
		t.Errorf("logout token %v %v", header, claims)
	}
	if status := b.userinfo(tokens); status != http.StatusUnauthorized {
		t.Errorf("userinfo after the end: status %d, want 401", status)
	}
}

func TestAnotherUserInTheSameBrowserEndsTheFirstSession(t *testing.T) {
	b := open(t)
	b.tokens()
	b.idp.AutoLogin("")
	_, page := b.get("/authorize", request("prompt", "login"))
	b.fillIn(page, "username", "bob", "password", "bob")
	if s := b.idp.Sessions(); len(s) != 1 || s[0].Username != "bob" {
		t.Errorf("sessions %v, want bob's alone", s)
	}
}

func TestTheHomePageTellsWhoIsSignedInAndSignsOut(t *testing.T) {
	b := open(t)
	if _, page := b.get("/", nil); !strings.Contains(page, "Nobody is signed in") {
		t.Errorf("before the login:\n%s", page)
	}
	b.tokens()
	_, page := b.get("/", nil)
	if !strings.Contains(page, "<b>alice</b>") {
		t.Errorf("after the login:\n%s", page)
	}
	if _, page = b.fillIn(page, "confirm", "yes"); !strings.Contains(page, "You are signed out") || len(b.idp.Sessions()) != 0 {
		t.Errorf("after the logout:\n%s", page)
	}
}

func TestAnIssuerWithAPathHasItsEndpointsBelowIt(t *testing.T) {
	b := open(t)
	b.idp.SetIssuer(b.idp.Issuer() + "/realms/demo")
	_, page := b.get("/authorize", request())
	resp, _ := b.read(b.PostForm(strings.TrimSuffix(b.idp.Issuer(), "/realms/demo")+actionOf(t, page),
		url.Values{"username": {"alice"}, "password": {"alice"}}))
	if got := b.redirected(resp, callback).Get("iss"); got != b.idp.Issuer() {
		t.Errorf("iss %q, want %q", got, b.idp.Issuer())
	}
}

func TestALogoutTokenCanBeWrongInAnyWay(t *testing.T) {
	b := open(t)
	_, claims, err := jose.Decode(b.idp.LogoutToken(func(h, c map[string]any) {
		h["alg"], c["aud"], c["nonce"] = "none", "edge", nil
		delete(c, "jti")
	}))
	if nonce, there := claims["nonce"]; err != nil || !there || nonce != nil || claims["jti"] != nil {
		t.Errorf("claims %v, %v", claims, err)
	}
}
