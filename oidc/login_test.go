package oidc_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

func TestAnHonestLoginIsReadWhole(t *testing.T) {
	b := newBed(t)
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	issuer := b.idp.Issuer()
	want := &oidc.Login{
		Subject:   identity.Subject{Issuer: issuer, Sub: "demo-alice"},
		Assurance: identity.Assurance{ACR: "pwd", AMR: []string{"pwd"}},
		Username:  "alice", Name: "Alice Liddell", Email: "alice@example.org", EmailVerified: true, Groups: []string{"staff"},
	}
	ignore := cmp.Options{
		cmpopts.IgnoreFields(oidc.Login{}, "AccessToken", "AccessExpires", "RefreshToken", "Scope", "IDToken", "IssuedAt", "Expires", "Claims", "IdPSession"),
		cmpopts.IgnoreFields(identity.Assurance{}, "AuthTime"),
	}
	if diff := cmp.Diff(want, login, ignore); diff != "" {
		t.Errorf("login (-want +got):\n%s", diff)
	}
	if login.IdPSession.Issuer != issuer || login.IdPSession.IsZero() || login.Assurance.AuthTime.IsZero() {
		t.Errorf("session %v or auth_time %v is missing", login.IdPSession, login.Assurance.AuthTime)
	}
	if !login.Expires.After(login.IssuedAt) || login.IDToken.Reveal() == "" {
		t.Error("the ID token or its times are missing")
	}
	issued := b.idp.Issued()[0]
	if login.AccessToken.Reveal() != issued.AccessToken || login.RefreshToken.Reveal() != issued.RefreshToken ||
		!login.AccessExpires.After(time.Now()) || login.Scope != "openid profile email" {
		t.Errorf("the access token until %v (%s) or the refresh token is another", login.AccessExpires, login.Scope)
	}
	if login.Claims["iss"] != issuer || login.Claims["email_verified"] != true {
		t.Errorf("claims for rules: %v", login.Claims)
	}
}

func TestALoginWorksWithEachClientAuthenticationAndAlgorithm(t *testing.T) {
	server := newIDP(t)
	for _, auth := range []oidc.ClientAuth{oidc.ClientAuthBasic, oidc.ClientAuthPost} {
		for _, alg := range []string{"RS256", "ES256"} {
			t.Run(string(auth)+" "+alg, func(t *testing.T) {
				server.SetClient(idp.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}, IDTokenAlg: alg})
				rp := startReady(t, server, func(c *oidc.Config) { c.ClientAuth, c.Algorithms = auth, []string{alg} })
				if _, err := redeem(t, rp); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestAUserWithoutProfileCanLogIn(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(claimLie(func(claims map[string]any) {
		for _, name := range []string{"name", "email", "email_verified", "groups", "preferred_username", "sid", "acr", "amr", "auth_time"} {
			delete(claims, name)
		}
		claims["name"] = nil
	}))
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	if login.Name != "" || login.Groups != nil || !login.IdPSession.IsZero() || !login.Assurance.AuthTime.IsZero() {
		t.Errorf("something came from nowhere: %+v", login)
	}
}

func TestAuthTimeIsRequiredWhereMaxAgeWasAsked(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(dropClaim("auth_time"))
	maxAge := time.Duration(0)
	_, err := redeem(t, b.rp, func(r *oidc.Redemption) { r.MaxAge = &maxAge })
	wantKind(t, err, oidc.KindInvalid)
	if _, err := redeem(t, b.rp); err != nil {
		t.Errorf("without max_age: %v", err)
	}
}

func TestClaimsForRulesKeepWhatARuleCanCompare(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(claimLie(func(claims map[string]any) {
		claims["department"], claims["level"], claims["ratio"], claims["contractor"] = "R&D", 7, 0.5, true
		claims["roles"] = []string{"b", "a"}
		claims["address"] = map[string]any{"country": "NL"}
		claims["mixed"], claims["multiline"], claims["nothing"] = []any{"a", 1}, "a\nb", nil
	}))
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"department": "R&D", "level": int64(7), "ratio": 0.5, "contractor": true, "roles": []string{"b", "a"}}
	for _, name := range []string{"department", "level", "ratio", "contractor", "roles", "address", "mixed", "multiline", "nothing"} {
		if diff := cmp.Diff(want[name], login.Claims[name]); diff != "" {
			t.Errorf("claim %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAProfileOfTheWrongShapeRefusesTheLogin(t *testing.T) {
	tooMany := make([]string, 2001)
	for i := range tooMany {
		tooMany[i] = "g" + time.Duration(i).String()
	}
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"email is an object":           setClaim("email", map[string]any{"a": 1}),
		"email is a list":              setClaim("email", []string{"a@example.org"}),
		"email_verified is a number":   setClaim("email_verified", 1),
		"groups is an object":          setClaim("groups", map[string]any{"admin": true}),
		"groups is a number":           setClaim("groups", 5),
		"groups is a text":             setClaim("groups", "admin"),
		"groups is mixed":              setClaim("groups", []any{"a", 5}),
		"groups is too many":           setClaim("groups", tooMany),
		"groups holds a line end":      setClaim("groups", []string{"staff\r\nX-Auth-Groups: admin"}),
		"name holds a line end":        setClaim("name", "Alice\nX-Admin: 1"),
		"name holds NUL":               setClaim("name", "Alice\x00"),
		"name holds a line separator":  setClaim("name", "Alice\u2028"),
		"name is longer than it may":   setClaim("name", longText(1025)),
		"email holds a paragraph sign": setClaim("email", "a\u2029@example.org"),
		"username holds DEL":           setClaim("preferred_username", "al\x7fice"),
	})
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = 'a'
	}
	return string(text)
}

func TestGroupsAreReadAsGroups(t *testing.T) {
	b := newBed(t)
	for name, c := range map[string]struct {
		claim any
		want  []string
	}{
		"duplicates":  {[]string{"b", "a", "b"}, []string{"a", "b"}},
		"empty names": {[]string{"", "a"}, []string{"a"}},
		"not latin":   {[]string{"员工"}, []string{"员工"}},
		"null":        {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b.idp.Lie(setClaim("groups", c.claim))
			login, err := redeem(t, b.rp)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, login.Groups); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOtherClaimNamesCanBeConfigured(t *testing.T) {
	b := newBed(t, func(c *oidc.Config) {
		c.Claims = oidc.ClaimNames{Username: "upn", Groups: "https://example.org/roles", EmailVerified: "checked"}
	})
	b.idp.Lie(claimLie(func(claims map[string]any) {
		claims["upn"], claims["https://example.org/roles"], claims["checked"] = "a@corp", []string{"ops"}, "true"
	}))
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	if login.Username != "a@corp" || !login.EmailVerified || !cmp.Equal(login.Groups, []string{"ops"}) {
		t.Errorf("login %+v", login)
	}
}
