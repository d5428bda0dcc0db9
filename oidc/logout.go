package oidc

import (
	"context"
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

// VerifyLogoutToken is Back-Channel Logout 1.0, section 2.6, and stricter: exp, iat and jti must be there, iat at most ten
// minutes old. The header's typ is logout+jwt, JWT or missing. The token comes from anyone, so an error of
// KindUnavailable says that it could not be judged, and the sender should send it again.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (LogoutToken, error) {
	const op = "verifying logout token"
	object, _, err := p.verified(ctx, op, raw, []string{"logout+jwt", "jwt"}, jwks.LaneLogout)
	if err != nil {
		return LogoutToken{}, err
	}
	token, jti, err := p.rules().LogoutToken(object)
	if err != nil {
		return LogoutToken{}, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return LogoutToken{Issuer: p.config.Issuer, Sub: token.Sub, SID: token.SID, JTI: jti,
		IssuedAt: token.Issued, Expires: token.Expires}, nil
}
