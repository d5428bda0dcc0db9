package oidc

import (
	"context"

	"github.com/edgeauth/edgeauth/identity"
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
	return p.admit(ctx, doc, answer, r)
}

// admit judges what the token endpoint answered.
func (p *Provider) admit(ctx context.Context, doc *document, answer tokenAnswer, r Redemption) (*Login, error) {
	token, assurance, err := p.verifyIDToken(ctx, answer, r)
	if err != nil {
		return nil, err
	}
	merged := token.claims
	if p.config.Userinfo {
		info, err := p.userinfo(ctx, doc, answer.accessToken, token.sub)
		if err != nil {
			return nil, err
		}
		merged = p.merge(token.claims, info)
	}
	login := &Login{
		Subject:    identity.Subject{Issuer: p.config.Issuer, Sub: token.sub},
		IdPSession: identity.IdPSession{Issuer: p.config.Issuer, SID: token.sid},
		Assurance:  assurance,
		IDToken:    Token(answer.idToken), IssuedAt: token.issued, Expires: token.expires,
	}
	if err := p.readProfile(merged, login); err != nil {
		return nil, &Error{Kind: KindInvalid, Op: "reading profile", Err: err}
	}
	return login, nil
}
