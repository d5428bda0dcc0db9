package proxy

import (
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// renew adds a session cookie with a new idle time to an answer, once half of it has passed, and makes the answer
// unfit for any cache. It looks at the log again: whoever was revoked while the backend worked gets no new cookie.
func (x *exchange) renew(h http.Header) {
	now := x.h.opt.Now()
	s := x.bearer.session
	idle := x.h.idle(s.Level)
	digest, moved := x.bearer.elsewhere()
	if !moved && (s.IdleUntil.Sub(now) > idle/2 || !s.IdleUntil.Before(s.Expires)) {
		return
	}
	if st := x.h.standing(x.bearer); !st.Vouched || st.Revoked || !now.Before(s.Expires) {
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
