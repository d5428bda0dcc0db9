package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
	"github.com/edgeauth/edgeauth/oidc/internal/jws"
)

// Bounds on what tokens may hold.
const (
	longestSub = 255 // OpenID Connect Core 1.0, section 2
	longestSID = 255
	oldestIAT  = 10 * time.Minute // a token is looked at right after it was made
)

// signedToken is a token whose form, signature, issuer, audience and times are right.
type signedToken struct {
	claims   claims.Object
	alg      string
	sub, sid string // empty: absent
	issued   time.Time
	expires  time.Time
}

// verify does what ID tokens and logout tokens have in common. types are the header types allowed, in lower case.
func (p *Provider) verify(ctx context.Context, op, raw string, types []string, lane jwks.Lane) (signedToken, error) {
	if _, err := p.discovered(op); err != nil {
		return signedToken{}, err
	}
	parsed, err := jws.Parse(raw, p.config.Algorithms, types)
	if err != nil {
		return signedToken{}, invalid(op, "the token is malformed: %w", err)
	}
	object, err := claims.Parse(parsed.Payload)
	if err != nil {
		return signedToken{}, invalid(op, "the token's claims: %w", err)
	}
	if err := p.verifySignature(ctx, op, raw, parsed, lane); err != nil {
		return signedToken{}, err
	}
	token := signedToken{claims: object, alg: parsed.Algorithm}
	if err := p.checkCommon(&token); err != nil {
		return signedToken{}, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return token, nil
}

// verifySignature lets go-oidc judge the token, with our keys.
func (p *Provider) verifySignature(ctx context.Context, op, raw string, parsed jws.Token, lane jwks.Lane) error {
	keys := &keysOfOneToken{set: p.keys, token: parsed, lane: lane}
	verifier := gooidc.NewVerifier(p.config.Issuer, keys, &gooidc.Config{
		ClientID:             p.config.ClientID,
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

// protocolClaims are the claims that mean something to the protocol. Userinfo never speaks for them.
func protocolClaims() []string {
	return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid",
		"at_hash", "c_hash", "s_hash", "events", "cnf", "sub_jwk", "_claim_names", "_claim_sources"}
}

func (p *Provider) checkCommon(t *signedToken) error {
	if err := t.claims.RefuseVariantsOf(protocolClaims()...); err != nil {
		return err
	}
	if issuer, _, err := t.claims.Text("iss", 2048); err != nil || issuer != p.config.Issuer {
		return fmt.Errorf("iss is %.100q, not %q", issuer, p.config.Issuer)
	}
	audience, err := t.claims.Audience()
	if err != nil {
		return err
	}
	if !slices.Contains(audience, p.config.ClientID) {
		return fmt.Errorf("aud does not hold %q", p.config.ClientID)
	}
	if t.sub, _, err = t.claims.Identifier("sub", longestSub); err != nil {
		return err
	}
	if t.sid, _, err = t.claims.Identifier("sid", longestSID); err != nil {
		return err
	}
	return p.checkTimes(t)
}

// checkTimes requires exp and iat, though RFC 7519 leaves both open, and allows for the provider's clock skew.
func (p *Provider) checkTimes(t *signedToken) (err error) {
	now, skew := p.config.Now(), p.config.ClockSkew
	if t.expires, err = t.claims.MustTime("exp"); err != nil {
		return err
	}
	if t.issued, err = t.claims.MustTime("iat"); err != nil {
		return err
	}
	begins, _, err := t.claims.Time("nbf")
	switch {
	case err != nil:
		return err
	case !now.Before(t.expires.Add(skew)):
		return fmt.Errorf("it has expired %v ago", now.Sub(t.expires))
	case t.issued.After(now.Add(skew)):
		return fmt.Errorf("it was issued %v from now", t.issued.Sub(now))
	case t.issued.Before(now.Add(-oldestIAT - skew)):
		return fmt.Errorf("it was issued %v ago", now.Sub(t.issued))
	case begins.After(now.Add(skew)):
		return fmt.Errorf("it begins %v from now", begins.Sub(now))
	}
	return nil
}
