package oidc_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/oidc"
)

// loggedIn is a login whose tokens can be refreshed.
func loggedIn(t testing.TB, b bed) (*oidc.Login, oidc.Refresh) {
	t.Helper()
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	return login, oidc.Refresh{Token: login.RefreshToken, Sub: login.Subject.Sub, AuthTime: login.Assurance.AuthTime}
}

func TestARefreshBringsOtherTokensOfTheSameLogin(t *testing.T) {
	for _, auth := range []oidc.ClientAuth{oidc.ClientAuthBasic, oidc.ClientAuthPost} {
		b := newBed(t, func(c *oidc.Config) { c.ClientAuth = auth })
		_, r := loggedIn(t, b)
		got, err := b.rp.Refresh(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		issued := b.idp.Issued()[1]
		if got.AccessToken.Reveal() != issued.AccessToken || got.RefreshToken.Reveal() != issued.RefreshToken || got.IDToken.Reveal() != issued.IDToken {
			t.Errorf("%s: not the tokens that were issued", auth)
		}
		if in := time.Until(got.AccessExpires); in <= 4*time.Minute || in > 5*time.Minute {
			t.Errorf("%s: the access token lasts %v", auth, in)
		}
	}
}

func TestARefreshTokenThatWasUsedIsRefusedForGood(t *testing.T) {
	b := newBed(t)
	_, r := loggedIn(t, b)
	if _, err := b.rp.Refresh(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := b.rp.Refresh(t.Context(), r); !oidc.Refused(err) {
		t.Errorf("got %v", err)
	}
}

func TestWhatElseGoesWrongWithARefreshSaysNothingAboutTheSession(t *testing.T) {
	b := newBed(t)
	for name, step := range map[string]struct {
		lie  idp.Lies
		want oidc.Kind
	}{
		"down":              {idp.Lies{Down: true}, oidc.KindUnavailable},
		"500":               {idp.Lies{TokenRaw: answer(http.StatusInternalServerError, "text/html", "oops")}, oidc.KindUnavailable},
		"429":               {idp.Lies{TokenRaw: answer(http.StatusTooManyRequests, "", "")}, oidc.KindUnavailable},
		"temporarily":       {idp.Lies{TokenRaw: answer(http.StatusBadRequest, "application/json", `{"error":"temporarily_unavailable"}`)}, oidc.KindUnavailable},
		"invalid_client":    {idp.Lies{TokenRaw: answer(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`)}, oidc.KindConfig},
		"no such endpoint":  {idp.Lies{TokenRaw: answer(http.StatusNotFound, "text/html", "")}, oidc.KindConfig},
		"HTML":              {idp.Lies{TokenRaw: answer(http.StatusOK, "text/html", "<html>")}, oidc.KindUnavailable},
		"another refusal":   {idp.Lies{TokenRaw: answer(http.StatusBadRequest, "application/json", `{"error":"invalid_request"}`)}, oidc.KindRefused},
		"400 without words": {idp.Lies{TokenRaw: answer(http.StatusBadRequest, "text/html", "invalid_grant")}, oidc.KindInvalid},
		"token_type mac":    {tokenLie("token_type", "mac"), oidc.KindInvalid},
		"no access token":   {tokenLie("access_token", nil), oidc.KindInvalid},
		"expired ID token":  {setClaim("exp", time.Now().Add(-time.Hour).Unix()), oidc.KindInvalid},
		"wrong at_hash":     {setClaim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), oidc.KindInvalid},
		"a logout token":    {setClaim("events", map[string]any{}), oidc.KindInvalid},
	} {
		_, r := loggedIn(t, b)
		b.idp.Lie(step.lie)
		_, err := b.rp.Refresh(t.Context(), r)
		b.idp.Lie(idp.Lies{})
		if oidc.KindOf(err) != step.want || oidc.Refused(err) || errors.Is(err, oidc.ErrOtherLogin) {
			t.Errorf("%s: %v", name, err)
		}
		wantNoLeak(t, err, r.Token.Reveal())
	}
}

func TestJW19_a_refreshed_ID_token_about_another_login_is_told_from_all_else(t *testing.T) {
	b := newBed(t)
	for name, lie := range map[string]idp.Lies{
		"sub":              setClaim("sub", "demo-bob"),
		"sub missing":      dropClaim("sub"),
		"iss":              setClaim("iss", "https://other.example"),
		"aud":              setClaim("aud", "another"),
		"aud missing":      dropClaim("aud"),
		"auth_time ahead":  {IDToken: idptest.AuthTime(time.Minute)},
		"auth_time sooner": {IDToken: idptest.AuthTime(-time.Minute)},
		"auth_time a text": setClaim("auth_time", "now"),
	} {
		_, r := loggedIn(t, b)
		b.idp.Lie(lie)
		_, err := b.rp.Refresh(t.Context(), r)
		b.idp.Lie(idp.Lies{})
		if !errors.Is(err, oidc.ErrOtherLogin) || oidc.KindOf(err) != oidc.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALaterAuthenticationOfTheSamePersonCostsTheIDTokenAlone(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(idp.Lies{IDToken: idptest.AuthTime(-time.Hour)})
	_, r := loggedIn(t, b)
	b.idp.Lie(idp.Lies{})
	got, err := b.rp.Refresh(t.Context(), r)
	if err != nil || got.IDToken != "" || got.AccessToken == "" || got.RefreshToken == r.Token {
		t.Errorf("%+v, %v", got, err)
	}
	b.idp.Lie(setClaim("sub", "demo-bob"))
	r.Token = got.RefreshToken
	if _, err := b.rp.Refresh(t.Context(), r); !errors.Is(err, oidc.ErrOtherLogin) {
		t.Errorf("of another person: %v", err)
	}
}

func TestWhatARefreshMayLack(t *testing.T) {
	b := newBed(t)
	_, r := loggedIn(t, b)
	b.idp.Lie(idp.Lies{TokenResponse: func(resp map[string]any) {
		delete(resp, "id_token")
		delete(resp, "refresh_token")
		delete(resp, "expires_in")
		delete(resp, "scope")
	}})
	got, err := b.rp.Refresh(t.Context(), r)
	if err != nil || got.IDToken != "" || got.Scope != "" || got.RefreshToken != r.Token {
		t.Errorf("without all but the access token: %+v, %v", got, err)
	}
	if in := time.Until(got.AccessExpires); in < 4*time.Minute || in > 5*time.Minute {
		t.Errorf("a token of unknown life lasts %v", in)
	}
	b.idp.Lie(idp.Lies{})
	_, r = loggedIn(t, b)
	b.idp.Lie(idp.Lies{IDToken: idptest.Without("auth_time", "nonce")})
	if got, err = b.rp.Refresh(t.Context(), r); err != nil || got.IDToken == "" {
		t.Errorf("without auth_time: %v", err)
	}
}

func TestID05_the_life_of_an_access_token_is_clamped(t *testing.T) {
	b := newBed(t)
	for _, step := range []struct {
		value any
		want  time.Duration
	}{
		{-1, 10 * time.Second}, {0, 10 * time.Second}, {"3600", time.Hour}, {1e12, 24 * time.Hour}, {90, 90 * time.Second},
		{"x", 5 * time.Minute}, {[]int{1}, 5 * time.Minute}, {"NaN", 5 * time.Minute},
	} {
		_, r := loggedIn(t, b)
		b.idp.Lie(tokenLie("expires_in", step.value))
		got, err := b.rp.Refresh(t.Context(), r)
		b.idp.Lie(idp.Lies{})
		if err != nil {
			t.Fatal(err)
		}
		if in := time.Until(got.AccessExpires); in > step.want || in < step.want-5*time.Second {
			t.Errorf("expires_in %v: %v", step.value, in)
		}
	}
}

func TestID05_a_refresh_token_is_sent_byte_by_byte(t *testing.T) {
	const odd = "a %&+\" =b"
	b := newBed(t)
	_, _ = b.rp.Refresh(t.Context(), oidc.Refresh{Token: odd, Sub: "x"}) // nobody issued it
	sent := b.idp.Requests()
	if got := sent[len(sent)-1].Form.Get("refresh_token"); got != odd {
		t.Errorf("sent as %q", got)
	}
}

func TestARevokedRefreshTokenBringsNothingAnyMore(t *testing.T) {
	for _, auth := range []oidc.ClientAuth{oidc.ClientAuthBasic, oidc.ClientAuthPost} {
		b := newBed(t, func(c *oidc.Config) { c.ClientAuth, c.Logout = auth, true })
		_, r := loggedIn(t, b)
		if !b.idp.Refreshable(r.Token.Reveal()) || !b.rp.CanRevoke() {
			t.Fatal("nothing to revoke")
		}
		if err := b.rp.Revoke(t.Context(), r.Token); err != nil {
			t.Fatalf("%s: %v", auth, err)
		}
		if b.idp.Refreshable(r.Token.Reveal()) {
			t.Errorf("%s: it still brings tokens", auth)
		}
		if err := b.rp.Revoke(t.Context(), r.Token); err != nil {
			t.Errorf("%s: once more: %v", auth, err)
		}
	}
}

func TestWhatGoesWrongWithARevocationIsTold(t *testing.T) {
	b := newBed(t, func(c *oidc.Config) { c.Logout = true })
	for name, step := range map[string]struct {
		lie  idp.Lies
		want oidc.Kind
	}{
		"down":        {idp.Lies{Down: true}, oidc.KindUnavailable},
		"503":         {idp.Lies{RevokeRaw: answer(http.StatusServiceUnavailable, "", "")}, oidc.KindUnavailable},
		"bad client":  {idp.Lies{RevokeRaw: answer(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`)}, oidc.KindConfig},
		"unsupported": {idp.Lies{RevokeRaw: answer(http.StatusBadRequest, "application/json", `{"error":"unsupported_token_type"}`)}, oidc.KindRefused},
	} {
		b.idp.Lie(step.lie)
		err := b.rp.Revoke(t.Context(), "a-token")
		b.idp.Lie(idp.Lies{})
		if oidc.KindOf(err) != step.want || strings.Contains(err.Error(), "a-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsRevokedWhereTheSessionIsToGoOnAtTheProviderOrItCannot(t *testing.T) {
	stays := newBed(t, func(c *oidc.Config) { c.Logout = false })
	server := newIDP(t)
	server.Lie(idp.Lies{Discovery: func(doc map[string]any) { delete(doc, "revocation_endpoint") }})
	cannot := bed{idp: server, rp: startReady(t, server, func(c *oidc.Config) { c.Logout = true })}
	for _, b := range []bed{stays, cannot} {
		if err := b.rp.Revoke(t.Context(), "a-token"); err != nil || b.rp.CanRevoke() || b.idp.Count(idp.Revoke) != 0 {
			t.Errorf("%v, asked %d times", err, b.idp.Count(idp.Revoke))
		}
	}
}
