package oidc

import (
	"context"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc/internal/assertions"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
	"github.com/edgeauth/edgeauth/oidc/internal/profile"
)

// Redeem spends the code and says who logged in. It checks everything of OpenID Connect Core 1.0, 3.1.3.5 to 3.1.3.8, and
// asks userinfo where Config.Userinfo says so. It does not compare acr, amr and auth_time with what was asked, except
// that auth_time must be there if MaxAge was. The caller has checked state, iss and the once-mark before.
//
// Where the ID token and userinfo both have a claim: of the protocol's claims only the ID token's count, and so do its
// groups; every other claim is userinfo's, and the e-mail address and whether it is verified always come from the same one.
func (p *Provider) Redeem(ctx context.Context, r Redemption) (*Login, error) {
	doc, err := p.discovered(opRedeem)
	if err != nil {
		return nil, err
	}
	if r.Code == "" || r.Nonce == "" || r.Verifier == "" {
		return nil, invalid(opRedeem, "code, nonce and verifier are all needed")
	}
	answer, err := p.exchange(ctx, doc, r)
	if err != nil {
		return nil, err
	}
	if answer.idToken == "" {
		return nil, invalid(opRedeem, "id_token is missing or empty")
	}
	return p.admit(ctx, doc, answer, r)
}

// admit judges what the token endpoint answered.
func (p *Provider) admit(ctx context.Context, doc *metadata.Document, answer tokenAnswer, r Redemption) (*Login, error) {
	const op = "verifying ID token"
	object, alg, err := p.verified(ctx, op, answer.idToken, []string{"jwt"}, jwks.LaneLogin)
	if err != nil {
		return nil, err
	}
	token, assurance, err := p.rules().IDToken(object, assertions.Flow{
		Nonce: r.Nonce, AccessToken: answer.accessToken, Algorithm: alg, AuthTimeNeeded: r.MaxAge != nil})
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	login := &Login{
		Subject:    identity.Subject{Issuer: p.config.Issuer, Sub: token.Sub},
		IdPSession: identity.IdPSession{Issuer: p.config.Issuer, SID: token.SID},
		Assurance:  assurance,

		AccessToken: Token(answer.accessToken), AccessExpires: p.config.Now().Add(answer.life),
		RefreshToken: Token(answer.refreshToken), Scope: answer.scope,
		IDToken: Token(answer.idToken), IssuedAt: token.Issued, Expires: token.Expires,
	}
	if err := p.addProfile(ctx, doc, answer.accessToken, object, login); err != nil {
		return nil, err
	}
	return login, nil
}

// addProfile asks userinfo where it is on, and fills in what the provider says about the person.
func (p *Provider) addProfile(ctx context.Context, doc *metadata.Document, bearer string, merged claims.Object, login *Login) error {
	names := profile.Names(p.config.Claims)
	if p.config.Userinfo {
		info, err := p.userinfo(ctx, doc, bearer, login.Subject.Sub)
		if err != nil {
			return err
		}
		merged = names.Merge(merged, info)
	}
	person, err := names.Read(merged)
	if err != nil {
		return &Error{Kind: KindInvalid, Op: "reading profile", Err: err}
	}
	login.Username, login.Name, login.Groups = person.Username, person.Name, person.Groups
	login.Email, login.EmailVerified = person.Email, person.EmailVerified
	login.Claims = profile.ForRules(merged)
	return nil
}
