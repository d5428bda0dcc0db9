package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/session"
)

func asserting(c *proxy.UpstreamConfig) {
	c.AssertionHeader, c.AssertionAudience = "X-App-Assertion", "app"
}

// verified checks a token as a backend would, by the published keys, and returns its claims.
func verified(t *testing.T, b *bed, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	var head struct{ Alg, Typ, Kid string }
	unjson(t, parts[0], &head)
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(signature) != 64 || head.Alg != "ES256" {
		t.Fatalf("%v, %d bytes of signature, %+v", err, len(signature), head)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(published(t, b, head.Kid), digest[:], r, s) {
		t.Fatal("the signature does not fit the published key")
	}
	claims := map[string]any{}
	unjson(t, parts[1], &claims)
	return claims
}

func unjson(t *testing.T, part string, v any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

func published(t *testing.T, b *bed, kid string) *ecdsa.PublicKey {
	t.Helper()
	rec := httptest.NewRecorder()
	proxy.JWKS(b.ring.Load, b.clock.now).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/.edgeauth/jwks.json", nil))
	if got := rec.Header().Get("Cache-Control"); got != "public, max-age=300" {
		t.Errorf("Cache-Control is %q", got)
	}
	var set struct {
		Keys []struct{ Kty, Crv, X, Y, Kid, Use, Alg string }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if k.Kid == kid && k.Kty == "EC" && k.Crv == "P-256" && k.Use == "sig" && k.Alg == "ES256" {
			x, err1 := base64.RawURLEncoding.DecodeString(k.X)
			y, err2 := base64.RawURLEncoding.DecodeString(k.Y)
			pub, err3 := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
			if err1 != nil || err2 != nil || err3 != nil {
				t.Fatal(err1, err2, err3)
			}
			return pub
		}
	}
	t.Fatalf("key %s is not published: %s", kid, rec.Body)
	return nil
}

func TestAn_upstream_gets_an_assertion_that_its_own_library_can_verify(t *testing.T) {
	b := newBed(t, options{upstream: asserting})
	s := b.alice()
	s.Assurance = identity.Assurance{ACR: "urn:loa:1", AMR: []string{"pwd"}, AuthTime: noon.Add(-time.Minute)}
	b.get("/x", b.as(s), "X_App_Assertion: forged\r\n")
	got := verified(t, b, b.hit().Variables["HTTP_X_APP_ASSERTION"])
	now := float64(noon.Unix())
	want := map[string]any{
		"iss": "https://app.corp.test", "aud": "app", "sub": "a-1", "sub_id": map[string]any{"format": "iss_sub", "iss": "https://idp.test", "sub": "a-1"},
		"sid": s.Family.String(), "iat": now, "nbf": now, "exp": now + 60, "session_exp": now + 8*3600, "level": "normal", "level_proven": true, "acr": "urn:loa:1", "amr": []any{"pwd"}, "auth_time": now - 60,
		"preferred_username": "alice", "name": "Alice", "email": "alice@corp.test", "email_verified": true, "groups": []any{"staff"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAn_assertion_is_signed_once_and_replaced_halfway(t *testing.T) {
	b := newBed(t, options{upstream: asserting})
	cookie := b.as(b.alice())
	var tokens []string
	for _, step := range []time.Duration{0, 29 * time.Second, 2 * time.Second, 40 * time.Second} {
		b.clock.advance(step)
		b.get("/x", cookie)
		hits := b.app.Hits()
		tokens = append(tokens, hits[len(hits)-1].Variables["HTTP_X_APP_ASSERTION"])
		if exp := verified(t, b, tokens[len(tokens)-1])["exp"].(float64); exp < float64(b.clock.now().Add(30*time.Second).Unix())-1 {
			t.Errorf("after %v: only valid until %v", step, exp)
		}
	}
	if tokens[0] != tokens[1] || tokens[1] == tokens[2] || tokens[2] == tokens[3] {
		t.Errorf("signed at the wrong times: %v", tokens)
	}
}

func TestNobody_has_no_assertion(t *testing.T) {
	b := newBed(t, options{upstream: asserting})
	b.get("/public/x", "X-App-Assertion: forged\r\n")
	if v, there := b.hit().Variables["HTTP_X_APP_ASSERTION"]; there {
		t.Errorf("the backend saw %q", v)
	}
}

func TestPending_and_retiring_keys_are_published_and_retired_ones_are_not(t *testing.T) {
	b := newBed(t, options{})
	key := func(id byte, from, until time.Time) session.Key {
		k := newRing(t, id).Active(noon)
		k.ActiveFrom, k.RetireAfter = from, until
		return k
	}
	ring, err := session.NewRing([]session.Key{
		key(1, noon.Add(-3*time.Hour), noon), key(2, noon.Add(-2*time.Hour), noon.Add(time.Hour)), key(3, noon.Add(-time.Hour), time.Time{}), key(4, noon.Add(time.Hour), time.Time{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.ring.Store(ring)
	for _, kid := range []string{"02000000", "03000000", "04000000"} {
		published(t, b, kid)
	}
	rec := httptest.NewRecorder()
	proxy.JWKS(b.ring.Load, b.clock.now).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if strings.Contains(rec.Body.String(), "01000000") || strings.Contains(rec.Body.String(), `"d"`) {
		t.Errorf("published: %s", rec.Body)
	}
	rec = httptest.NewRecorder()
	proxy.JWKS(b.ring.Load, b.clock.now).ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST got %d", rec.Code)
	}
}
