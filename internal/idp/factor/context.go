// Package factor owns what a person can prove at the identity provider, what a session has proven, and what a client
// demands: acr, amr, auth_time, max_age (OpenID Connect Core 1.0, 2, 3.1.2.1 and 5.5.1.1; RFC 8176; RFC 9470). It is
// pure: it knows no HTTP, no users and no clock.
package factor

import (
	"fmt"
	"slices"
)

// Factor is a way of authenticating.
type Factor int

const (
	// Password comes first in every login; typing it begins a new authentication.
	Password Factor = iota + 1
	// Code is a one-time code (RFC 6238).
	Code
	// Fingerprint is a key in the user's device that a fingerprint unlocks, or what stands for it.
	Fingerprint
)

// Context is one authentication context: the acr value and the factor that proves it, the password always included.
type Context struct {
	ACR    string
	Factor Factor
}

// Ladder is the contexts that a client may ask for, from weak to strong. Whoever proves one proves the weaker ones too.
type Ladder []Context

// Usual is pwd, mfa by one-time code, and bio by fingerprint.
func Usual() Ladder { return Ladder{{"pwd", Password}, {"mfa", Code}, {"bio", Fingerprint}} }

// Check refuses a ladder that does not begin with the password alone, or whose names are empty or not unique.
func (l Ladder) Check() error {
	if len(l) == 0 || l[0].Factor != Password {
		return fmt.Errorf("the weakest authentication context must need the password alone")
	}
	for i, c := range l {
		if c.ACR == "" || c.Factor < Password || c.Factor > Fingerprint || l.find(c.ACR) != i {
			return fmt.Errorf("authentication context %q has no name or factor, or shares its name", c.ACR)
		}
	}
	return nil
}

// Names are the acr values, from weak to strong.
func (l Ladder) Names() []string {
	names := make([]string, len(l))
	for i, c := range l {
		names[i] = c.ACR
	}
	return names
}

// find is the place of a context, -1 for none.
func (l Ladder) find(acr string) int {
	return slices.IndexFunc(l, func(c Context) bool { return c.ACR == acr })
}

// rank is the highest place that a factor proves. A factor that no context needs proves what the password does.
func (l Ladder) rank(f Factor) int {
	for i, c := range slices.Backward(l) {
		if c.Factor == f {
			return i
		}
	}
	return 0
}
