package idp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/google/go-cmp/cmp"
)

func TestHonestFlowFromDiscoveryToAVerifiedToken(t *testing.T) {
	b := open(t)
	_, body := b.get("/.well-known/openid-configuration", nil)
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return strings.TrimPrefix(doc[name].(string), b.idp.Issuer()) }

	_, page := b.get(path("authorization_endpoint"), request())
	resp, _ := b.fillIn(page, "username", "alice", "password", "alice")
	answer := b.redirected(resp, callback)
	if answer.Get("state") != "s t&te" || answer.Get("iss") != b.idp.Issuer() {
		t.Errorf("authorization response %v lacks state or iss", answer)
	}
	_, tokens := b.redeem(answer.Get("code"))

	_, body = b.get(path("jwks_uri"), nil)
	header, claims := verify(t, []byte(body), tokens["id_token"].(string))
	if header["alg"] != "RS256" || header["typ"] != "JWT" {
		t.Errorf("header %v", header)
	}
	want := map[string]any{"iss": b.idp.Issuer(), "sub": "demo-alice", "aud": "edge", "azp": "edge", "nonce": "n",
		"acr": "pwd", "amr": []any{"pwd"}, "sid": b.idp.Sessions()[0].SID, "name": "Alice Liddell",
		"preferred_username": "alice", "email": "alice@example.org", "email_verified": true, "groups": []any{"staff"}}
	sum := sha256.Sum256([]byte(tokens["access_token"].(string)))
	want["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:16])
	for _, volatile := range []string{"iat", "exp", "auth_time", "jti"} {
		if claims[volatile] == nil {
			t.Errorf("the ID token has no %s", volatile)
		}
		delete(claims, volatile)
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("ID token (-want +got):\n%s", diff)
	}
}

// verify checks a token with crypto/rsa and crypto/ecdsa against a JWKS, independently of package jose.
func verify(t *testing.T, jwks []byte, token string) (header, claims map[string]any) {
	t.Helper()
	var set struct {
		Keys []struct{ Kid, Kty, N, E, X, Y string }
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	header, claims, err := jose.Decode(token)
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	dot := strings.LastIndexByte(token, '.')
	sum := sha256.Sum256([]byte(token[:dot]))
	sig := number(token[dot+1:])
	for _, k := range set.Keys {
		switch {
		case k.Kid != header["kid"]:
		case k.Kty == "RSA":
			public := &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
			if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig.FillBytes(make([]byte, public.Size()))); err != nil {
				t.Fatalf("the signature is wrong: %v", err)
			}
			return header, claims
		case k.Kty == "EC":
			b := sig.FillBytes(make([]byte, 64))
			point := append([]byte{4}, number(k.X).FillBytes(make([]byte, 32))...)
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(point, number(k.Y).FillBytes(make([]byte, 32))...))
			if err != nil {
				t.Fatal(err)
			}
			if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:])) {
				t.Fatal("the signature is wrong")
			}
			return header, claims
		}
	}
	t.Fatalf("no key %v in %s", header["kid"], jwks)
	return nil, nil
}

func TestAWrongPasswordShowsTheFormAgainAndTheRightOneWorksThen(t *testing.T) {
	b := open(t)
	resp, page := b.get("/authorize", request())
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "form-action 'self' https://app.example.org") {
		t.Errorf("the policy %q does not let the form lead to the client", resp.Header.Get("Content-Security-Policy"))
	}
	resp, page = b.fillIn(page, "username", `ali"ce`, "password", "x")
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, "do not belong together") ||
		!strings.Contains(page, `value="ali&#34;ce"`) {
		t.Fatalf("status %d:\n%s", resp.StatusCode, page)
	}
	resp, _ = b.fillIn(page, "username", "bob", "password", "bob")
	if b.redirected(resp, callback).Get("code") == "" {
		t.Error("no code after the right password")
	}
}

func TestTheLoginFormIsRefusedFromAnotherSite(t *testing.T) {
	b := open(t)
	req, err := http.NewRequest(http.MethodPost, b.idp.Issuer()+"/login?"+request().Encode(),
		strings.NewReader("username=alice&password=alice"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, _ := b.read(b.Do(req))
	if resp.StatusCode != http.StatusForbidden || len(b.idp.Sessions()) != 0 {
		t.Errorf("status %d with %d sessions, want 403 and none", resp.StatusCode, len(b.idp.Sessions()))
	}
}

func TestASecondLoginIsSilentUnlessPromptOrMaxAgeAskForMore(t *testing.T) {
	now := time.Now()
	b := open(t, func(o *idp.Options) { o.Now = func() time.Time { return now } })
	_, page := b.get("/authorize", request())
	b.fillIn(page, "username", "alice", "password", "alice")
	sid := b.idp.Sessions()[0].SID
	now = now.Add(time.Minute)
	for _, c := range []struct {
		name, value string
		silent      bool
	}{
		{"prompt", "", true}, {"prompt", "none", true}, {"prompt", "login", false},
		{"max_age", "61", true}, {"max_age", "59", false}, {"max_age", "0", false},
	} {
		resp, page := b.get("/authorize", request(c.name, c.value))
		if silent := resp.StatusCode == http.StatusSeeOther; silent != c.silent {
			t.Errorf("%s=%q: silent is %v:\n%s", c.name, c.value, silent, page)
		}
	}
	_, page = b.get("/authorize", request("prompt", "login"))
	b.fillIn(page, "username", "alice", "password", "alice")
	if s := b.idp.Sessions(); len(s) != 1 || s[0].SID != sid || !s[0].AuthTime.Equal(now) {
		t.Errorf("after a second authentication the sessions are %v, want the first with a new time", s)
	}
}

func TestPromptNoneWithoutASessionIsLoginRequired(t *testing.T) {
	b := open(t)
	resp, _ := b.get("/authorize", request("prompt", "none"))
	if got := b.redirected(resp, callback); got.Get("error") != "login_required" || got.Has("code") || !got.Has("state") {
		t.Errorf("answer %v", got)
	}
}

func TestFormPostWorksWithoutJavaScriptToo(t *testing.T) {
	b := open(t)
	b.idp.AutoLogin("alice")
	_, page := b.get("/authorize", request("response_mode", "form_post"))
	for _, want := range []string{`action="` + callback + `"`, `name="code"`, `name="state" value="s t&amp;te"`, `name="iss"`, "<button"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func TestTheInlineTextsAreExactlyThoseOfThePolicy(t *testing.T) {
	b := open(t)
	b.idp.AutoLogin("alice")
	resp, page := b.get("/authorize", request("response_mode", "form_post"))
	for _, tag := range []string{"style", "script"} {
		_, rest, _ := strings.Cut(page, "<"+tag+">")
		text, _, _ := strings.Cut(rest, "</"+tag+">")
		sum := sha256.Sum256([]byte(text))
		want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, want) {
			t.Errorf("the policy %q does not allow the %s of the page", policy, tag)
		}
	}
}

func TestBadAuthorizationRequestsAreRefused(t *testing.T) {
	b := open(t)
	b.idp.AutoLogin("alice")
	for name, q := range map[string]url.Values{
		"unknown client": request("client_id", "x"), "foreign redirect": request("redirect_uri", callback+"/"),
		"twice": {"client_id": {"edge", "edge"}},
	} {
		if resp, _ := b.get("/authorize", q); resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			t.Errorf("%s: status %d to %q, want 400", name, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	for want, q := range map[string]url.Values{
		"invalid_request": request("code_challenge_method", "plain"), "invalid_scope": request("scope", "profile"),
		"unsupported_response_type": request("response_type", "token"), "request_not_supported": request("request", "x"),
	} {
		resp, _ := b.get("/authorize", q)
		if got := b.redirected(resp, callback).Get("error"); got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
}

func TestALoopbackClientMayUseAnyPort(t *testing.T) {
	b := open(t)
	b.idp.AutoLogin("alice")
	b.idp.SetClient(idp.Client{ID: "local", RedirectURIs: []string{"http://127.0.0.1/cb"}, AnyLoopbackPort: true})
	for uri, want := range map[string]int{
		"http://127.0.0.1:8080/cb": 303, "http://127.0.0.1/cb": 303, "http://127.0.0.1:8080/cb2": 400,
		"http://localhost:8080/cb": 400, "https://127.0.0.1/cb": 400, "http://x@127.0.0.1:1/cb": 400,
	} {
		if resp, _ := b.get("/authorize", request("client_id", "local", "redirect_uri", uri)); resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", uri, resp.StatusCode, want)
		}
	}
}
