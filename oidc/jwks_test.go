package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/oidc"
)

// publish makes the provider publish only these keys.
func publish(keys ...map[string]any) func([]map[string]any) []map[string]any {
	return func([]map[string]any) []map[string]any { return keys }
}

func with(jwk map[string]any, name string, value any) map[string]any {
	out := map[string]any{}
	for k, v := range jwk {
		out[k] = v
	}
	if out[name] = value; value == nil {
		delete(out, name)
	}
	return out
}

// junkKeys are members that a key set may hold and edgeauth must not use, all under the kid of good.
func junkKeys(good map[string]any) map[string]map[string]any {
	id := good["kid"]
	return map[string]map[string]any{
		"oct":            {"kty": "oct", "kid": id, "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
		"private RSA":    with(good, "d", "AQAB"),
		"encryption":     with(with(good, "use", "enc"), "alg", "RSA-OAEP"),
		"use is enc":     with(good, "use", "enc"),
		"use is a list":  with(good, "use", []string{"sig"}),
		"key_ops":        with(good, "key_ops", []string{"encrypt"}),
		"other alg":      with(good, "alg", "RS512"),
		"alg of an EC":   with(good, "alg", "ES256"),
		"e is 1":         with(good, "e", "AQ"),
		"e is even":      with(good, "e", "AQAC"),
		"e is huge":      with(good, "e", "AQAAAAAAAAAAAAAAAAAAAQ"),
		"broken base64":  with(good, "n", "!!!"),
		"padded base64":  with(good, "e", "AQAB="),
		"n missing":      with(good, "n", nil),
		"n is a number":  with(good, "n", 5),
		"kid is number":  with(good, "kid", 5),
		"unknown kty":    with(good, "kty", "AKP"),
		"kty missing":    with(good, "kty", nil),
		"secp256k1":      {"kty": "EC", "crv": "secp256k1", "kid": id, "x": ecX, "y": ecX},
		"off the curve":  {"kty": "EC", "crv": "P-256", "kid": id, "x": ecX, "y": ecX},
		"short point":    {"kty": "EC", "crv": "P-256", "kid": id, "x": "AAAA", "y": "AAAA"},
		"X25519":         {"kty": "OKP", "crv": "X25519", "kid": id, "x": ecX},
		"short Ed25519":  {"kty": "OKP", "crv": "Ed25519", "kid": id, "x": "AAAA"},
		"empty object":   {},
		"junk x5c alone": {"x5c": []string{"junk"}, "kid": id},
	}
}

const ecX = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"

func TestJW07_an_unusable_key_does_not_spoil_a_good_one(t *testing.T) {
	server := newIDP(t)
	good := server.Key("RS256").JWK
	for name, junk := range junkKeys(good) {
		t.Run(name, func(t *testing.T) {
			server.Lie(idp.Lies{JWKS: publish(junk, good, junk)})
			if _, err := redeem(t, startReady(t, server)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestJW07_an_unusable_key_is_not_used(t *testing.T) {
	server := newIDP(t)
	for name, junk := range junkKeys(server.Key("RS256").JWK) {
		t.Run(name, func(t *testing.T) {
			server.Lie(idp.Lies{JWKS: publish(junk)})
			_, err := redeem(t, startReady(t, server))
			wantKind(t, err, oidc.KindInvalid)
		})
	}
}

func TestJW07_a_weak_RSA_key_is_not_used(t *testing.T) {
	server := newIDP(t)
	for name, c := range map[string]struct {
		bits int
		e    int64
	}{"512 bits": {512, 65537}, "1024 bits": {1024, 65537}, "e is 1": {2048, 1}, "16,384 bits": {16384, 65537}} {
		t.Run(name, func(t *testing.T) {
			weak, err := jose.WeakRSA("weak", c.bits, c.e)
			if err != nil {
				t.Fatal(err)
			}
			lie := idp.Lies{JWKS: publish(weak.JWK), SignIDToken: func(_ *idp.Server, h, claims map[string]any) string {
				h["kid"] = weak.ID
				return jose.Compact(h, claims, weak.Sign)
			}}
			server.Lie(lie)
			_, err = redeem(t, startReady(t, server))
			wantKind(t, err, oidc.KindInvalid)
		})
	}
}

func TestJW07_keys_with_certificates_of_junk_are_used(t *testing.T) {
	server := newIDP(t)
	good := with(with(server.Key("RS256").JWK, "x5c", []string{"junk"}), "x5t", "junk")
	server.Lie(idp.Lies{JWKS: publish(good)})
	if _, err := redeem(t, startReady(t, server)); err != nil {
		t.Error(err)
	}
}

func TestJW07_of_one_kid_four_keys_are_tried_and_no_more(t *testing.T) {
	server := newIDP(t)
	good := server.Key("RS256").JWK
	other, err := jose.NewRSA(server.Key("RS256").ID)
	if err != nil {
		t.Fatal(err)
	}
	server.Lie(idp.Lies{JWKS: publish(other.JWK, other.JWK, other.JWK, good)})
	if _, err := redeem(t, startReady(t, server)); err != nil {
		t.Errorf("the fourth: %v", err)
	}
	server.Lie(idp.Lies{JWKS: publish(other.JWK, other.JWK, other.JWK, other.JWK, good)})
	_, err = redeem(t, startReady(t, server))
	wantKind(t, err, oidc.KindInvalid)
}

func TestJW07_a_good_key_behind_a_thousand_unusable_ones_is_found(t *testing.T) {
	server := newIDP(t)
	keys := make([]map[string]any, 10_000)
	for i := range keys {
		keys[i] = map[string]any{"kty": "oct", "k": "AAAA"}
	}
	keys[9_999] = server.Key("RS256").JWK
	server.Lie(idp.Lies{JWKS: publish(keys...)})
	if _, err := redeem(t, startReady(t, server)); err != nil {
		t.Error(err)
	}
}

func TestATokenWithoutKidIsVerifiedWithTheKeysThereAre(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(idp.Lies{IDToken: func(header, _ map[string]any) { delete(header, "kid") }})
	if _, err := redeem(t, b.rp); err != nil {
		t.Error(err)
	}
}

func TestID04_a_rotation_is_met_by_one_more_reading_of_the_keys(t *testing.T) {
	b := newBed(t)
	before := b.idp.Count(idp.JWKS)
	for range 2 {
		b.idp.RotateKeys(false)
		for range 3 {
			if _, err := redeem(t, b.rp); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := b.idp.Count(idp.JWKS) - before; n != 2 {
		t.Errorf("%d readings for two rotations", n)
	}
}

func TestID04_unknown_kids_do_not_flood_the_provider_and_cannot_delay_a_rotation(t *testing.T) {
	b := newBed(t)
	before := b.idp.Count(idp.JWKS)
	for n := range 20 {
		_, err := b.rp.VerifyLogoutToken(t.Context(), b.idp.LogoutToken(func(h, c map[string]any) {
			h["kid"], c["aud"], c["sub"] = "unknown", clientID, "demo-alice"
		}))
		if n < 2 {
			wantKind(t, err, oidc.KindInvalid)
		} else {
			wantKind(t, err, oidc.KindUnavailable)
		}
	}
	if n := b.idp.Count(idp.JWKS) - before; n != 2 {
		t.Errorf("%d readings for twenty unknown kids, want the burst of 2", n)
	}
	b.idp.RotateKeys(false)
	_, err := b.rp.VerifyLogoutToken(t.Context(), logoutToken(b, nil))
	wantKind(t, err, oidc.KindUnavailable) // the sender is to send it again
	if _, err := redeem(t, b.rp); err != nil {
		t.Errorf("a login after a rotation and a flood of logout tokens: %v", err)
	}
	if _, err := b.rp.VerifyLogoutToken(t.Context(), logoutToken(b, nil)); err != nil {
		t.Errorf("the logout token, sent again: %v", err)
	}
}

func TestID04_a_JWKS_outage_is_unavailable_and_never_invalid(t *testing.T) {
	for name, lie := range map[string]idp.Lies{
		"500":       {JWKSRaw: answer(http.StatusInternalServerError, "text/html", "<html>")},
		"404":       {JWKSRaw: answer(http.StatusNotFound, "text/html", "<html>")},
		"HTML":      {JWKSRaw: answer(http.StatusOK, "text/html", "<html>")},
		"no keys":   {JWKSRaw: answer(http.StatusOK, "application/json", `{"keys":null}`)},
		"a list":    {JWKSRaw: answer(http.StatusOK, "application/json", `[]`)},
		"too large": {JWKSRaw: answer(http.StatusOK, "application/json", longText(1<<20+1))},
		"redirect":  {JWKSRaw: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/jwks2", http.StatusFound) }},
		"hang-up":   {JWKSRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newIDP(t)
			server.Lie(lie)
			rp := start(t, server)
			waitFor(t, "discovery", func() bool { return rp.Status().Ready })
			for range 4 { // past the burst too
				_, err := redeem(t, rp)
				wantKind(t, err, oidc.KindUnavailable)
			}
			server.Lie(idp.Lies{})
			waitFor(t, "recovery", func() bool { return rp.Status().Err == nil })
			if _, err := redeem(t, rp); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestID04_keys_known_already_serve_while_the_JWKS_is_down(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(idp.Lies{JWKSRaw: answer(http.StatusInternalServerError, "text/html", "")})
	if _, err := redeem(t, b.rp); err != nil {
		t.Error(err)
	}
	b.idp.RotateKeys(false)
	for range 4 {
		_, err := redeem(t, b.rp)
		wantKind(t, err, oidc.KindUnavailable)
	}
}

func TestParallelLoginsAfterARotationReadTheKeysOnce(t *testing.T) {
	b := newBed(t)
	before := b.idp.Count(idp.JWKS)
	b.idp.RotateKeys(false)
	b.idp.Lie(idp.Lies{JWKSRaw: nil, JWKS: func(keys []map[string]any) []map[string]any {
		time.Sleep(50 * time.Millisecond) // so that the others arrive meanwhile
		return keys
	}})
	const logins = 8
	errs := make(chan error, logins)
	for range logins {
		answer := authorize(t, b.rp, nil)
		go func() {
			_, err := b.rp.Redeem(t.Context(), oidc.Redemption{
				Code: answer.Get("code"), Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI})
			errs <- err
		}()
	}
	for range logins {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := b.idp.Count(idp.JWKS) - before; n > 2 {
		t.Errorf("%d readings for %d parallel logins", n, logins)
	}
}
