package api

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/sessions"
)

// Weigh says which level a session is not known to have proven, empty if none, and when it ends if it never does.
type Weigh func(r *sessions.Record, st revocation.Standing, now time.Time) (unproven identity.Level, ends time.Time)

// session is a record as the API shows it.
func (a *API) session(r *sessions.Record) *edgeauthv1.Session {
	now, names := a.o.Now(), r.Bearer().Names()
	state, _ := r.State(a.o.Standings, now)
	unproven, ends := a.o.Burden(r, a.o.Standings.Standing(&names), now)
	if state != sessions.Revoked && now.After(ends.Add(identity.MaxClockSkew)) {
		state = sessions.Expired
	}
	return &edgeauthv1.Session{
		Name: r.Family.String(), Subject: subjectOf(r.Subject), Provider: clean(r.Provider), Host: clean(r.Host), State: stateOf(state),
		Level: clean(string(r.Level)), RaisedAt: stamp(r.RaisedAt), Reasons: cleaned(r.Reasons),
		Username: clean(r.Username), DisplayName: clean(r.Name), Email: clean(r.Email),
		Program:   &edgeauthv1.Program{Browser: clean(r.Client.Browser), Os: clean(r.Client.OS), Kind: clean(r.Client.Kind)},
		Place:     &edgeauthv1.Place{Country: clean(r.Place.Country), City: clean(r.Place.City), Network: clean(r.Place.Network), Prefix: clean(r.Place.Prefix)},
		FirstSeen: stamp(r.FirstSeen), LastSeen: stamp(r.LastSeen), IdleUntil: stamp(r.IdleUntil), ExpiresAt: stamp(r.Expires),
		Acr: clean(r.Assurance.ACR), Amr: cleaned(r.Assurance.AMR), AuthTime: stamp(r.Assurance.AuthTime),
		ProviderSession: clean(r.SID), UnprovenLevel: clean(string(unproven)), EndsAt: stamp(ends),
	}
}

// longest bounds a text that strangers may have chosen, in bytes.
const longest = 1024

// clean makes a text fit for a message, which holds UTF-8, and for a terminal.
func clean(s string) string { return audit.Text(s, longest) }

func cleaned(list []string) (out []string) {
	for _, s := range list {
		out = append(out, clean(s))
	}
	return out
}

// stamp is nil for no time.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func subjectOf(s identity.Subject) *edgeauthv1.Subject {
	if s.IsZero() {
		return nil
	}
	return &edgeauthv1.Subject{Issuer: clean(s.Issuer), Sub: clean(s.Sub)}
}

func stateOf(s sessions.State) edgeauthv1.SessionState {
	switch s {
	case sessions.Live:
		return edgeauthv1.SessionState_SESSION_STATE_ACTIVE
	case sessions.Revoked:
		return edgeauthv1.SessionState_SESSION_STATE_REVOKED
	case sessions.Expired:
		return edgeauthv1.SessionState_SESSION_STATE_EXPIRED
	case sessions.Unvouched:
		return edgeauthv1.SessionState_SESSION_STATE_UNVOUCHED
	case sessions.Idle:
		return edgeauthv1.SessionState_SESSION_STATE_IDLE
	}
	return edgeauthv1.SessionState_SESSION_STATE_UNSPECIFIED
}

func deliveryOf(d revocation.Delivery) edgeauthv1.Delivery {
	switch d {
	case revocation.Delivered:
		return edgeauthv1.Delivery_DELIVERY_DELIVERED
	case revocation.Pending:
		return edgeauthv1.Delivery_DELIVERY_PENDING
	case revocation.InMemory:
		return edgeauthv1.Delivery_DELIVERY_IN_MEMORY
	}
	return edgeauthv1.Delivery_DELIVERY_UNSPECIFIED
}

// event is an audit event, which is bounded and clean by now, as the API shows it.
func event(e *audit.Event) *edgeauthv1.Event {
	out := &edgeauthv1.Event{
		Id: e.ID, At: stamp(e.At), Name: string(e.Name), Subject: subjectOf(e.Subject), Session: e.Session, Provider: e.Provider,
		Client: e.Client, RequestId: e.RequestID, Host: e.Host, Reason: e.Reason, Actor: e.Actor, Delivery: e.Delivery, Level: e.Level, Detail: e.Detail,
	}
	if x := e.Assessment; x != nil {
		out.Assessment = &edgeauthv1.Assessment{Mode: x.Mode, Score: x.Score, Reasons: x.Reasons, Unknown: x.Unknown, Thresholds: x.Thresholds, Place: x.Place}
		for _, t := range x.Terms {
			out.Assessment.Terms = append(out.Assessment.Terms, &edgeauthv1.Term{Code: t.Code, Points: t.Points, Weight: t.Weight, Detail: t.Detail})
		}
	}
	return out
}
