package main

import (
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// about says in words what an entry of the log names by a digest: a session by its name, or a person. Both are empty where it is
// about everybody.
type about struct {
	Session string
	Subject identity.Subject
}

// names reports whether an entry is about that.
func (a about) names(e revocation.Entry) bool {
	family, err := identity.ParseFamily(a.Session)
	return err == nil && e.Register == revocation.Family(family) || !a.Subject.IsZero() && e.Register == revocation.Subject(a.Subject)
}

// revoked is the audit event of an operator's revocation.
func (a about) revoked(e revocation.Entry, d revocation.Delivery) audit.Event {
	register, _ := e.Encode()
	event := audit.Event{Name: audit.RevocationMade, Reason: e.Reason, Actor: e.Actor, Delivery: d.String(), Detail: register + "; " + audit.ProviderGoesOn}
	if a.names(e) {
		event.Session, event.Subject = a.Session, a.Subject
	}
	return event
}
