package oidc

import (
	"context"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
)

// AccessToken is a verified access token of the provider for an API of ours (RFC 9068). It holds no token that could be used.
type AccessToken struct {
	Subject identity.Subject
	Expires time.Time

	claims claims.Object
}

// Bounds on a claim that lists texts.
const (
	mostTexts   = 1000
	longestText = 1024
)

// Texts are the values of a claim that is a text or a list of texts, found by the names on the way to it, as in
// "realm_access", "roles". A claim that is missing, or of another form, has none: who has no role may do nothing.
func (t AccessToken) Texts(path ...string) []string {
	at := t.claims
	for i, name := range path {
		if i == len(path)-1 {
			return texts(at, name)
		}
		next, ok := at[name].(map[string]any)
		if !ok {
			return nil
		}
		at = next
	}
	return nil
}

func texts(from claims.Object, name string) []string {
	if one, ok, err := from.Text(name, longestText); err == nil && ok {
		return []string{one}
	}
	list, _, err := from.Strings(name, mostTexts, longestText)
	if err != nil {
		return nil
	}
	return list
}

// VerifyAccessToken judges a bearer token for an API whose name, as the provider puts it into `aud`, is audience. RFC 9068, section 4,
// but for typ, which may be JWT or missing, since many providers write that. So that no other kind of the provider's tokens
// passes for one, it is refused with a nonce, an at_hash, events, or a `typ` claim other than Bearer, and audience must not be
// this client. The token comes from anyone; an error of KindUnavailable says that it could not be judged.
func (p *Provider) VerifyAccessToken(ctx context.Context, raw, audience string) (AccessToken, error) {
	const op = "verifying access token"
	if audience == "" || audience == p.config.ClientID {
		return AccessToken{}, &Error{Kind: KindConfig, Op: op, Err: fmt.Errorf("%q is no audience of an API", audience)}
	}
	object, _, err := p.verifiedFor(ctx, op, audience, raw, []string{"at+jwt", "application/at+jwt", "jwt"}, jwks.LaneAccess)
	if err != nil {
		return AccessToken{}, err
	}
	rules := p.rules()
	rules.ClientID = audience
	token, err := rules.AccessToken(object)
	if err != nil {
		return AccessToken{}, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return AccessToken{Subject: identity.Subject{Issuer: p.config.Issuer, Sub: token.Sub}, Expires: token.Expires, claims: object}, nil
}
