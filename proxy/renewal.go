package proxy

import (
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
)

// Roster lists sessions for their owners.
type Roster interface {
	// Renewed notes that a session is in use. It never waits.
	Renewed(*session.Session, sessions.Visit)
}

// renew adds a session cookie with a new idle time to an answer, once half of it has passed, and makes the answer
// unfit for any cache. It looks at the log again: whoever was revoked while the backend worked gets no new cookie.
func (x *exchange) renew(h http.Header) {
	now := x.h.opt.Now()
	s := x.bearer.session
	st := x.h.standing(x.bearer)
	idle, until := x.h.idling(x.bearer, &st, now)
	digest, moved := x.bearer.elsewhere()
	if !moved && (until.Sub(now) > idle/2 || !until.Before(s.Expires)) {
		return
	}
	if !st.Vouched || st.Revoked || !now.Before(s.Expires) {
		return
	}
	renewed := *s
	if moved {
		renewed.Signals = digest
	}
	renewed.IssuedAt, renewed.IdleUntil = now, now.Add(idle)
	if renewed.IdleUntil.After(s.Expires) {
		renewed.IdleUntil = s.Expires
	}
	if err := x.h.opt.Cookies.Set(headerWriter{h}, &renewed); err != nil {
		x.record.Note(err) // the answer goes out without it; the old cookie is still good
		return
	}
	h["Cache-Control"] = []string{"no-store"}
	if x.h.opt.Roster != nil {
		x.h.opt.Roster.Renewed(&renewed, sessions.Visit{Address: x.record.Client, Agent: x.agent, Host: x.h.origin})
	}
}

// idling is how long a session lasts without a request, and when it ends if none comes. A level that it was raised to counts
// for as long as it is left to prove.
func (h *Handler) idling(o *opened, st *policy.Standing, now time.Time) (idle time.Duration, until time.Time) {
	idle, until = h.idle(o.session.Level), o.session.IdleUntil
	if len(st.Floors) == 0 {
		return idle, until
	}
	b, _ := h.opt.Levels.Weigh(&o.policy, st, now)
	return b.Idle(idle), b.IdleUntil(&o.policy)
}

// idle is how long a session of a level lasts without a request.
func (h *Handler) idle(level identity.Level) time.Duration {
	if l := h.opt.Levels[level].Idle; l > 0 && l < h.opt.Idle {
		return l
	}
	return h.opt.Idle
}

// headerWriter is as much of a ResponseWriter as setting a cookie needs.
type headerWriter struct{ header http.Header }

// Header returns the header that is filled.
func (w headerWriter) Header() http.Header { return w.header }

// Write does nothing: there is no body.
func (w headerWriter) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader does nothing: there is no status.
func (w headerWriter) WriteHeader(int) {}
