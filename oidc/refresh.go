package oidc

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/edgeauth/edgeauth/oidc/internal/assertions"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
	"github.com/edgeauth/edgeauth/oidc/internal/jws"
)

const opRefresh = "refreshing tokens"

// Refresh is a refresh token, and the login that it belongs to. It does not print.
type Refresh struct {
	Token    Token
	Sub      string
	AuthTime time.Time // as the login's ID token had it; zero: it had none
}

// Format implements fmt.Formatter for every verb: the token is a secret.
func (r Refresh) Format(f fmt.State, _ rune) { fmt.Fprint(f, "refresh token, ", redacted) }

// Refreshed is what a refresh brought.
type Refreshed struct {
	AccessToken   Token
	AccessExpires time.Time // by our clock; at least 10 s and at most 24 h ahead, 5 min where the provider did not say
	RefreshToken  Token     // to be used from now on; the old one where the provider gave no other
	IDToken       Token     // empty: none came that can be used
	Scope         string    // of the access token; empty: unchanged
}

// ErrOtherLogin is a refreshed ID token about another issuer, person or client, or of an earlier authentication (OpenID Connect Core 1.0, 12.2).
// It is found within an Error of KindInvalid.
var ErrOtherLogin = assertions.ErrOther

// Refused reports whether an error says that the provider no longer takes a grant (RFC 6749, 5.2): the refresh token is
// used, revoked or expired, or its session has ended. Whatever else went wrong says nothing about the session.
func Refused(err error) bool { return KindOf(err) == KindRefused && CodeOf(err) == "invalid_grant" }

// Refresh redeems a refresh token (RFC 6749, section 6). An ID token in the answer is optional, and judged by OpenID
// Connect Core 1.0, 12.2; one whose keys cannot be read now is left out. Two redemptions of one token at the same time end the
// session at providers that rotate: that this does not happen is for the caller to see to.
func (p *Provider) Refresh(ctx context.Context, r Refresh) (*Refreshed, error) {
	doc, err := p.discovered(opRefresh)
	if err != nil {
		return nil, err
	}
	if r.Token == "" || r.Sub == "" {
		return nil, invalid(opRefresh, "refresh token and sub are both needed")
	}
	answer, err := p.askToken(ctx, doc, opRefresh, func(ctx context.Context, client *oauth2.Config) error {
		_, err := client.TokenSource(ctx, &oauth2.Token{RefreshToken: r.Token.Reveal()}).Token()
		return err
	})
	if err != nil {
		return nil, err
	}
	idToken, err := p.refreshedIDToken(ctx, answer, r)
	if err != nil {
		return nil, err
	}
	out := &Refreshed{AccessToken: Token(answer.accessToken), AccessExpires: p.config.Now().Add(answer.life),
		RefreshToken: Token(answer.refreshToken), IDToken: idToken, Scope: answer.scope}
	if out.RefreshToken == "" {
		out.RefreshToken = r.Token
	}
	return out, nil
}

// refreshedIDToken judges the ID token of an answer. That it cannot be judged now must not cost the other tokens, of which the
// provider gives no second copy. Nor must a later authentication of the same person, which is left out too: nothing is proven to this
// session by it.
func (p *Provider) refreshedIDToken(ctx context.Context, answer tokenAnswer, r Refresh) (Token, error) {
	const op = "verifying refreshed ID token"
	if answer.idToken == "" {
		return "", nil
	}
	types := []string{"jwt"}
	known := assertions.Known{Sub: r.Sub, AuthTime: r.AuthTime}
	if again, err := p.aboutLogin(op, answer.idToken, types, known); err != nil || again {
		return "", err
	}
	object, alg, err := p.verified(ctx, op, answer.idToken, types, jwks.LaneLogin)
	switch {
	case KindOf(err) == KindUnavailable:
		return "", nil
	case err != nil:
		return "", err
	}
	if err := p.rules().Refreshed(object, answer.accessToken, alg); err != nil {
		return "", &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return Token(answer.idToken), nil
}

// aboutLogin compares what names the login before anything else is judged: it came from the provider itself, so a token about
// another login is no good answer, whoever signed it and whether or not its key is known.
func (p *Provider) aboutLogin(op, raw string, types []string, known assertions.Known) (again bool, err error) {
	token, err := jws.Parse(raw, p.config.Algorithms, types)
	if err != nil {
		return false, invalid(op, "the token is malformed: %w", err)
	}
	object, err := claims.Parse(token.Payload)
	if err != nil {
		return false, invalid(op, "the token's claims: %w", err)
	}
	if again, err = p.rules().SameLogin(object, known); err != nil {
		return false, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return again, nil
}
