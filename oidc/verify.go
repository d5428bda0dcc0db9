package oidc

import (
	"context"
	"errors"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/edgeauth/edgeauth/oidc/internal/assertions"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
	"github.com/edgeauth/edgeauth/oidc/internal/jws"
)

// verified returns the claims of a token for this client whose form and signature are right, and the algorithm of the
// signature. types are the header types allowed, in lower case. What the claims say is for package assertions to judge.
func (p *Provider) verified(ctx context.Context, op, raw string, types []string, lane jwks.Lane) (claims.Object, string, error) {
	return p.verifiedFor(ctx, op, p.config.ClientID, raw, types, lane)
}

// verifiedFor is verified for an audience that need not be this client.
func (p *Provider) verifiedFor(ctx context.Context, op, audience, raw string, types []string, lane jwks.Lane) (claims.Object, string, error) {
	if _, err := p.discovered(op); err != nil {
		return nil, "", err
	}
	token, err := jws.Parse(raw, p.config.Algorithms, types)
	if err != nil {
		return nil, "", invalid(op, "the token is malformed: %w", err)
	}
	object, err := claims.Parse(token.Payload)
	if err != nil {
		return nil, "", invalid(op, "the token's claims: %w", err)
	}
	if err := p.verifySignature(ctx, op, audience, raw, token, lane); err != nil {
		return nil, "", err
	}
	return object, token.Algorithm, nil
}

// rules are those by which assertions are judged now.
func (p *Provider) rules() assertions.Rules {
	return assertions.Rules{Issuer: p.config.Issuer, ClientID: p.config.ClientID, Now: p.config.Now(), Skew: p.config.ClockSkew}
}

// verifySignature lets go-oidc judge the token, with our keys.
func (p *Provider) verifySignature(ctx context.Context, op, audience, raw string, parsed jws.Token, lane jwks.Lane) error {
	keys := &keysOfOneToken{set: p.keys, token: parsed, lane: lane}
	verifier := gooidc.NewVerifier(p.config.Issuer, keys, &gooidc.Config{
		ClientID:             audience,
		SupportedSigningAlgs: p.config.Algorithms,
		Now:                  func() time.Time { return p.config.Now().Add(-p.config.ClockSkew) },
	})
	_, err := verifier.Verify(ctx, raw)
	switch {
	case errors.Is(keys.err, jwks.ErrUnavailable):
		return &Error{Kind: KindUnavailable, Op: op, Err: keys.err}
	case err != nil:
		return &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return nil
}

// keysOfOneToken is the go-oidc KeySet for one token. It keeps the error, of which go-oidc would keep the text alone, so
// that an outage could not be told from a forged token.
type keysOfOneToken struct {
	set   *jwks.Set
	token jws.Token
	lane  jwks.Lane
	err   error
}

// VerifySignature implements gooidc.KeySet.
func (k *keysOfOneToken) VerifySignature(ctx context.Context, raw string) (payload []byte, err error) {
	payload, k.err = k.set.Verify(ctx, raw, k.token.Algorithm, k.token.KeyID, k.lane)
	return payload, k.err
}
