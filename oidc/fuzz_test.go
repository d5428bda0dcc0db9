package oidc_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/oidc"
)

// resign is token with the same header and claims, signed by another key under its own kid.
func resign(t testing.TB, token string, key jose.Key) string {
	t.Helper()
	header, claims, err := jose.Decode(token)
	if err != nil {
		t.Fatal(err)
	}
	header["kid"] = key.ID
	return jose.Compact(header, claims, key.Sign)
}

// fuzzIssuer and fuzzNow never change, so that an input means the same in each process and on each day.
const fuzzIssuer = "http://127.0.0.1:1"

// fuzzKey signs the same bytes the same way each time, which RSA and ECDSA do not.
func fuzzKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func fuzzSign(input []byte) []byte { return ed25519.Sign(fuzzKey(), input) }

func fuzzNow() time.Time { return time.Unix(1_800_000_000, 0) }

// fuzzBed is a bed in which nothing moves after the start: the clock stands, and with it the allowances, which are used
// up here. Otherwise one input would be judged differently from one time to the next.
func fuzzBed(f *testing.F) bed {
	f.Helper()
	server, err := idp.New(idp.Options{Issuer: fuzzIssuer, Now: fuzzNow})
	if err != nil {
		f.Fatal(err)
	}
	server.Lie(idp.Lies{JWKS: publish(map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "fuzz",
		"x": jose.Encode(fuzzKey().Public().(ed25519.PublicKey))})})
	ts := httptest.NewUnstartedServer(server)
	ts.Config.SetKeepAlivesEnabled(false)
	ts.Start()
	f.Cleanup(ts.Close)
	b := bed{server, startReady(f, server, func(c *oidc.Config) {
		c.BackChannelURL, c.Now, c.Algorithms = ts.URL, fuzzNow, []string{"EdDSA"}
	})}
	unknown := jose.Raw([]byte(`{"alg":"EdDSA","kid":"unknown"}`), honest(nil), fuzzSign)
	for _, want := range []oidc.Kind{oidc.KindInvalid, oidc.KindInvalid, oidc.KindUnavailable} {
		_, err := b.rp.VerifyLogoutToken(f.Context(), unknown)
		wantKind(f, err, want)
		_, err = b.rp.Admit(f.Context(), unknown, fuzzRedemption())
		wantKind(f, err, oidc.KindInvalid)
	}
	return b
}

func fuzzRedemption() oidc.Redemption {
	return oidc.Redemption{Code: "c", Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI}
}

// honest are the claims of an ID token that is accepted, edited.
func honest(edit func(claims map[string]any)) []byte {
	now := fuzzNow().Unix()
	claims := map[string]any{"iss": fuzzIssuer, "sub": "s", "aud": clientID, "iat": now, "exp": now + 300,
		"nonce": nonce, "jti": "j", "groups": []string{"a"}, "email": "a@b", "email_verified": true}
	if edit != nil {
		edit(claims)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return text
}

// An ID token is accepted only with our issuer, our client and a sub, whatever else its claims hold.
func FuzzIDTokenClaims(f *testing.F) {
	b := fuzzBed(f)
	if _, err := b.rp.Admit(f.Context(), jose.Raw([]byte(`{"alg":"EdDSA"}`), honest(nil), fuzzSign), fuzzRedemption()); err != nil {
		f.Fatalf("the seed: %v", err)
	}
	f.Add(honest(nil))
	f.Add([]byte(`{"iss":"x","iss":"y","Sub":"a","aud":["edge"],"exp":1e300}`))
	f.Add([]byte(`{"events":{},"nonce":null,"sub":"\ud800"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		token := jose.Raw([]byte(`{"alg":"EdDSA","kid":"fuzz"}`), payload, fuzzSign)
		login, err := b.rp.Admit(context.Background(), token, fuzzRedemption())
		if err != nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("accepted, though it is no JSON: %q", payload)
		}
		if plain["iss"] != fuzzIssuer || plain["sub"] != login.Subject.Sub || login.Subject.Sub == "" || plain["nonce"] != nonce {
			t.Errorf("accepted %q as %v", payload, login.Subject)
		}
		if !holdsUs(plain["aud"]) {
			t.Errorf("accepted %q for an audience without us", payload)
		}
	})
}

func holdsUs(aud any) bool {
	list, ok := aud.([]any)
	if !ok {
		return aud == clientID
	}
	for _, one := range list {
		if one == clientID {
			return true
		}
	}
	return false
}

// A logout token is accepted only with our issuer, our client, a sub or a sid, a jti, the event, and no nonce.
func FuzzLogoutToken(f *testing.F) {
	b := fuzzBed(f)
	good := honest(func(claims map[string]any) {
		delete(claims, "nonce")
		claims["events"] = map[string]any{logoutEvent: map[string]any{}}
	})
	if _, err := b.rp.VerifyLogoutToken(f.Context(), jose.Raw([]byte(`{"alg":"EdDSA"}`), good, fuzzSign)); err != nil {
		f.Fatalf("the seed: %v", err)
	}
	f.Add([]byte(`{"alg":"EdDSA","typ":"logout+jwt"}`), good)
	f.Add([]byte(`{"alg":"EdDSA"}`), honest(nil))
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		got, err := b.rp.VerifyLogoutToken(context.Background(), jose.Raw(header, payload, fuzzSign))
		if err != nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("accepted, though it is no JSON: %q", payload)
		}
		_, nonced := plain["nonce"]
		events, _ := plain["events"].(map[string]any)
		_, event := events[logoutEvent].(map[string]any)
		if plain["iss"] != fuzzIssuer || !holdsUs(plain["aud"]) || nonced || !event || plain["jti"] != got.JTI ||
			got.JTI == "" || got.Sub+got.SID == "" {
			t.Errorf("accepted %q as %+v", payload, got)
		}
	})
}
