package oidc

import "context"

// Admit is the part of Redeem that follows the token endpoint's answer, for fuzzing without a network.
func (p *Provider) Admit(ctx context.Context, idToken string, r Redemption) (*Login, error) {
	doc, err := p.discovered("admitting")
	if err != nil {
		return nil, err
	}
	return p.admit(ctx, doc, tokenAnswer{accessToken: "a", idToken: idToken}, r)
}
