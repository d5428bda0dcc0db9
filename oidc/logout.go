package oidc

import (
	"context"
	"errors"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
)

// LogoutToken is a verified request of the provider to end sessions (Back-Channel Logout 1.0, section 2.4). At least one
// of Sub and SID is set. That each JTI acts once is for the caller, who has a store.
type LogoutToken struct {
	Issuer   string
	Sub      string
	SID      string
	JTI      string
	IssuedAt time.Time
	Expires  time.Time
}

const (
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	longestJTI  = 256
)

// VerifyLogoutToken is Back-Channel Logout 1.0, section 2.6, and stricter: exp, iat and jti must be there, iat at most ten
// minutes old. The header's typ is logout+jwt, JWT or missing. The token comes from anyone, so an error of
// KindUnavailable says that it could not be judged, and the sender should send it again.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (LogoutToken, error) {
	const op = "verifying logout token"
	token, err := p.verify(ctx, op, raw, []string{"logout+jwt", "jwt"}, jwks.LaneLogout)
	if err != nil {
		return LogoutToken{}, err
	}
	jti, err := checkLogoutToken(token)
	if err != nil {
		return LogoutToken{}, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return LogoutToken{Issuer: p.config.Issuer, Sub: token.sub, SID: token.sid, JTI: jti,
		IssuedAt: token.issued, Expires: token.expires}, nil
}

func checkLogoutToken(t signedToken) (jti string, err error) {
	if t.claims.Has("nonce") {
		return "", errors.New("it has a nonce, so it is no logout token")
	}
	if t.sub == "" && t.sid == "" {
		return "", errors.New("sub and sid are both missing")
	}
	// Other members of events may be anything: Keycloak puts a boolean there.
	events, ok := t.claims["events"].(map[string]any)
	if !ok {
		return "", errors.New("events is missing or no object")
	}
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return "", errors.New("events does not hold the logout event as an object")
	}
	jti, ok, err = t.claims.Identifier("jti", longestJTI)
	if err == nil && !ok {
		err = errors.New("jti is missing")
	}
	return jti, err
}
