package idp

import (
	"crypto/sha256"
	"slices"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

// idToken mints the ID token (Core, section 2) that goes with an access token.
func (s *Server) idToken(g *grant, access string, withNonce bool) string {
	lies := s.lies.Load()
	alg := g.request.client.IDTokenAlg
	if alg == "" {
		alg = "RS256"
	}
	header := map[string]any{"alg": alg, "kid": s.Key(alg).ID, "typ": "JWT"}
	claims := s.idClaims(g, access, withNonce)
	if lies.IDToken != nil {
		lies.IDToken(header, claims)
	}
	if lies.SignIDToken != nil {
		return lies.SignIDToken(s, header, claims)
	}
	return s.Sign(header, claims)
}

func (s *Server) idClaims(g *grant, access string, withNonce bool) map[string]any {
	now := s.now()
	claims := g.session.user.scoped(g.request.scopes)
	for name, v := range map[string]any{
		"iss": s.Issuer(), "sub": g.session.user.sub(), "aud": g.request.client.ID, "azp": g.request.client.ID,
		"iat": now.Unix(), "exp": now.Add(s.life).Unix(), "auth_time": g.evidence.At.Unix(), "jti": random(),
		"acr": g.evidence.ACR, "amr": slices.Clone(g.evidence.Methods), "sid": g.session.sid, "at_hash": atHash(access),
	} {
		claims[name] = v
	}
	if withNonce && g.request.nonce != "" {
		claims["nonce"] = g.request.nonce
	}
	return claims
}

// atHash is the left half of the access token's SHA-256 (Core 3.1.3.6).
func atHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return jose.Encode(sum[:16])
}

// accessToken mints a JWT access token (RFC 9068), so that tests can offer it where an ID token is wanted. What it says
// of the authentication is for resource servers that ask for a step-up (RFC 9470, 6.2).
func (s *Server) accessToken(g *grant) string {
	now := s.now()
	return s.Sign(map[string]any{"alg": "RS256", "kid": s.Key("RS256").ID, "typ": "at+jwt"}, map[string]any{
		"iss": s.Issuer(), "sub": g.session.user.sub(), "aud": s.Issuer(), "client_id": g.request.client.ID,
		"iat": now.Unix(), "exp": now.Add(s.life).Unix(), "jti": random(), "sid": g.session.sid,
		"scope": g.request.params.Get("scope"), "acr": g.evidence.ACR, "amr": slices.Clone(g.evidence.Methods),
		"auth_time": g.evidence.At.Unix(),
	})
}
