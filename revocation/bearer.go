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
	notBefore   [4]Register // as many as known says
	known       int
	floors      Register // of any level; zero if the subject is not known
	epoch       Millis
	incarnation identity.Incarnation
}

// Names computes the registers. A name that is not known is left out; everybody answers to the scope all.
func (b Bearer) Names() Names {
	n := Names{revoked: [2]Register{Family(b.Family), Session(b.ID)}, epoch: MillisOf(b.Epoch), incarnation: b.Incarnation}
	n.earlier(All())
	if !b.Subject.IsZero() {
		subject := Subject(b.Subject)
		n.earlier(subject)
		n.floors = subject.floors()
	}
	if !b.IdPSession.IsZero() {
		n.earlier(IdPSession(b.IdPSession))
	}
	if !b.Device.IsZero() {
		n.earlier(Device(b.Device))
	}
	return n
}

// earlier adds a register that ends sessions from before a time.
func (n *Names) earlier(r Register) {
	n.notBefore[n.known] = r
	n.known++
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
