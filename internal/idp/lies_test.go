package idp_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

func claimsOf(t *testing.T, tokens map[string]any) map[string]any {
	t.Helper()
	_, claims, err := jose.Decode(tokens["id_token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestEveryHookChangesItsAnswer(t *testing.T) {
	b := open(t)
	raw := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "teapot", http.StatusTeapot) }
	teapot := func(path string) bool {
		resp, _ := b.post(path, nil)
		return resp.StatusCode == http.StatusTeapot
	}
	get := func(path, want string) bool {
		_, body := b.get(path, nil)
		return strings.Contains(body, want)
	}
	for name, c := range map[string]struct {
		lies idp.Lies
		seen func() bool
	}{
		"Discovery":    {idp.Lies{Discovery: func(d map[string]any) { d["issuer"] = "x" }}, func() bool { return get("/.well-known/openid-configuration", `"issuer":"x"`) }},
		"DiscoveryRaw": {idp.Lies{DiscoveryRaw: raw}, func() bool { return teapot("/.well-known/openid-configuration") }},
		"JWKSRaw":      {idp.Lies{JWKSRaw: raw}, func() bool { return teapot("/jwks") }},
		"TokenRaw":     {idp.Lies{TokenRaw: raw}, func() bool { return teapot("/token") }},
		"UserinfoRaw":  {idp.Lies{UserinfoRaw: raw}, func() bool { return teapot("/userinfo") }},
		"JWKS":         {idp.Lies{JWKS: func([]map[string]any) []map[string]any { return nil }}, func() bool { return get("/jwks", `{"keys":null}`) }},
		"IDToken":      {idp.Lies{IDToken: func(_, c map[string]any) { c["exp"] = json.Number("1e300") }}, func() bool { return claimsOf(t, b.tokens())["exp"] == 1e300 }},
		"SignIDToken": {idp.Lies{SignIDToken: func(*idp.Server, map[string]any, map[string]any) string { return "x" }},
			func() bool { return b.tokens()["id_token"] == "x" }},
		"TokenResponse": {idp.Lies{TokenResponse: func(r map[string]any) { delete(r, "id_token") }}, func() bool { return b.tokens()["id_token"] == nil }},
		"Userinfo": {idp.Lies{Userinfo: func(map[string]any) any { return json.RawMessage("<html>") }},
			func() bool {
				_, body := b.post("/userinfo", url.Values{"access_token": {b.tokens()["access_token"].(string)}})
				return body == "<html>"
			}},
		"Authorize": {idp.Lies{Authorize: func(q, r url.Values) { r["state"] = []string{q.Get("state"), "x"}; r.Del("iss") }},
			func() bool {
				b.idp.AutoLogin("alice")
				resp, _ := b.get("/authorize", request())
				got := b.redirected(resp, callback)
				return len(got["state"]) == 2 && !got.Has("iss")
			}},
		"Request": {idp.Lies{Request: func(q url.Values) { q.Del("prompt") }},
			func() bool {
				b.tokens()
				b.idp.AutoLogin("")
				resp, _ := b.get("/authorize", request("prompt", "login"))
				return resp.StatusCode == http.StatusSeeOther
			}},
		"EndSession": {idp.Lies{EndSession: func(_, r url.Values) { r.Set("state", "x") }},
			func() bool {
				resp, _ := b.get("/end_session", url.Values{"client_id": {"edge"}, "post_logout_redirect_uri": {goodbye},
					"id_token_hint": {b.tokens()["id_token"].(string)}})
				return b.redirected(resp, goodbye).Get("state") == "x"
			}},
	} {
		if c.seen() {
			t.Errorf("%s: the honest answer looks like the lie", name)
		}
		b.idp.Lie(c.lies)
		if !c.seen() {
			t.Errorf("%s: the lie is not told", name)
		}
		b.idp.Lie(idp.Lies{})
	}
}

func TestAProviderThatIsDownAnswersNothingAndComesBack(t *testing.T) {
	b := open(t)
	b.idp.Lie(idp.Lies{Down: true})
	if resp, err := b.Get(b.idp.Issuer() + "/jwks"); err == nil {
		_ = resp.Body.Close()
		t.Errorf("status %d, want no answer", resp.StatusCode)
	}
	b.idp.Lie(idp.Lies{})
	if resp, _ := b.get("/jwks", nil); resp.StatusCode != http.StatusOK {
		t.Errorf("status %d after coming back", resp.StatusCode)
	}
}

func TestSignFollowsTheHeader(t *testing.T) {
	b := open(t)
	_, jwks := b.get("/jwks", nil)
	sign := func(alg any) string {
		header := map[string]any{"kid": b.idp.Key("RS256").ID}
		if alg != nil {
			header["alg"] = alg
		}
		return b.idp.Sign(header, map[string]any{"aud": "edge"})
	}
	for _, alg := range []any{"RS256", "ES256", nil} {
		verify(t, []byte(jwks), sign(alg))
	}
	for _, alg := range []any{"none", "nOnE", ""} {
		if token := sign(alg); !strings.HasSuffix(token, ".") {
			t.Errorf("alg %q: %s is signed", alg, token)
		}
	}
	token := sign("HS256")
	input := token[:strings.LastIndexByte(token, '.')]
	if want := input + "." + jose.Encode(jose.HS256([]byte("edge s%cret"))([]byte(input))); token != want {
		t.Errorf("HS256 gives %s, want %s", token, want)
	}
}

func TestAClientMayAskForES256(t *testing.T) {
	b := open(t)
	b.idp.SetClient(idp.Client{ID: "edge", Secret: "edge s%cret", RedirectURIs: []string{callback}, IDTokenAlg: "ES256"})
	token := b.tokens()["id_token"].(string)
	_, jwks := b.get("/jwks", nil)
	if header, _ := verify(t, []byte(jwks), token); header["alg"] != "ES256" {
		t.Errorf("header %v", header)
	}
}

func TestRotatedKeysAreNewAndTheOldOnesStayOnlyOnRequest(t *testing.T) {
	b := open(t)
	keys := func() int {
		_, body := b.get("/jwks", nil)
		return strings.Count(body, `"kid"`)
	}
	old := b.idp.Key("RS256")
	b.idp.RotateKeys(true)
	if b.idp.Key("RS256").ID == old.ID || keys() != 4 {
		t.Errorf("after a rotation that keeps: %d keys, current %s", keys(), b.idp.Key("RS256").ID)
	}
	b.idp.RotateKeys(false)
	if keys() != 2 {
		t.Errorf("after a rotation that drops: %d keys, want 2", keys())
	}
}
