package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
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
	switch f.KnownOf {
	case subjectDigest(fresh.Subject):
		known = max(known, f.Known)
	case deviceDigest(fresh.Device):
		nb = s.notBeforeBut(fresh, nb, f.Known)
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

// notBeforeBut is a session's not-before without that of its device, if the device's was known when the flow began. Who logs out
// and in again within a minute need not do so twice.
func (s *Server) notBeforeBut(fresh *session.Session, nb, known revocation.Millis) revocation.Millis {
	ofDevice := revocation.Bearer{Device: fresh.Device}.Names()
	if s.opt.Log.NotBefore(&ofDevice) > known {
		return nb
	}
	others := fresh.Bearer()
	others.Device = identity.DeviceID{}
	names := others.Names()
	return s.opt.Log.NotBefore(&names)
}

// sameLogin reports whether another tab of the browser has finished the same login while this one was in flight: the
// session is in good standing, came of the same authentication, and is younger than this flow. Then it stays: to replace
// it would end it under the requests that the other tabs are making.
func (s *Server) sameLogin(f *flow.Flow, old, fresh *session.Session) bool {
	return loginOf(old) == loginOf(fresh) && old.Family != f.Previous.Family && !old.Epoch.Before(f.Started.Time()) &&
		s.verdict(old).Action == policy.Allow
}

// loginOf names the authentication that a session came of, together with what was kept of it.
func loginOf(c *session.Session) [16]byte {
	parts := []string{c.Subject.Issuer, c.Subject.Sub, c.SID, string(c.Selection[:]), c.Assurance.ACR,
		strconv.FormatInt(c.Assurance.AuthTime.UnixMilli(), 10), strconv.Itoa(len(c.Assurance.AMR))}
	return identity.Digest("edgeauth login", slices.Concat(parts, c.Assurance.AMR, c.Groups)...)
}

// minted is what the binding keeps of a session for the browser's next callback.
func minted(c *session.Session) session.Minted {
	return session.Minted{Family: c.Family, ID: c.ID, Device: c.Device, Incarnation: c.Incarnation, Login: loginOf(c),
		Epoch: revocation.MillisOf(c.Epoch), Expires: revocation.MillisOf(c.Ends())}
}

// held is the session that the browser holds: the one of its cookie, unless a step-up has put another id in its place; then
// whoever has that may be another. A provider that answers by a cross-site POST sends the browser back without that cookie;
// then it is the one that the browser's last callback minted, if that came of the same authentication as fresh, which
// completes it. Nil: none that is known.
func (s *Server) held(r *http.Request, last session.Minted, fresh *session.Session) *session.Session {
	if c, ok := s.current(r); ok {
		names := revocation.Bearer{ID: c.ID}.Names()
		if st := s.opt.Log.Standing(&names); st.Revoked && st.Scope == revocation.ScopeSession {
			return nil
		}
		return c
	}
	if r.Method != http.MethodPost || last.Login != loginOf(fresh) {
		return nil
	}
	c := *fresh
	c.Family, c.ID, c.Device, c.Incarnation = last.Family, last.ID, last.Device, last.Incarnation
	c.Epoch, c.IssuedAt, c.Expires = last.Epoch.Time(), last.Epoch.Time(), last.Expires.Time()
	c.IdleUntil = c.IssuedAt.Add(s.opt.Idle)
	return &c
}

// loggedInSince reports whether the browser has a session in good standing that a login at the provider brought after
// a time.
func (s *Server) loggedInSince(r *http.Request, p *oidc.Provider, began time.Time) bool {
	now, ok := s.live(r)
	return ok && now.Subject.Issuer == p.Issuer() && !now.Epoch.Before(began)
}

// replace ends the sessions that the browser had: the one that it holds, the one that it had when the flow began, and the
// one that its last callback minted.
func (s *Server) replace(ctx context.Context, r *http.Request, a *arrival, old *session.Session) {
	ends := map[identity.Family]revocation.Millis{}
	if f := a.flow; f.Previous != (flow.Previous{}) {
		ends[f.Previous.Family] = f.Previous.Expires
	}
	if last := a.binding.Last; last != (session.Minted{}) {
		ends[last.Family] = last.Expires
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
		s.event(r, audit.Event{Name: audit.SessionReplaced, Provider: a.flow.Provider, Session: family.String(),
			Delivery: delivery.String()})
	}
}

// until is when no cookie can exist any more of a session that expires then.
func until(expires, now revocation.Millis) revocation.Millis {
	return max(expires, now) + revocation.Millis(2*maxAhead/time.Millisecond)
}
