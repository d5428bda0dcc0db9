// Package session owns what a session is, how it is sealed into a cookie and which keys seal it. A session is the
// cookie: any edge opens it with the key ring alone. The package knows no store but the bytes of the vault, no
// identity provider and no policy.
package session

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// MaxLifetime is the longest life that a configuration may give a session. Registers of the log that speak of sessions
// without knowing their ends live as long: none can end before a session that it is about, whatever the configuration
// was when that session began.
const MaxLifetime = 720 * time.Hour

// Session is what the cookie carries. Times are UTC with millisecond precision; AuthTime has whole seconds, as the
// provider gave it. A Session that was opened must not be changed: it may be shared.
type Session struct {
	ID          identity.SessionID
	Family      identity.Family
	Device      identity.DeviceID
	Incarnation identity.Incarnation
	Subject     identity.Subject
	SID         string // the provider's name of its session, empty if it gave none

	// Epoch is compared with the not-befores of the log: the larger of the time taken before the code was spent and
	// every not-before known at that time + 1 ms.
	Epoch     time.Time
	IssuedAt  time.Time // of this cookie
	IdleUntil time.Time
	Expires   time.Time

	// FamilyExpires is when all that can come of this login has ended: a step-up may lengthen Expires up to it. Registers
	// of the log that end the family live as long.
	FamilyExpires time.Time

	Level     identity.Level
	RaisedAt  time.Time // when Level was given, where there is something to prove; else zero
	Reasons   []string  // why it was: codes of policy
	Assurance identity.Assurance
	Enrolled  time.Time // see policy.Authentication

	Signals [8]byte // digest of network, place and client that the session was issued for; zero: not looked at

	Username      string
	Name          string
	Email         string
	EmailVerified bool
	Groups        []string
	Claims        map[string][]string
	Selection     [8]byte // which groups and claims were kept

	VaultSecret Secret // opens this session's tokens in the vault
}

// IdPSession is the session at the provider that this one came of.
func (s *Session) IdPSession() identity.IdPSession {
	return identity.IdPSession{Issuer: s.Subject.Issuer, SID: s.SID}
}

// Ends is when nothing can be left of this login. What the log and the vault keep of it lives as long.
func (s *Session) Ends() time.Time {
	if s.FamilyExpires.After(s.Expires) {
		return s.FamilyExpires
	}
	return s.Expires
}

// Format shows the family's name and nothing else, under every verb.
func (s Session) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "session %s", s.Family) }

// LogValue shows the family's name and the subject, nothing that opens anything.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("family", s.Family.String()), slog.String("sub", s.Subject.Sub))
}

// MarshalJSON hides the session: it leaves the process sealed or not at all.
func (s Session) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }
