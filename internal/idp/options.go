package idp

import (
	"crypto/x509"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// Options are what New needs. The zero value is a provider without users and clients.
type Options struct {
	Issuer  string           // "" where the address is not known yet: SetIssuer follows
	Users   []User           // names and subs must be unique
	Clients []Client         // more of them by SetClient
	Now     func() time.Time // the provider's clock; nil is time.Now

	// Contexts is what clients without contexts of their own may ask for, from weak to strong; nil is factor.Usual.
	Contexts factor.Ladder
	// LeakLevels makes sessions remember how high a proven context stood among its client's, not what proved it, as
	// Keycloak does: a one-time code at one client then counts as a fingerprint at another.
	LeakLevels bool

	Rotation  Rotation      // of refresh tokens
	TokenLife time.Duration // of ID and access tokens; 0 is five minutes

	RootCAs *x509.CertPool // vouch for the clients' back-channel logout URIs; nil is the system's
}

// Rotation says what becomes of a refresh token that was used.
type Rotation uint8

// The rotations. Where a used token comes again, somebody else may have a copy (RFC 9700, 4.14.2).
const (
	RotateGrant   Rotation = iota // used once; a second use revokes what came of the same grant
	RotateSession                 // used once; a second use ends the session, without logout tokens, as Keycloak does
	Reusable                      // used again and again; no answer brings another
)
