package sessions

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// State is whether a session can be used, as far as log and index tell.
type State string

// The states.
const (
	Live    State = "live"
	Revoked State = "revoked" // the log has ended it
	Expired State = "expired"
	// Idle: nothing was heard of it for as long as it lasts without a request. An edge that could not write to the index makes a
	// session look so which is used; who wants to be sure ends it all the same.
	Idle State = "idle"
	// Unvouched: it began under a life of the log that this edge knows nothing of; its holder is asked to log in again.
	Unvouched State = "unvouched"
)

// Log is this edge's copy of the revocation log.
type Log interface {
	Standing(*revocation.Names) revocation.Standing
}

// State is how the session stands, and for a revoked one the reason that the log bears. The times of a record are other edges';
// those count as past once they are by identity.MaxClockSkew.
func (r *Record) State(log Log, now time.Time) (s State, reason string) {
	names := r.Bearer().Names()
	st := log.Standing(&names)
	past := func(t time.Time) bool { return now.After(t.Add(identity.MaxClockSkew)) }
	switch {
	case st.Revoked:
		return Revoked, st.Reason
	case past(r.Expires):
		return Expired, ""
	case past(r.IdleUntil):
		return Idle, ""
	case !st.Vouched:
		return Unvouched, ""
	}
	return Live, ""
}
