package oidc_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/oidc"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken is an honest token of alice's for us, edited.
func logoutToken(b bed, edit func(header, claims map[string]any)) string {
	return b.idp.LogoutToken(func(header, claims map[string]any) {
		claims["aud"], claims["sub"], claims["sid"] = clientID, "demo-alice", "session-1"
		if edit != nil {
			edit(header, claims)
		}
	})
}

func logoutClaim(name string, value any) func(b bed) string {
	return func(b bed) string {
		return logoutToken(b, func(_, claims map[string]any) { claims[name] = value })
	}
}

func withoutClaims(names ...string) func(b bed) string {
	return func(b bed) string {
		return logoutToken(b, func(_, claims map[string]any) {
			for _, name := range names {
				delete(claims, name)
			}
		})
	}
}

func logoutHeader(name string, value any) func(b bed) string {
	return func(b bed) string { return logoutToken(b, func(header, _ map[string]any) { header[name] = value }) }
}

func refusesLogoutTokens(t *testing.T, tokens map[string]func(b bed) string) {
	t.Helper()
	b := newBed(t)
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			_, err := b.rp.VerifyLogoutToken(t.Context(), token(b))
			wantKind(t, err, oidc.KindInvalid)
		})
	}
	if _, err := b.rp.VerifyLogoutToken(t.Context(), logoutToken(b, nil)); err != nil {
		t.Errorf("an honest token afterwards: %v", err)
	}
}

func acceptsLogoutTokens(t *testing.T, tokens map[string]func(b bed) string) {
	t.Helper()
	b := newBed(t)
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			if _, err := b.rp.VerifyLogoutToken(t.Context(), token(b)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLO01_a_logout_token_is_read_whole(t *testing.T) {
	b := newBed(t)
	got, err := b.rp.VerifyLogoutToken(t.Context(), logoutToken(b, func(_, c map[string]any) { c["jti"] = "j-1" }))
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != b.idp.Issuer() || got.Sub != "demo-alice" || got.SID != "session-1" || got.JTI != "j-1" {
		t.Errorf("token %+v", got)
	}
	if time.Since(got.IssuedAt) > limit || !got.Expires.After(got.IssuedAt) {
		t.Errorf("times %v, %v", got.IssuedAt, got.Expires)
	}
}

func TestLO02_sub_or_sid_alone_is_enough(t *testing.T) {
	acceptsLogoutTokens(t, map[string]func(b bed) string{
		"sub alone": withoutClaims("sid"), "sid alone": withoutClaims("sub"),
	})
}

func TestLO04_a_logout_token_with_another_signature_is_refused(t *testing.T) {
	attacker, err := jose.NewRSA("rsa-1")
	if err != nil {
		t.Fatal(err)
	}
	refusesLogoutTokens(t, map[string]func(b bed) string{
		"none":                        logoutHeader("alg", "none"),
		"ES256 while RS256 is pinned": logoutHeader("alg", "ES256"),
		"HS256 with client secret":    logoutHeader("alg", "HS256"),
		"unknown kid":                 logoutHeader("kid", "unknown"),
		"crit":                        logoutHeader("crit", []string{"x"}),
		"jwk":                         logoutHeader("jwk", attacker.JWK),
		"bad signature": func(b bed) string {
			header, claims, err := jose.Decode(logoutToken(b, nil))
			if err != nil {
				t.Fatal(err)
			}
			return jose.Compact(header, claims, attacker.Sign)
		},
		"empty": func(bed) string { return "" }, "dots": func(bed) string { return ".." },
		"large": func(b bed) string { return logoutToken(b, nil) + longText(64<<10) },
	})
}

func TestLO05_a_logout_token_for_somebody_else_is_refused(t *testing.T) {
	refusesLogoutTokens(t, map[string]func(b bed) string{
		"other issuer":    logoutClaim("iss", "https://evil.example"),
		"issuer slash":    func(b bed) string { return logoutClaim("iss", b.idp.Issuer()+"/")(b) },
		"other audience":  logoutClaim("aud", "other"),
		"list without us": logoutClaim("aud", []string{"other", "another"}),
		"no audience":     withoutClaims("aud"),
		"no issuer":       withoutClaims("iss"),
	})
	acceptsLogoutTokens(t, map[string]func(b bed) string{"us and another": logoutClaim("aud", []string{clientID, "other"})})
}

func TestLO07_a_logout_token_with_a_nonce_is_refused(t *testing.T) {
	refusesLogoutTokens(t, map[string]func(b bed) string{
		"string": logoutClaim("nonce", "n"), "null": logoutClaim("nonce", nil), "empty": logoutClaim("nonce", ""),
		"Nonce": logoutClaim("Nonce", "n"), "number": logoutClaim("nonce", 1),
	})
}

func TestLO08_a_logout_token_without_what_it_needs_is_refused(t *testing.T) {
	now := time.Now().Unix()
	refusesLogoutTokens(t, map[string]func(b bed) string{
		"neither sub nor sid": withoutClaims("sub", "sid"),
		"sub empty, no sid": func(b bed) string {
			return logoutToken(b, func(_, c map[string]any) { c["sub"] = ""; delete(c, "sid") })
		},
		"sub a number":            logoutClaim("sub", 5),
		"sid a list":              logoutClaim("sid", []string{"s"}),
		"no jti":                  withoutClaims("jti"),
		"jti empty":               logoutClaim("jti", ""),
		"jti a number":            logoutClaim("jti", 5),
		"jti of 257 characters":   logoutClaim("jti", longText(257)),
		"no iat":                  withoutClaims("iat"),
		"iat an hour old":         logoutClaim("iat", now-3600),
		"iat an hour ahead":       logoutClaim("iat", now+3600),
		"iat a string":            logoutClaim("iat", "1"),
		"exp past":                logoutClaim("exp", now-60),
		"no exp":                  withoutClaims("exp"),
		"no events":               withoutClaims("events"),
		"events a list":           logoutClaim("events", []string{logoutEvent}),
		"events a string":         logoutClaim("events", logoutEvent),
		"events without logout":   logoutClaim("events", map[string]any{"x": map[string]any{}}),
		"logout event null":       logoutClaim("events", map[string]any{logoutEvent: nil}),
		"logout event a string":   logoutClaim("events", map[string]any{logoutEvent: "{}"}),
		"logout event a boolean":  logoutClaim("events", map[string]any{logoutEvent: true}),
		"Events in another case":  logoutClaim("Events", map[string]any{}),
		"sub with a line end":     logoutClaim("sub", "demo-alice\n"),
		"sid with space":          logoutClaim("sid", " s"),
		"jti with control":        logoutClaim("jti", "a\x00"),
		"exp not a date":          logoutClaim("exp", 1e300),
		"sid of 256 characters":   logoutClaim("sid", longText(256)),
		"sub of 256 characters":   logoutClaim("sub", longText(256)),
		"not yet valid":           logoutClaim("nbf", now+3600),
		"audience and nothing":    logoutClaim("aud", ""),
		"issuer in another shape": logoutClaim("iss", []string{"x"}),
	})
}

func TestLO08_events_of_Keycloak_that_hold_a_boolean_are_accepted(t *testing.T) {
	acceptsLogoutTokens(t, map[string]func(b bed) string{
		"boolean beside":  logoutClaim("events", map[string]any{logoutEvent: map[string]any{}, "revoke_offline_access": true}),
		"members within":  logoutClaim("events", map[string]any{logoutEvent: map[string]any{"reason": "x"}}),
		"unknown claims":  logoutClaim("trace", map[string]any{"a": []int{1}}),
		"iat a while ago": logoutClaim("iat", time.Now().Add(-9*time.Minute).Unix()),
	})
}

func TestLO10_a_token_of_another_kind_is_no_logout_token(t *testing.T) {
	b := newBed(t)
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	access := b.idp.Issued()[0].AccessToken
	for name, token := range map[string]string{"ID token": login.IDToken.Reveal(), "access token": access} {
		_, err := b.rp.VerifyLogoutToken(t.Context(), token)
		if oidc.KindOf(err) != oidc.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	refusesLogoutTokens(t, map[string]func(b bed) string{
		"at+jwt": logoutHeader("typ", "at+jwt"), "secevent": logoutHeader("typ", "secevent+jwt"), "number": logoutHeader("typ", 1),
	})
	acceptsLogoutTokens(t, map[string]func(b bed) string{
		"JWT": logoutHeader("typ", "JWT"), "logout+jwt": logoutHeader("typ", "logout+jwt"), "LOGOUT+JWT": logoutHeader("typ", "LOGOUT+JWT"),
		"missing": func(b bed) string { return logoutToken(b, func(h, _ map[string]any) { delete(h, "typ") }) },
	})
}

func TestLO04_a_logout_token_while_the_keys_cannot_be_had_is_unavailable(t *testing.T) {
	server := newIDP(t)
	server.Lie(idp.Lies{JWKSRaw: answer(500, "text/html", "")})
	rp := start(t, server)
	waitFor(t, "discovery", func() bool { return rp.Status().Ready })
	_, err := rp.VerifyLogoutToken(t.Context(), logoutToken(bed{server, rp}, nil))
	wantKind(t, err, oidc.KindUnavailable)
}
