// Package policy decides: a route, a session and the session's standing in the log go in, a verdict with its reason
// comes out. It is pure: it knows no HTTP, no store and no clock, so every decision can be tested as a table, replayed
// and explained. It imports the standard library and identity only, but for cel-go in one file.
package policy

import (
	"math"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Action is what is to be done with a request.
type Action uint8

// The actions. The zero Action is Deny, so that a verdict nobody filled in lets nobody in.
const (
	Deny   Action = iota // known and not permitted, or nothing permits it
	Allow                // forward it
	Login                // nobody is known, or not well enough: log in
	Stale                // the copy of the log is too old to tell: try again later
	StepUp               // known, but not proven well enough for this: authenticate anew, and more strongly
)

// String is the action's name in logs and metrics.
func (a Action) String() string {
	switch a {
	case Deny:
		return "deny"
	case Allow:
		return "allow"
	case Login:
		return "login"
	case Stale:
		return "stale"
	case StepUp:
		return "step_up"
	}
	return "unknown"
}

// Reason says why, in a closed vocabulary: it goes into logs, metrics and onto pages.
type Reason string

// The reasons.
const (
	Public          Reason = "public"           // the route asks for nobody
	Permitted       Reason = "permitted"        // every condition of the route holds
	NoRoute         Reason = "no_route"         // default deny
	NoSession       Reason = "no_session"       // no usable session cookie
	Expired         Reason = "expired"          // past the session's absolute end
	IdleTooLong     Reason = "idle"             // past its idle time
	FromTheFuture   Reason = "from_the_future"  // issued further ahead than clocks may differ
	Revoked         Reason = "revoked"          // the log says so
	Unvouched       Reason = "unvouched"        // minted under a log that this edge does not know
	LevelUnknown    Reason = "level_unknown"    // the session's level is not configured (any more); a new login gets one that is
	LogTooOld       Reason = "log_too_old"      // this edge's copy of the log is past the level's bound
	OtherProvider   Reason = "other_provider"   // the route asks for a login at another provider
	SelectionOld    Reason = "selection_old"    // what the route asks about was not kept at login; a new login tells
	GroupMissing    Reason = "group_missing"    // in none of the route's groups
	ClaimMissing    Reason = "claim_missing"    // a claim has none of the values
	EmailUnverified Reason = "email_unverified" // the provider does not vouch for the address
	EmailMismatch   Reason = "email_mismatch"   // the address is not among the route's
	LevelUnproven   Reason = "level_unproven"   // the session's level closes the route until it is proven
	Raised          Reason = "raised"           // a floor in the log closes the route until it is met
	RaisedTooLong   Reason = "raised_too_long"  // the session was raised, and has lived as long as that level permits
	RouteLevel      Reason = "route_level"      // the route asks for proof of a level
	RouteProof      Reason = "route_proof"      // the route asks for a stronger or newer authentication
	ExpressionFalse Reason = "expression_false" // the route's expression does not hold
	ExpressionError Reason = "expression_error" // it could not be evaluated
)

// Verdict is the answer for one request. Identified says whether the session may be shown to the backend: always
// after a permitted request, on a public route only if the session is in good standing.
type Verdict struct {
	Action     Action
	Reason     Reason
	Identified bool
	Need       *Need  // of StepUp: what is missing
	Fault      string // why an expression of the route could not be evaluated; for records, never for pages
}

// MaxAhead is how far in the future a session may have been issued: edges' clocks differ.
const MaxAhead = identity.MaxClockSkew

// Session is what the decision needs to know of a session.
type Session struct {
	Issuer        string
	Sub           string // who it is, by the issuer
	Username      string // empty: the provider did not say; so with Name and Email
	Name          string
	Level         identity.Level
	Reasons       []string // why it has the level
	Groups        []string
	Claims        map[string][]string
	Email         string
	EmailVerified bool
	Selection     Selection
	Epoch         time.Time // of its login: floors from after it have to be met for as long as it lives
	IssuedAt      time.Time
	IdleUntil     time.Time
	Expires       time.Time

	RaisedAt       time.Time // when Level was given; zero: with nothing to prove
	Authentication Authentication

	// Memo remembers what expressions came to that look at this session alone; nil: they are evaluated each time.
	Memo *Memo
}

// Standing is what the log says of a session.
type Standing struct {
	Vouched   bool
	Revoked   bool
	Floors    []Floor       // of its subject
	Staleness time.Duration // how old this edge's copy can be at most; NeverRead
}

// NeverRead is the staleness of a log that this edge has not read yet. It vouches for no session then, which says nothing
// about the session.
const NeverRead time.Duration = math.MaxInt64
