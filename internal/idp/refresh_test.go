package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
)

// refreshes redeems a refresh token; what it brings is nil if it is refused.
func (b *browser) refreshes(token any) map[string]any {
	b.t.Helper()
	status, got := b.redeem("", "grant_type", "refresh_token", "refresh_token", token.(string))
	if status != http.StatusOK {
		return nil
	}
	return got
}

func TestAReusedRefreshTokenEndsWhatTheRotationSays(t *testing.T) {
	for rotation, left := range map[idp.Rotation]int{idp.RotateGrant: 1, idp.RotateSession: 0} {
		b := open(t, func(o *idp.Options) { o.Rotation = rotation })
		first := b.tokens()
		second := b.refreshes(first["refresh_token"])
		if second == nil || b.refreshes(first["refresh_token"]) != nil || b.refreshes(second["refresh_token"]) != nil {
			t.Errorf("rotation %d: the reuse was not noticed", rotation)
		}
		if n := len(b.idp.Sessions()); n != left {
			t.Errorf("rotation %d: %d sessions left", rotation, n)
		}
	}
}

func TestAReusableRefreshTokenIsUsedAgainAndAgain(t *testing.T) {
	b := open(t, func(o *idp.Options) { o.Rotation, o.TokenLife = idp.Reusable, time.Minute })
	first := b.tokens()
	for range 3 {
		if got := b.refreshes(first["refresh_token"]); got == nil || got["refresh_token"] != nil || got["expires_in"] != float64(60) {
			t.Errorf("got %v", got)
		}
	}
}

func TestARevokedTokenBringsNothing(t *testing.T) {
	b := open(t)
	first := b.tokens()
	revoke := func(secret, token string) int {
		form := url.Values{"token": {token}, "token_type_hint": {"refresh_token"}, "client_id": {"edge"}, "client_secret": {secret}}
		resp, err := b.Post(b.idp.Issuer()+"/revoke", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := revoke("wrong", first["refresh_token"].(string)); got != http.StatusUnauthorized {
		t.Errorf("by somebody else: %d", got)
	}
	second := b.refreshes(first["refresh_token"])
	if got := revoke("edge s%cret", second["refresh_token"].(string)); got != http.StatusOK || b.refreshes(second["refresh_token"]) != nil {
		t.Errorf("answered %d, and it still brings tokens", got)
	}
	if got := revoke("edge s%cret", "unheard-of"); got != http.StatusOK {
		t.Errorf("a token that nobody knows: %d", got)
	}
}

func TestAnAnswerThatIsLostHasSpentTheToken(t *testing.T) {
	b := open(t)
	first := b.tokens()
	b.idp.Lie(idp.Lies{AfterToken: func(*http.Request) bool { return true }})
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"].(string)}, "client_id": {"edge"}, "client_secret": {"edge s%cret"}}
	resp, err := b.Post(b.idp.Issuer()+"/token", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err == nil {
		resp.Body.Close()
		t.Fatalf("there is an answer: %d", resp.StatusCode)
	}
	b.idp.Lie(idp.Lies{})
	if b.refreshes(first["refresh_token"]) != nil {
		t.Error("the token was not spent")
	}
}
