package login

import (
	"context"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// tokensOf is what a login brought for the vault. A step-up for which the provider gives no refresh token goes on with the one
// that its session has: the vault of the id that ends is emptied.
func (s *Server) tokensOf(ctx context.Context, r *http.Request, a *arrival, who *oidc.Login, fresh *session.Session) session.Tokens {
	t := session.Tokens{ID: who.IDToken.Reveal(), Access: who.AccessToken.Reveal(), Refresh: who.RefreshToken.Reveal(),
		Client: a.provider.ClientID(), Scope: who.Scope, Expires: who.AccessExpires.UTC().Truncate(time.Millisecond),
		Validated: fresh.IssuedAt, Number: 1}
	if c, ok := s.current(r); ok && t.Refresh == "" && c.Family == fresh.Family {
		kept, _, err := s.opt.Vault.Get(ctx, c)
		if err != nil {
			web.RecordOf(r.Context()).Note(err)
		}
		t.Refresh = kept.Refresh
	}
	return t
}

// takeTokens empties a session's vault. What an outage hides is left, and ends by its own time.
func (s *Server) takeTokens(ctx context.Context, r *http.Request, c *session.Session) session.Tokens {
	kept, _, err := s.opt.Vault.Get(ctx, c)
	if err == nil {
		err = s.opt.Vault.Delete(ctx, c)
	}
	if err != nil {
		web.RecordOf(r.Context()).Note(err) // the provider asks the user then, or takes the logout hint
	}
	return kept.Tokens
}

// emptyVault removes the tokens of a session id that a step-up has put another in the place of.
func (s *Server) emptyVault(ctx context.Context, r *http.Request, c *session.Session) {
	if err := s.opt.Vault.Delete(ctx, c); err != nil {
		web.RecordOf(r.Context()).Note(err) // they end by their own time
	}
}

// revokeTimeout bounds how long somebody who logs out waits for the provider to forget the tokens. Whether it does or not, the
// session has ended here.
const revokeTimeout = 3 * time.Second

// revokeTokens tells the provider that a session's tokens are no longer needed, if they are of this client and it can be told. With a
// refresh token all tokens of its grant end (RFC 7009, section 2.1); where there is none, the access token is what is left to end.
func (s *Server) revokeTokens(ctx context.Context, r *http.Request, c *session.Session, p *oidc.Provider, t session.Tokens) {
	revoke, token := p.Revoke, t.Refresh
	if token == "" {
		revoke, token = p.RevokeAccess, t.Access
	}
	if token == "" || t.Client != "" && t.Client != p.ClientID() || !p.CanRevoke() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	e := audit.Event{Name: audit.TokensRevoked, Provider: p.Name(), Subject: c.Subject, Session: c.Family.String()}
	if err := revoke(ctx, oidc.Token(token)); err != nil {
		web.RecordOf(r.Context()).Note(err)
		e.Reason = "not_" + oidc.KindOf(err).String()
	}
	s.event(r, e)
}
