package oidc

import (
	"context"
	"net/http"
	"net/url"
)

// CanRevoke reports whether the provider is known to have a revocation endpoint, and sessions are to end there too
// (Config.Logout): at many providers the session of a revoked refresh token ends with it.
func (p *Provider) CanRevoke() bool {
	doc, err := p.discovered("revoking token")
	return err == nil && p.config.Logout && doc.Revocation != nil
}

// Revoke tells the provider that a refresh token is no longer needed, and with it all tokens of its grant (RFC 7009). A token that
// the provider does not know is as good as revoked. Where CanRevoke is false it does nothing.
func (p *Provider) Revoke(ctx context.Context, refreshToken Token) error {
	return p.revoke(ctx, refreshToken, "refresh_token")
}

// RevokeAccess is Revoke for an access token that came without a refresh token. Providers need not support it (RFC 7009, section 2): those
// answer with KindRefused.
func (p *Provider) RevokeAccess(ctx context.Context, accessToken Token) error {
	return p.revoke(ctx, accessToken, "access_token")
}

func (p *Provider) revoke(ctx context.Context, token Token, hint string) error {
	const op = "revoking token"
	if !p.CanRevoke() || token == "" {
		return nil
	}
	doc, err := p.discovered(op)
	if err != nil {
		return err
	}
	form := url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}}
	if p.config.ClientAuth == ClientAuthPost {
		form.Set("client_id", p.config.ClientID)
		form.Set("client_secret", p.config.ClientSecret)
	}
	status, body, err := p.channel.Post(ctx, *doc.Revocation, form, p.authorize)
	switch {
	case err != nil:
		return transportError(op, err)
	case status != http.StatusOK && status != http.StatusNoContent:
		return tokenRefusal(op, status, body)
	}
	return nil
}

// authorize adds client_secret_basic, whose parts are form-encoded first (RFC 6749, 2.3.1).
func (p *Provider) authorize(h http.Header) {
	if p.config.ClientAuth == ClientAuthPost {
		return
	}
	r := http.Request{Header: h}
	r.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
}
