package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// replaced is the reason of a session that ended because its browser logged in anew.
const replaced = "replaced"

var errEnded = errors.New("the log ended this login before it was done")

// endedMeanwhile reports whether the log has ended, since the flow began, what the new session would be. The epoch
// alone would not tell: it is chosen to lie after every not-before. Another edge, whose clock is ahead, may have begun
// the flow; what came after this edge's own look at the clock counts all the same. A family that only made room for
// another tab's login has not ended in this sense.
func (s *Server) endedMeanwhile(a *arrival, fresh *session.Session, nb revocation.Millis) bool {
	f := a.flow
	known := min(f.Started, revocation.MillisOf(a.before)) - 1
	if f.KnownOf == subjectDigest(fresh.Subject) {
		known = max(known, f.Known)
	}
	if nb > known {
		return true
	}
	if f.Previous == (flow.Previous{}) {
		return false
	}
	names := revocation.Bearer{ID: f.Previous.ID, Family: f.Previous.Family}.Names()
	st := s.opt.Log.Standing(&names)
	return st.Revoked && st.Scope == revocation.ScopeFamily && st.Reason != replaced
}

// sameLogin reports whether another tab of the browser has finished the same login while this one was in flight: the
// session is in good standing, came of the same authentication, and is younger than this flow. Then it stays: to replace
// it would end it under the requests that the other tabs are making.
func (s *Server) sameLogin(r *http.Request, f *flow.Flow, old, fresh *session.Session) bool {
	_, live := s.live(r)
	return live && old.Subject == fresh.Subject && old.SID == fresh.SID && old.Selection == fresh.Selection &&
		old.Family != f.Previous.Family && !old.Epoch.Before(f.Started.Time()) &&
		old.Assurance.ACR == fresh.Assurance.ACR && old.Assurance.AuthTime.Equal(fresh.Assurance.AuthTime) &&
		slices.Equal(old.Assurance.AMR, fresh.Assurance.AMR) && slices.Equal(old.Groups, fresh.Groups)
}

// loggedInSince reports whether the browser has a session in good standing that a login at the provider brought after
// a time.
func (s *Server) loggedInSince(r *http.Request, p *oidc.Provider, began time.Time) bool {
	now, ok := s.live(r)
	return ok && now.Subject.Issuer == p.Issuer() && !now.Epoch.Before(began)
}

// replace ends the sessions that the browser had: the one of the cookie, and the one that it had when the flow began.
func (s *Server) replace(ctx context.Context, r *http.Request, f *flow.Flow, old *session.Session) {
	ends := map[identity.Family]revocation.Millis{}
	if f.Previous != (flow.Previous{}) {
		ends[f.Previous.Family] = f.Previous.Expires
	}
	if old != nil {
		ends[old.Family] = revocation.MillisOf(old.Ends())
	}
	now := revocation.MillisOf(s.opt.Now())
	for family, expires := range ends {
		names := revocation.Bearer{Family: family}.Names()
		if st := s.opt.Log.Standing(&names); st.Revoked && st.Scope == revocation.ScopeFamily {
			continue // of twenty tabs that knew the same session one has ended it
		}
		delivery, err := s.opt.Revoker.Write(ctx, revocation.Entry{Register: revocation.Family(family),
			Value: revocation.Value{Since: now, Until: until(expires, now), Reason: replaced, Actor: "login"}})
		if err != nil {
			web.RecordOf(r.Context()).Note(fmt.Errorf("ending the browser's previous session: %w", err))
			continue
		}
		s.event(r, audit.Event{Name: audit.SessionReplaced, Provider: f.Provider, Session: family.String(),
			Delivery: delivery.String()})
	}
}

// until is when no cookie can exist any more of a session that expires then.
func until(expires, now revocation.Millis) revocation.Millis {
	return max(expires, now) + revocation.Millis(2*maxAhead/time.Millisecond)
}
