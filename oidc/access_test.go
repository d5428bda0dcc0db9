package oidc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc"
)

const apiName = "api-of-the-tests"

// accessToken is an honest access token as Keycloak makes them, edited.
func accessToken(b bed, edit func(header, claims map[string]any)) string {
	now := time.Now()
	header := map[string]any{"alg": "RS256", "kid": b.idp.Key("RS256").ID, "typ": "JWT"}
	claims := map[string]any{"iss": b.idp.Issuer(), "sub": "demo-alice", "aud": []string{"account", apiName}, "typ": "Bearer", "azp": "robot",
		"iat": now.Add(-30 * time.Minute).Unix(), "exp": now.Add(30 * time.Minute).Unix(), "acr": "1", "sid": "s",
		"realm_access": map[string]any{"roles": []string{"one", "two"}}, "scope": "a b"}
	if edit != nil {
		edit(header, claims)
	}
	return b.idp.Sign(header, claims)
}

func TestAnAccessTokenIsForItsAudienceAlone(t *testing.T) {
	b := newBed(t)
	claim := func(name string, value any) func(_, claims map[string]any) {
		return func(_, claims map[string]any) { claims[name] = value }
	}
	without := func(name string) func(_, claims map[string]any) {
		return func(_, claims map[string]any) { delete(claims, name) }
	}
	header := func(name string, value any) func(header, _ map[string]any) {
		return func(header, _ map[string]any) { header[name] = value }
	}
	for name, edit := range map[string]func(header, claims map[string]any){
		"of another audience":            claim("aud", "account"),
		"of our client alone":            claim("aud", clientID),
		"without an audience":            without("aud"),
		"with an audience that is near":  claim("aud", apiName+"/"),
		"of another issuer":              claim("iss", "https://other.test"),
		"that has expired":               claim("exp", time.Now().Add(-time.Minute).Unix()),
		"without an end":                 without("exp"),
		"without a beginning":            without("iat"),
		"from the future":                claim("iat", time.Now().Add(time.Hour).Unix()),
		"that is not valid yet":          claim("nbf", time.Now().Add(time.Hour).Unix()),
		"of nobody":                      without("sub"),
		"of an empty subject":            claim("sub", ""),
		"with a nonce, like an ID token": claim("nonce", "n"),
		"with at_hash, like an ID token": claim("at_hash", "x"),
		"that says it is an ID token":    claim("typ", "ID"),
		"that says it is for refreshing": claim("typ", "Refresh"),
		"with events, like a logout":     claim("events", map[string]any{}),
		"bound to a certificate":         claim("cnf", map[string]any{"x5t#S256": "x"}),
		"with the type of a logout":      header("typ", "logout+jwt"),
		"without a signature":            header("alg", "none"),
		"with a symmetric signature":     header("alg", "HS256"),
		"that brings its key":            header("jwk", map[string]any{}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.rp.VerifyAccessToken(t.Context(), accessToken(b, edit), apiName)
			wantKind(t, err, oidc.KindInvalid)
		})
	}
	for name, edit := range map[string]func(header, claims map[string]any){
		"as it is":           nil,
		"of RFC 9068":        header("typ", "at+jwt"),
		"with the long type": header("typ", "application/at+jwt"),
		"without a type":     func(header, _ map[string]any) { delete(header, "typ") },
		"without typ inside": without("typ"),
		"with one audience":  claim("aud", apiName),
	} {
		got, err := b.rp.VerifyAccessToken(t.Context(), accessToken(b, edit), apiName)
		if err != nil || got.Subject != (identity.Subject{Issuer: b.idp.Issuer(), Sub: "demo-alice"}) || time.Until(got.Expires) < time.Minute {
			t.Errorf("%s: %+v %v", name, got.Subject, err)
		}
	}
}

func TestRolesAreReadFromWhereTheyAreSaidToBe(t *testing.T) {
	b := newBed(t)
	got, err := b.rp.VerifyAccessToken(t.Context(), accessToken(b, func(_, claims map[string]any) {
		claims["roles"], claims["https://example.com/roles"], claims["mixed"] = "single", []string{"dotted"}, []any{"text", 7}
	}), apiName)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"realm_access/roles": {"one", "two"}, "roles": {"single"}, "realm_access": nil, "realm_access/roles/deeper": nil, "nothing": nil,
		"nothing/roles": nil, "mixed": nil, "sub/x": nil,
	} {
		if got := got.Texts(strings.Split(path, "/")...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := got.Texts("https://example.com/roles"); !slices.Equal(got, []string{"dotted"}) {
		t.Errorf("a name with dots: %q", got)
	}
	if got := got.Texts(); got != nil {
		t.Errorf("no path: %q", got)
	}
}

func TestAnIDTokenNeverServesAsAnAccessToken(t *testing.T) {
	b := newBed(t)
	for _, audience := range []string{"", clientID} {
		_, err := b.rp.VerifyAccessToken(t.Context(), accessToken(b, nil), audience)
		wantKind(t, err, oidc.KindConfig)
	}
}
