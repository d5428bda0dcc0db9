package idp_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
)

func TestACodeIsSpentOnceAndItsSecondUseRevokesTheTokens(t *testing.T) {
	b := open(t)
	code := b.code()
	_, tokens := b.redeem(code)
	if status := b.userinfo(tokens); status != http.StatusOK {
		t.Fatalf("userinfo before: status %d", status)
	}
	if status, out := b.redeem(code); status != http.StatusBadRequest || out["error"] != "invalid_grant" {
		t.Errorf("second use: status %d, %v", status, out)
	}
	if status := b.userinfo(tokens); status != http.StatusUnauthorized {
		t.Errorf("userinfo after: status %d, want 401", status)
	}
}

func (b *browser) userinfo(tokens map[string]any) int {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.idp.Issuer()+"/userinfo", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tokens["access_token"].(string))
	resp, _ := b.read(b.Do(req))
	return resp.StatusCode
}

func TestACodeLastsAMinute(t *testing.T) {
	now := time.Now()
	b := open(t, func(o *idp.Options) { o.Now = func() time.Time { return now } })
	code := b.code()
	now = now.Add(time.Minute)
	if status, _ := b.redeem(code); status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", status)
	}
}

func TestTheTokenEndpointRefusesWhatDoesNotFit(t *testing.T) {
	b := open(t)
	for name, c := range map[string]struct {
		changes []string
		status  int
		code    string
	}{
		"wrong verifier":   {[]string{"code_verifier", strings.Repeat("x", 43)}, 400, "invalid_grant"},
		"no verifier":      {[]string{"code_verifier", ""}, 400, "invalid_grant"},
		"other redirect":   {[]string{"redirect_uri", goodbye}, 400, "invalid_grant"},
		"wrong secret":     {[]string{"client_secret", "x"}, 401, "invalid_client"},
		"other grant type": {[]string{"grant_type", "password"}, 400, "unsupported_grant_type"},
	} {
		if status, out := b.redeem(b.code(), c.changes...); status != c.status || out["error"] != c.code {
			t.Errorf("%s: status %d, %v", name, status, out)
		}
	}
}

func TestBasicCredentialsAreFormEncodedAndNotMixedWithOthers(t *testing.T) {
	b := open(t)
	send := func(more url.Values) int {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {b.code()}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		for name, v := range more {
			form[name] = v
		}
		req, err := http.NewRequest(http.MethodPost, b.idp.Issuer()+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("edge", url.QueryEscape("edge s%cret"))
		resp, _ := b.read(b.Do(req))
		return resp.StatusCode
	}
	if got := send(nil); got != http.StatusOK {
		t.Errorf("basic: status %d", got)
	}
	if got := send(url.Values{"client_secret": {"edge s%cret"}}); got != http.StatusBadRequest {
		t.Errorf("both ways at once: status %d, want 400", got)
	}
}

func TestRefreshTokensRotateAndReuseEndsTheFamily(t *testing.T) {
	b := open(t)
	refresh := func(token any) (int, map[string]any) {
		return b.redeem("", "grant_type", "refresh_token", "refresh_token", token.(string))
	}
	first := b.tokens()
	status, second := refresh(first["refresh_token"])
	if status != http.StatusOK || second["refresh_token"] == first["refresh_token"] {
		t.Fatalf("refresh: status %d, %v", status, second)
	}
	before, after := claimsOf(t, first), claimsOf(t, second)
	if after["nonce"] != nil || after["sub"] != before["sub"] || after["auth_time"] != before["auth_time"] {
		t.Errorf("the refreshed ID token says %v after %v", after, before)
	}
	if status, _ := refresh(first["refresh_token"]); status != http.StatusBadRequest {
		t.Errorf("a spent refresh token: status %d, want 400", status)
	}
	if status, _ := refresh(second["refresh_token"]); status != http.StatusBadRequest {
		t.Errorf("its successor after the reuse: status %d, want 400", status)
	}
}

func TestClaimsFollowTheScopes(t *testing.T) {
	b := open(t)
	claims := claimsOf(t, b.tokens("scope", "openid"))
	if claims["email"] != nil || claims["name"] != nil || claims["groups"] == nil {
		t.Errorf("claims %v, want groups without e-mail and name", claims)
	}
}

func TestWhatWasIssuedAndAskedIsRemembered(t *testing.T) {
	b := open(t)
	tokens := b.tokens()
	issued := b.idp.Issued()
	if len(issued) != 1 || issued[0].IDToken != tokens["id_token"] || issued[0].Code == "" {
		t.Errorf("issued %v", issued)
	}
	if b.idp.Count(idp.Token) != 1 || b.idp.Count(idp.Authorize) != 1 || b.idp.Count(idp.JWKS) != 0 {
		t.Error("the counts are wrong")
	}
	last := b.idp.Requests()[1]
	if last.Endpoint != idp.Token || last.Form.Get("code_verifier") != verifier || last.Method != http.MethodPost {
		t.Errorf("recorded %+v", last)
	}
}

func TestUserinfoNamesTheSameSubject(t *testing.T) {
	b := open(t)
	tokens := b.tokens()
	resp, body := b.post("/userinfo", url.Values{"access_token": {tokens["access_token"].(string)}})
	var claims map[string]any
	if err := json.Unmarshal([]byte(body), &claims); err != nil || resp.StatusCode != http.StatusOK || claims["sub"] != "demo-alice" {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
}
