package oidc_test

import (
	"context"
	"encoding/json"
	"net/http"
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

// honest are the claims of an ID token that is accepted, or of a logout token without those that only the other has.
func honest(b bed) []byte {
	now := time.Now().Unix()
	text, err := json.Marshal(map[string]any{"iss": b.idp.Issuer(), "sub": "s", "aud": clientID, "iat": now, "exp": now + 86400,
		"nonce": nonce, "jti": "j", "groups": []string{"a"}, "email": "a@b", "email_verified": true})
	if err != nil {
		panic(err)
	}
	return text
}

// An ID token is accepted only with our issuer, our client and a sub, whatever else its claims hold.
func FuzzIDTokenClaims(f *testing.F) {
	b := newBed(f)
	key := b.idp.Key("RS256")
	f.Add(honest(b))
	f.Add([]byte(`{"iss":"x","iss":"y","Sub":"a","aud":["edge"],"exp":1e300}`))
	f.Add([]byte(`{"events":{},"nonce":null,"sub":"\ud800"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		token := jose.Raw([]byte(`{"alg":"RS256","kid":"`+key.ID+`"}`), payload, key.Sign)
		b.idp.Lie(idp.Lies{TokenRaw: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "a", "token_type": "Bearer", "id_token": token})
		}})
		login, err := b.rp.Redeem(context.Background(), oidc.Redemption{Code: "c", Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI})
		if err != nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("accepted, though it is no JSON: %q", payload)
		}
		if plain["iss"] != b.idp.Issuer() || plain["sub"] != login.Subject.Sub || login.Subject.Sub == "" || plain["nonce"] != nonce {
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
	b := newBed(f)
	key := b.idp.Key("RS256")
	var claims map[string]any
	if err := json.Unmarshal(honest(b), &claims); err != nil {
		f.Fatal(err)
	}
	delete(claims, "nonce")
	claims["events"] = map[string]any{logoutEvent: map[string]any{}}
	good, err := json.Marshal(claims)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"alg":"RS256","typ":"logout+jwt"}`), good)
	f.Add([]byte(`{"alg":"RS256"}`), honest(b))
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		got, err := b.rp.VerifyLogoutToken(context.Background(), jose.Raw(header, payload, key.Sign))
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
		if plain["iss"] != b.idp.Issuer() || !holdsUs(plain["aud"]) || nonced || !event || plain["jti"] != got.JTI ||
			got.JTI == "" || got.Sub+got.SID == "" {
			t.Errorf("accepted %q as %+v", payload, got)
		}
	})
}
