package jwks_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
)

func setOf(body []byte) *jwks.Set {
	return jwks.New(jwks.Config{
		Algorithms: []string{"RS256", "ES256", "EdDSA"},
		Fetch:      func(context.Context) ([]byte, error) { return body, nil },
		Now:        time.Now,
		Log:        slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

// Whatever stands beside a good key, nothing panics and the good key works; whatever stands there alone, a signature of
// a key that is not published is never accepted.
func FuzzJWKS(f *testing.F) {
	good, err := jose.NewEC("good")
	if err != nil {
		f.Fatal(err)
	}
	jwk, err := json.Marshal(good.JWK)
	if err != nil {
		f.Fatal(err)
	}
	token := jose.Compact(map[string]any{"alg": "ES256", "kid": "good"}, map[string]any{"a": 1}, good.Sign)
	for _, seed := range []string{
		`{"kty":"oct","k":"AAAA","kid":"good"}`, `{"kty":"RSA","n":"AQAB","e":"AQ","x5c":["junk"],"x5t":"AA"}`, `null`, `[]`, `"x"`, `1e999`,
		`{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}`, `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`, `{"kty":"EC","kty":"RSA"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, junk []byte) {
		if json.Valid(junk) {
			body := append([]byte(`{"keys":[`), junk...)
			body = append(append(append(body, ','), jwk...), `]}`...)
			if _, err := setOf(body).Verify(t.Context(), token, "ES256", "good", jwks.LaneLogin); err != nil {
				t.Errorf("the good key beside %q: %v", junk, err)
			}
		}
		for _, body := range [][]byte{junk, append(append([]byte(`{"keys":[`), junk...), `]}`...)} {
			_, err := setOf(body).Verify(t.Context(), token, "ES256", "good", jwks.LaneLogin)
			if !errors.Is(err, jwks.ErrSignature) && !errors.Is(err, jwks.ErrUnavailable) {
				t.Errorf("%q: %v", junk, err)
			}
		}
	})
}
