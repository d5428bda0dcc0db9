package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

func query(t testing.TB, rp *oidc.Provider, request oidc.AuthRequest) url.Values {
	t.Helper()
	to, err := rp.AuthorizeURL(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestCB10_each_parameter_stands_in_the_authorization_request_once(t *testing.T) {
	server := newIDP(t)
	server.Lie(discoveryLie(func(doc map[string]any) {
		doc["authorization_endpoint"] = doc["authorization_endpoint"].(string) +
			"?tenant=a&tenant=b&scope=admin&redirect_uri=https://evil.example&response_type=token&client_id=x&state=x&code_challenge_method=plain&nonce=x"
	}))
	rp := startReady(t, server, func(c *oidc.Config) {
		c.ResponseMode = "form_post"
		c.ExtraParams = map[string]string{"prompt": "consent", "acr_values": "0", "max_age": "999999", "kc_idp_hint": "corp"}
	})
	maxAge := 300 * time.Second
	request := validRequest()
	request.LoginHint, request.Prompt, request.ACRValues = "alice", "login", []string{"mfa", "hwk"}
	request.MaxAge, request.Claims = &maxAge, true
	sum := sha256.Sum256([]byte(verifier))
	want := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "scope": {"openid profile email"},
		"state": {"state"}, "nonce": {nonce}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "response_mode": {"form_post"},
		"login_hint": {"alice"}, "prompt": {"login"}, "acr_values": {"mfa hwk"}, "max_age": {"300"},
		"claims":      {`{"id_token":{"acr":{"values":["mfa","hwk"]}}}`},
		"kc_idp_hint": {"corp"}, "tenant": {"a"},
	}
	if diff := cmp.Diff(want, query(t, rp, request)); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if got := query(t, rp, validRequest()); got.Get("prompt") != "consent" || got.Has("claims") || got.Has("login_hint") {
		t.Errorf("a request that asks for nothing special: %v", got)
	}
}

func TestCB07_S256_is_always_part_of_the_request(t *testing.T) {
	b := newBed(t)
	got := query(t, b.rp, validRequest())
	if len(got.Get("code_challenge")) != 43 || got.Get("code_challenge_method") != "S256" {
		t.Errorf("challenge %v", got)
	}
	for _, bad := range []string{"", "short", verifier[:42], longText(129), verifier + " ", verifier + "é"} {
		request := validRequest()
		request.Verifier = bad
		_, err := b.rp.AuthorizeURL(t.Context(), request)
		wantKind(t, err, oidc.KindConfig)
	}
}

func TestARequestThatCannotBeSafeIsNotMade(t *testing.T) {
	b := newBed(t)
	negative := -time.Second
	for name, edit := range map[string]func(*oidc.AuthRequest){
		"no state": func(r *oidc.AuthRequest) { r.State = "" }, "no nonce": func(r *oidc.AuthRequest) { r.Nonce = "" },
		"relative redirect": func(r *oidc.AuthRequest) { r.RedirectURI = "/callback" },
		"negative max_age":  func(r *oidc.AuthRequest) { r.MaxAge = &negative },
	} {
		t.Run(name, func(t *testing.T) {
			request := validRequest()
			edit(&request)
			_, err := b.rp.AuthorizeURL(t.Context(), request)
			wantKind(t, err, oidc.KindConfig)
		})
	}
}

func TestCB08_the_answers_issuer_must_be_ours_and_be_there_where_it_was_promised(t *testing.T) {
	b := newBed(t)
	issuer := b.idp.Issuer()
	if err := b.rp.CheckIssuer(authorize(t, b.rp, nil)["iss"]); err != nil {
		t.Errorf("an honest answer: %v", err)
	}
	for _, iss := range [][]string{nil, {}, {""}, {issuer + "/"}, {"https://evil.example"}, {issuer, issuer}, {issuer, "https://evil.example"}} {
		wantKind(t, b.rp.CheckIssuer(iss), oidc.KindInvalid)
	}
	b.idp.Lie(setMetadata("authorization_response_iss_parameter_supported", nil))
	silent := startReady(t, b.idp)
	if err := silent.CheckIssuer(nil); err != nil {
		t.Errorf("no iss where none was promised: %v", err)
	}
	wantKind(t, silent.CheckIssuer([]string{"https://evil.example"}), oidc.KindInvalid)
	wantKind(t, silent.CheckIssuer([]string{issuer, issuer}), oidc.KindInvalid)
}

func TestAProviderSaysWhoItIs(t *testing.T) {
	rp, err := oidc.New(oidc.Config{Name: "corp", Issuer: "https://idp.example", ClientID: "c", ClientSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if rp.Name() != "corp" || rp.DisplayName() != "corp" || rp.Issuer() != "https://idp.example" || rp.ResponseMode() != "query" || rp.ClockSkew() != 5*time.Second {
		t.Errorf("%v %v %v %v %v", rp.Name(), rp.DisplayName(), rp.Issuer(), rp.ResponseMode(), rp.ClockSkew())
	}
	if s := rp.Status(); s.Ready || s.Err == nil || s.Since.IsZero() {
		t.Errorf("status before Run: %+v", s)
	}
}

func TestLO17_the_end_of_a_session_is_asked_for_with_hint_client_and_state(t *testing.T) {
	b := newBed(t, func(c *oidc.Config) { c.Logout = true })
	ask := oidc.EndSession{IDTokenHint: "a.b.c", LogoutHint: "alice", PostLogoutRedirectURI: "https://app.example/out", State: "s"}
	base := url.Values{"client_id": {clientID}, "post_logout_redirect_uri": {"https://app.example/out"}, "state": {"s"}}
	for name, c := range map[string]struct{ hint, param, value string }{
		"with a token":              {"a.b.c", "id_token_hint", "a.b.c"},
		"without":                   {"", "logout_hint", "alice"},
		"with one that is too long": {longText(4000), "logout_hint", "alice"},
	} {
		t.Run(name, func(t *testing.T) {
			ask.IDTokenHint = c.hint
			to, ok := b.rp.EndSessionURL(ask)
			u, err := url.Parse(to)
			if !ok || err != nil {
				t.Fatalf("%q %v %v", to, ok, err)
			}
			want := url.Values{c.param: {c.value}}
			for k, v := range base {
				want[k] = v
			}
			if diff := cmp.Diff(want, u.Query()); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
	if got := b.rp.EndSessionOrigin(); got != b.idp.Issuer() {
		t.Errorf("origin %q", got)
	}
}

func TestLO17_without_an_endpoint_or_with_logout_off_there_is_no_address(t *testing.T) {
	off := newBed(t)
	if _, ok := off.rp.EndSessionURL(oidc.EndSession{}); ok || off.rp.EndSessionOrigin() != "" {
		t.Error("an address though logout is off")
	}
	off.idp.Lie(setMetadata("end_session_endpoint", nil))
	none := startReady(t, off.idp, func(c *oidc.Config) { c.Logout = true })
	if _, ok := none.EndSessionURL(oidc.EndSession{}); ok || none.EndSessionOrigin() != "" {
		t.Error("an address though the provider has none")
	}
	off.idp.Lie(idp.Lies{})
}
