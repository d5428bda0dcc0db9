package revocation

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Bearer is what a session answers to: every name by which the log can speak of it.
type Bearer struct {
	ID          identity.SessionID
	Family      identity.Family
	Subject     identity.Subject
	IdPSession  identity.IdPSession
	Device      identity.DeviceID
	Epoch       time.Time
	Incarnation identity.Incarnation
}

// Names are a bearer's registers, computed once and looked up many times.
type Names struct {
	revoked     [2]Register
	notBefore   []Register
	floors      Register // of any level; zero if the subject is not known
	epoch       Millis
	incarnation identity.Incarnation
}

// Names computes the registers. A name that is not known is left out; everybody answers to the scope all.
func (b Bearer) Names() Names {
	n := Names{
		revoked:     [2]Register{Family(b.Family), Session(b.ID)},
		notBefore:   []Register{All()},
		epoch:       MillisOf(b.Epoch),
		incarnation: b.Incarnation,
	}
	if !b.Subject.IsZero() {
		n.notBefore = append(n.notBefore, Subject(b.Subject))
		n.floors = Floor(b.Subject, "")
	}
	if !b.IdPSession.IsZero() {
		n.notBefore = append(n.notBefore, IdPSession(b.IdPSession))
	}
	if !b.Device.IsZero() {
		n.notBefore = append(n.notBefore, Device(b.Device))
	}
	return n
}

// Standing is what the log says of a bearer. Reason is the register's, for the log and the audit event.
type Standing struct {
	Vouched bool // this edge has read all entries of the incarnation under which the session was minted
	Revoked bool
	Scope   Scope
	Reason  string
	Floors  []FloorValue // of the subject, in no order, those that have ended among them
}

// FloorValue is a level that the log demands of a subject's sessions.
type FloorValue struct {
	Level identity.Level
	Value
}
