package login

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
)

// Log is this edge's copy of the revocation log. It answers from memory.
type Log interface {
	// Standing says what the log knows of a bearer.
	Standing(*revocation.Names) revocation.Standing
	// NotBefore is the greatest not-before of a bearer's names, 0 if there is none.
	NotBefore(*revocation.Names) revocation.Millis
	// Cover is the Since of a not-before that ends whatever there is now, where clocks may be ahead by lead.
	Cover(now time.Time, lead time.Duration) revocation.Millis
	// Current is the incarnation to mint sessions under; false while the log has not been read in full.
	Current() (identity.Incarnation, bool)
}

// Revoker writes to the log. What it was given acts on this edge at once, whatever the delivery. It goes on when the
// context is cancelled. Its only error is an entry that makes no sense.
type Revoker interface {
	Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error)
}

// Claim is the outcome of claiming a once-mark.
type Claim uint8

// The outcomes. The zero Claim is none of them.
const (
	Fresh Claim = iota + 1 // the mark was free and is ours now
	Own                    // it holds our own value already: a retry
	Taken                  // it holds another value: a replay
)

// Once keeps marks that can be set once. Every error means that the store could not be asked.
type Once interface {
	Claim(ctx context.Context, key string, value []byte, ttl time.Duration) (Claim, error)
}

// Risk looks at logins and remembers them.
type Risk interface {
	// Assess never fails: what it cannot tell, it says.
	Assess(ctx context.Context, v risk.Visit) risk.Finding
	// Failed counts a login that did not succeed; its subject may be unknown.
	Failed(v risk.Visit)
}

// Enrolments remembers who enrolled an authenticator on the spot. Every error means that the store could not be asked.
type Enrolments interface {
	// Enrolled is when an authenticator of the subject was last enrolled on the spot; zero: never.
	Enrolled(ctx context.Context, s identity.Subject) (time.Time, error)
	MarkEnrolled(ctx context.Context, s identity.Subject, at time.Time) error
	// ProvedOn reports whether the subject was seen on a device before that moment, with that proof and nothing left to
	// prove.
	ProvedOn(ctx context.Context, s identity.Subject, d identity.DeviceID, p policy.Proof, before time.Time) (bool, error)
}

// Roster lists sessions for their owners and for operators. It is advisory: what it could not note, it lacks, and nothing else
// hangs on it.
type Roster interface {
	// Issued notes a session that a login or a step-up brought. It never fails, and waits for a store with little patience.
	Issued(ctx context.Context, s *session.Session, v sessions.Visit)
	// Of returns what is noted of a subject, the last seen first. An error means that the store could not be asked.
	Of(ctx context.Context, subject identity.Subject) ([]sessions.Record, error)
	// Remove takes a session off the list, which ends nothing.
	Remove(ctx context.Context, subject identity.Subject, family identity.Family) error
}

// Vault keeps what of a login must not be in a cookie. Every error means that the store could not be asked.
type Vault interface {
	Put(ctx context.Context, s *session.Session, t session.Tokens) error
	Get(ctx context.Context, s *session.Session) (kept session.Kept, found bool, err error)
	Delete(ctx context.Context, s *session.Session) error
}
