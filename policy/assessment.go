package policy

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Facts are all that an assessment looks at. They hold no address, no clock and no store: who gathers them fills in what
// is known and leaves the rest zero.
type Facts struct {
	Subject identity.Subject // of whom the exceptions speak
	Groups  []string

	Now          Sighting
	History      []Sighting // of the same subject, newest first, without Now
	HistoryKnown bool       // false: it could not be read, which is not the same as being empty

	Failures   Failures
	Rekeyed    bool       // the device cookie was known, but its key was made anew
	Population Population // of everybody's logins; nil: unknown

	Unknown []Reason // what else could not be told, as where no list tells of networks
}

// Failures are how many logins failed lately, each count decayed over time; negative: unknown.
type Failures struct {
	Subject float64
	Network float64 // in the same prefix
	ASN     float64
}

// Population tells how common a value is among the logins of everybody.
type Population interface {
	// Frequency returns the (decayed) number of logins in which the feature had the value, the number of all logins that
	// had the feature, and how many distinct values it had.
	Frequency(feature Feature, value string) (count, total float64, distinct int)
}

// Feature is one property of a sighting that the score compares.
type Feature string

// Term is one part of a score. Points is what it added; Detail is for people and shows no address.
type Term struct {
	Code   Reason  `json:"code"`
	Points float64 `json:"points"`
	Weight float64 `json:"weight,omitempty"`
	Detail string  `json:"detail,omitempty"`
}

// Assessment is what a login, or a change within a session, looks like.
type Assessment struct {
	Level   identity.Level // that the rules ask for, whatever the mode
	Score   float64        // sum of the points of all terms
	Terms   []Term         // greatest points first; LoweringCapped last
	Reasons []Reason       // those rules and thresholds that made Level what it is
	Unknown []Reason       // what could not be told, and so counted neither way
	At      time.Time
}
