// Package assertions judges the claims of ID tokens and logout tokens whose signature is known to be right. It owns what each
// must, may and must not hold. It is pure: it must not know keys, networks or clocks.
package assertions

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// Bounds on what tokens may hold.
const (
	LongestSub = 255 // bytes; OpenID Connect Core 1.0, section 2
	longestSID = 255
	longestURL = 2048
	oldestIAT  = 10 * time.Minute // a token is looked at right after it was made
)

// Rules say for whom and when tokens are judged.
type Rules struct {
	Issuer   string
	ClientID string
	Now      time.Time
	Skew     time.Duration // how far the provider's clock may be off
}

// Token is what ID tokens and logout tokens have in common.
type Token struct {
	Sub, SID        string // empty: absent
	Issued, Expires time.Time
}

// ProtocolClaims are the claims that mean something to the protocol. Userinfo never speaks for them.
func ProtocolClaims() []string {
	return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid",
		"at_hash", "c_hash", "s_hash", "events", "cnf", "sub_jwk", "_claim_names", "_claim_sources"}
}

// common checks issuer, audience and times, and reads who is meant.
func (r Rules) common(object claims.Object) (t Token, err error) {
	if t, err = r.named(object); err != nil {
		return t, err
	}
	t.Issued, t.Expires, err = r.times(object)
	return t, err
}

// named checks issuer and audience, and reads who is meant.
func (r Rules) named(object claims.Object) (t Token, err error) {
	if err := object.RefuseVariantsOf(ProtocolClaims()...); err != nil {
		return t, err
	}
	if issuer, _, err := object.Text("iss", longestURL); err != nil || issuer != r.Issuer {
		return t, fmt.Errorf("iss is %.100q, not %q", issuer, r.Issuer)
	}
	audience, err := object.Audience()
	if err != nil {
		return t, err
	}
	if !slices.Contains(audience, r.ClientID) {
		return t, fmt.Errorf("aud does not hold %q", r.ClientID)
	}
	if t.Sub, _, err = object.Identifier("sub", LongestSub); err != nil {
		return t, err
	}
	t.SID, _, err = object.Identifier("sid", longestSID)
	return t, err
}

// times requires exp and iat, though RFC 7519 leaves both open, and allows for the clock skew.
func (r Rules) times(object claims.Object) (issued, expires time.Time, err error) {
	issued, expires, err = r.moments(object)
	if err == nil && issued.Before(r.Now.Add(-oldestIAT-r.Skew)) {
		err = fmt.Errorf("it was issued %v ago", r.Now.Sub(issued))
	}
	return issued, expires, err
}

const (
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	longestJTI  = 256
)

// LogoutToken judges the claims of a logout token (Back-Channel Logout 1.0, section 2.6) and returns its jti too.
func (r Rules) LogoutToken(object claims.Object) (t Token, jti string, err error) {
	if t, err = r.common(object); err != nil {
		return t, "", err
	}
	if object.Has("nonce") {
		return t, "", errors.New("it has a nonce, so it is no logout token")
	}
	if t.Sub == "" && t.SID == "" {
		return t, "", errors.New("sub and sid are both missing")
	}
	// Other members of events may be anything: Keycloak puts a boolean there.
	events, ok := object["events"].(map[string]any)
	if !ok {
		return t, "", errors.New("events is missing or no object")
	}
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return t, "", errors.New("events does not hold the logout event as an object")
	}
	jti, ok, err = object.Identifier("jti", longestJTI)
	if err == nil && !ok {
		err = errors.New("jti is missing")
	}
	return t, jti, err
}
