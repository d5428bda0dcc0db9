package oidc

import (
	"context"
	"crypto"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
)

// Bounds on what the provider may say about how someone authenticated.
const (
	longestACR = 1024
	mostAMR    = 64
)

// verifyIDToken is OpenID Connect Core 1.0, 3.1.3.7 and 3.1.3.8.
func (p *Provider) verifyIDToken(ctx context.Context, answer tokenAnswer, r Redemption) (signedToken, identity.Assurance, error) {
	const op = "verifying ID token"
	token, err := p.verify(ctx, op, answer.idToken, []string{"jwt"}, jwks.LaneLogin)
	if err != nil {
		return signedToken{}, identity.Assurance{}, err
	}
	assurance, err := p.checkIDToken(token, answer.accessToken, r)
	if err != nil {
		return signedToken{}, identity.Assurance{}, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return token, assurance, nil
}

func (p *Provider) checkIDToken(t signedToken, accessToken string, r Redemption) (identity.Assurance, error) {
	var none identity.Assurance
	if t.sub == "" {
		return none, errors.New("sub is missing")
	}
	if t.claims.Has("events") {
		return none, errors.New("it has events, so it is no ID token")
	}
	if err := p.checkAuthorizedParty(t); err != nil {
		return none, err
	}
	nonce, _, err := t.claims.Text("nonce", 1024)
	if err != nil || r.Nonce == "" || subtle.ConstantTimeCompare([]byte(nonce), []byte(r.Nonce)) != 1 {
		return none, errors.New("nonce is not the one of this login")
	}
	if err := checkAccessTokenHash(t, accessToken); err != nil {
		return none, err
	}
	return p.readAssurance(t, r.MaxAge)
}

// checkAuthorizedParty: a token for several audiences must name the client for whom it was made, and that must be us.
func (p *Provider) checkAuthorizedParty(t signedToken) error {
	azp, ok, err := t.claims.Text("azp", 2048)
	if err != nil {
		return err
	}
	audience, err := t.claims.Audience()
	if err != nil {
		return err
	}
	if (ok || len(audience) > 1) && azp != p.config.ClientID {
		return errors.New("azp is not this client")
	}
	return nil
}

// checkAccessTokenHash is OpenID Connect Core 1.0, 3.1.3.8: the left half of the hash that belongs to the algorithm.
func checkAccessTokenHash(t signedToken, accessToken string) error {
	want, ok, err := t.claims.Text("at_hash", 100)
	if err != nil || !ok {
		return err
	}
	hash := hashOf(t.alg).New()
	hash.Write([]byte(accessToken))
	sum := hash.Sum(nil)
	got := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return errors.New("at_hash does not fit the access token")
	}
	return nil
}

func hashOf(alg string) crypto.Hash {
	switch {
	case alg == "EdDSA" || strings.HasSuffix(alg, "512"):
		return crypto.SHA512
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	}
	return crypto.SHA256
}

func (p *Provider) readAssurance(t signedToken, maxAge *time.Duration) (a identity.Assurance, err error) {
	if a.ACR, _, err = t.claims.Text("acr", longestACR); err != nil {
		return a, err
	}
	if a.AMR, _, err = t.claims.Strings("amr", mostAMR, longestACR); err != nil {
		return a, err
	}
	a.AMR = slices.Clip(a.AMR)
	at, ok, err := t.claims.Time("auth_time")
	switch {
	case err != nil:
		return a, err
	case !ok && maxAge != nil:
		return a, errors.New("auth_time is missing, though max_age was asked")
	case ok && at.After(p.config.Now().Add(p.config.ClockSkew)):
		return a, errors.New("auth_time lies ahead")
	}
	a.AuthTime = at
	return a, nil
}
