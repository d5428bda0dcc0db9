package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/web"
)

// tokenMargin is how much longer than its exp a logout token's mark is kept: exp allows for a skew of at most a minute.
const tokenMargin = 2 * time.Minute

// backchannel receives logout tokens (Back-Channel Logout 1.0, 2.5 to 2.8). The answer is 200 only when the log has the
// revocation. While the store is away it acts on this edge alone and waits in the outbox; the answer is then 503 rather
// than 202, because a provider that sends again brings it to another edge, or past a crash of this one.
func (s *Server) backchannel(w http.ResponseWriter, r *http.Request) error {
	ctx := context.WithoutCancel(r.Context()) // what is called bounds its own time
	form, err := parseForm(w, r)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return s.refuseToken(w, r, http.StatusRequestEntityTooLarge, err)
	}
	if err != nil || form.Get("logout_token") == "" {
		return s.refuseToken(w, r, http.StatusBadRequest, errors.Join(errParams, err))
	}
	p, err := s.senderOf(form.Get("logout_token"))
	if err != nil {
		return s.refuseToken(w, r, http.StatusBadRequest, err)
	}
	token, err := p.VerifyLogoutToken(ctx, form.Get("logout_token"))
	switch {
	case oidc.KindOf(err) == oidc.KindUnavailable:
		return s.refuseToken(w, r, http.StatusServiceUnavailable, err)
	case err != nil:
		return s.refuseToken(w, r, http.StatusBadRequest, err)
	}
	delivery, err := s.endSessions(ctx, token)
	if err != nil {
		return err
	}
	s.event(r, audit.Event{Name: audit.BackchannelOK, Provider: p.Name(), Actor: "provider", Delivery: delivery.String(),
		Subject: identity.Subject{Issuer: token.Issuer, Sub: token.Sub}})
	if delivery != revocation.Delivered {
		return answerToken(w, http.StatusServiceUnavailable)
	}
	return answerToken(w, http.StatusOK)
}

// senderOf chooses the provider that is to verify a token, by an issuer and an audience that nobody has verified yet. One issuer may
// know this edge as several clients.
func (s *Server) senderOf(token string) (*oidc.Provider, error) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil, errors.New("the token is malformed")
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Audience any    `json:"aud"` // a text or a list of them
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, errors.New("the token is malformed")
	}
	var sender *oidc.Provider
	for _, p := range s.opt.Heard {
		if p.Issuer() != claims.Issuer {
			continue
		}
		if list, _ := claims.Audience.([]any); claims.Audience == p.ClientID() || slices.Contains(list, any(p.ClientID())) {
			return p, nil
		}
		sender = p // which will refuse it
	}
	if sender == nil {
		return nil, fmt.Errorf("the token is of issuer %.200q", claims.Issuer)
	}
	return sender, nil
}

// endSessions writes what a token asks for. With a sid it is about that session at the provider, without one about all
// of the subject's. A token that comes again changes nothing that was minted since, but is delivered once more, so that
// its answer is true.
func (s *Server) endSessions(ctx context.Context, t oidc.LogoutToken) (revocation.Delivery, error) {
	subject := identity.Subject{Issuer: t.Issuer, Sub: t.Sub}
	register, bearer := revocation.Subject(subject), revocation.Bearer{Subject: subject}
	if t.SID != "" {
		at := identity.IdPSession{Issuer: t.Issuer, SID: t.SID}
		register, bearer = revocation.IdPSession(at), revocation.Bearer{IdPSession: at}
	}
	names := bearer.Names()
	value := s.notBefore(&names, "backchannel_logout", "provider")
	if known := s.opt.Log.NotBefore(&names); s.seen(ctx, t) && known >= revocation.MillisOf(t.IssuedAt) {
		value.Since = known
	}
	return s.opt.Revoker.Write(ctx, revocation.Entry{Register: register, Value: value})
}

// seen claims the token's jti and reports whether it was claimed before. While the store is away nobody knows; then the
// token counts as new: to end a session twice is better than not to end it.
func (s *Server) seen(ctx context.Context, t oidc.LogoutToken) bool {
	d := identity.Digest("edgeauth logout token", t.Issuer, t.JTI)
	life := max(t.Expires.Sub(s.opt.Now()), 0) + tokenMargin
	claim, err := s.opt.Once.Claim(ctx, "jti:"+base64.RawURLEncoding.EncodeToString(d[:]), []byte{1}, life)
	return err == nil && claim != Fresh
}

func (s *Server) refuseToken(w http.ResponseWriter, r *http.Request, status int, err error) error {
	web.RecordOf(r.Context()).Note(err)
	s.event(r, audit.Event{Name: audit.BackchannelBad, Reason: refusal(status)})
	return answerToken(w, status)
}

// refusal is the reason in the audit event.
func refusal(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "logout_token_too_large"
	case http.StatusServiceUnavailable:
		return "provider_unavailable"
	}
	return "bad_logout_token"
}

// answerToken writes what Back-Channel Logout 1.0, 2.8 asks for. Errors say nothing about the reason.
func answerToken(w http.ResponseWriter, status int) error {
	web.Harden(w.Header())
	if status == http.StatusOK {
		w.WriteHeader(status)
		return nil
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"error":"` + errorCode(status) + `"}` + "\n")) // the sender went away: nobody is left to tell
	return nil
}

func errorCode(status int) string {
	if status == http.StatusServiceUnavailable {
		return "temporarily_unavailable"
	}
	return "invalid_request"
}
