// Package identity holds the nouns that every other package shares: who someone is, which session and device is
// meant, and how strongly they proved it. It imports the standard library only, holds no state and does no I/O.
package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Subject is one person or service at one issuer (OpenID Connect Core 1.0, section 2: the pair of iss and sub is the
// only identifier that never changes hands). It is never the name under which a provider happens to be configured.
type Subject struct {
	Issuer string
	Sub    string
}

// IsZero reports whether s names nobody.
func (s Subject) IsZero() bool { return s == Subject{} }

// String is for logs: the issuer and the sub, quoted so that neither can forge a line.
func (s Subject) String() string { return fmt.Sprintf("%q at %q", s.Sub, s.Issuer) }

// IdPSession is a session at the identity provider: issuer and sid (OpenID Connect Back-Channel Logout 1.0, 2.1).
// An empty SID means that the provider named none.
type IdPSession struct {
	Issuer string
	SID    string
}

// IsZero reports whether the provider named no session.
func (s IdPSession) IsZero() bool { return s.SID == "" }

// SessionID names one session cookie's content. It is fresh at every login and at every change of level.
type SessionID [16]byte

// Family names all that descends from one login. It is kept through every step-up; revoking a session revokes it.
type Family [16]byte

// DeviceID names one browser profile. It grants nothing by itself.
type DeviceID [16]byte

// Incarnation names one life of the revocation log. A log that lost its content everywhere begins another.
type Incarnation [16]byte

// NewSessionID returns 128 random bits.
func NewSessionID() SessionID { return SessionID(random()) }

// NewFamily returns 128 random bits, but none whose written form begins with a dash: operators give it to commands, which would take
// it for flags. That costs 0.02 bits.
func NewFamily() Family {
	for {
		if f := Family(random()); f.String()[0] != '-' {
			return f
		}
	}
}

// NewDeviceID returns 128 random bits.
func NewDeviceID() DeviceID { return DeviceID(random()) }

// NewIncarnation returns 128 random bits.
func NewIncarnation() Incarnation { return Incarnation(random()) }

func random() (b [16]byte) {
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return b
}

// String is unpadded base64url, 22 characters: the form in which people meet a session's name.
func (id SessionID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// String is unpadded base64url, 22 characters.
func (f Family) String() string { return base64.RawURLEncoding.EncodeToString(f[:]) }

// String is unpadded base64url, 22 characters.
func (d DeviceID) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// String is lower-case hex, 32 characters, as it stands in the store.
func (i Incarnation) String() string { return hex.EncodeToString(i[:]) }

// IsZero reports whether no device is known.
func (d DeviceID) IsZero() bool { return d == DeviceID{} }

// IsZero reports whether no incarnation is known.
func (i Incarnation) IsZero() bool { return i == Incarnation{} }

// ParseFamily reads what Family.String writes.
func ParseFamily(s string) (Family, error) {
	b, err := parse16(s)
	return Family(b), err
}

// ParseIncarnation reads what Incarnation.String writes.
func ParseIncarnation(s string) (Incarnation, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 || hex.EncodeToString(b) != s {
		return Incarnation{}, fmt.Errorf("incarnation %.40q is not 32 lower-case hex digits", s)
	}
	return Incarnation(b), nil
}

func parse16(s string) (out [16]byte, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(out) || len(s) != 22 { // the decoder skips line ends, even when it is strict
		return out, fmt.Errorf("%.40q is not a session name: want 22 characters of base64url", s)
	}
	return [16]byte(b), nil
}

// Level is a session's security level by name. Which levels exist and how they are ordered is configuration
// (policy.Levels); an unknown name is never taken for a high one when it grants, nor for a low one when it demands.
type Level string

// The levels that are shipped.
const (
	Normal   Level = "normal"
	Elevated Level = "elevated"
	High     Level = "high"
)

// levelName is what a level's name may be: it stands in register names, addresses, headers and metrics as it is.
var levelName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// IsName reports whether l can be a level's name: at most 32 lower-case letters, digits, hyphens and underscores, the first a
// letter.
func (l Level) IsName() bool { return levelName.MatchString(string(l)) }

// Assurance is what the identity provider said of how someone authenticated (OpenID Connect Core 1.0, section 2).
type Assurance struct {
	ACR      string
	AMR      []string
	AuthTime time.Time // zero: the provider did not say
}

// MaxClockSkew is how far the clocks of two edges may differ. What one of them says of a time is believed within it.
const MaxClockSkew = 60 * time.Second

// Digest is the first 16 bytes of SHA-256 over the parts, each preceded by its length, under a label. It names
// registers of the log and keys of the store without showing who is meant.
func Digest(label string, parts ...string) [16]byte {
	b := make([]byte, 0, 192)
	b = strconv.AppendInt(b, int64(len(label)), 10)
	b = append(append(b, ':'), label...)
	for _, p := range parts {
		b = strconv.AppendInt(b, int64(len(p)), 10)
		b = append(append(b, ':'), p...)
	}
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}
