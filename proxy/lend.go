package proxy

import (
	"context"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// Tokens are the provider's tokens of sessions.
type Tokens interface {
	// Access returns a session's access token and until when it may be sent. False: there is none, and only another login
	// brings one. An error means that it cannot be had now.
	Access(ctx context.Context, s *session.Session) (token string, until time.Time, ok bool, err error)
	// Touch is told that a session is used, and returns when it wants to be told again. It does not block.
	Touch(s *session.Session) (next time.Time)
}

// AccessTokenHeader says in which header field an upstream gets the session's access token.
type AccessTokenHeader struct {
	Name   string // empty: it gets none
	Scheme string // in front of the token; empty: the token alone
}

// authorization is the field that clients may send to upstreams that are told nothing in it.
const authorization = "Authorization"

const (
	reasonNoToken   = policy.Reason("no_access_token")
	reasonTokenAway = "access_token_unavailable"
)

// lent is the field's value for one upstream. It is shared and not changed.
type lent struct {
	upstream *Upstream
	values   []string
	until    time.Time
}

// lend gets the access token for an upstream that asks for one, from memory as long as it is fresh. Without it the request is
// answered here and not forwarded. It also tells whoever keeps the tokens that the session is used.
func (x *exchange) lend(w http.ResponseWriter, r *http.Request) (answered bool, err error) {
	o, u := x.bearer, x.route.cfg.Upstream
	if o == nil {
		return false, nil
	}
	x.h.touch(o, x.now)
	if u.cfg.AccessToken.Name == "" || x.h.opt.Tokens == nil {
		return false, nil
	}
	if l := o.lent.Load(); l != nil && l.upstream == u && x.now.Before(l.until) {
		x.token = l.values
		return false, nil
	}
	token, until, ok, err := x.h.opt.Tokens.Access(r.Context(), o.session)
	switch {
	case err != nil:
		x.record.Verdict, x.record.Reason = policy.Stale.String(), reasonTokenAway
		return true, &web.Error{Code: http.StatusServiceUnavailable, Reason: reasonTokenAway, Title: "Please try again in a moment", RetryAfter: staleRetry,
			Public: "The login service, or a store, does not answer right now, and the application needs a fresh token. You are not logged out.", Err: err}
	case !ok, x.h.standing(o).Revoked: // which may have happened while the token was waited for
		x.record.Verdict, x.record.Reason = policy.Login.String(), string(reasonNoToken)
		return true, x.login(w, r, reasonNoToken)
	}
	l := &lent{upstream: u, values: []string{u.cfg.AccessToken.value(token)}, until: until}
	o.lent.Store(l)
	x.token = l.values
	return false, nil
}

func (a AccessTokenHeader) value(token string) string {
	if a.Scheme == "" {
		return token
	}
	return a.Scheme + " " + token
}

// touch tells of a session's request, once it is time.
func (h *Handler) touch(o *opened, now time.Time) {
	if h.opt.Tokens == nil || now.UnixMilli() < o.touched.Load() {
		return
	}
	o.touched.Store(h.opt.Tokens.Touch(o.session).UnixMilli())
}
