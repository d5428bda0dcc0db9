package proxy

import (
	"errors"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/admission"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Replica is this edge's copy of the revocation log.
type Replica interface {
	// Version changes whenever a Standing could.
	Version() uint64
	Standing(*revocation.Names) revocation.Standing
	// Staleness is how old the copy can be at most.
	Staleness() time.Duration
}

// admit decides about a request for a route: from memory alone, in one atomic load where nothing changed since the
// session's last request. The session is returned whenever it could be opened; the verdict says whether it may be
// shown. Two is set if the request carried two session cookies, of which none counts. Q is what the route's expressions
// may know of the request.
func (h *Handler) admit(r *http.Request, route *Route, q policy.Request, now time.Time) (v policy.Verdict, o *opened, two bool) {
	o, two = h.find(r, now)
	return h.verdict(route, o, q, now), o, two
}

// verdict decides about a request of a session, nil for none.
func (h *Handler) verdict(route *Route, o *opened, q policy.Request, now time.Time) policy.Verdict {
	if o == nil {
		return route.cfg.Policy.AdmitRequest(nil, policy.Standing{}, q, now)
	}
	st := h.standing(o)
	st.Staleness = h.opt.Replica.Staleness()
	return route.cfg.Policy.AdmitRequest(&o.policy, st, q, now)
}

// find returns the request's session, opened. Absent, invalid and doubled cookies are nil.
func (h *Handler) find(r *http.Request, now time.Time) (o *opened, two bool) {
	value, err := h.opt.Cookies.Find(r)
	if err != nil {
		return nil, errors.Is(err, session.ErrTwoCookies)
	}
	c := h.cacheFor(h.opt.Keys())
	if o := c.get(value, now); o != nil {
		return o, false
	}
	s, err := h.opt.Cookies.Open(value)
	if err != nil {
		return nil, false
	}
	o = newOpened(s, value, c.ring, h.opt.ClockSkew(s.Subject.Issuer), now)
	c.put(o)
	return o, false
}

// cacheFor returns the cache of a key ring. Another ring begins with an empty one: what its keys do not open must not
// be known from before.
func (h *Handler) cacheFor(ring *session.Ring) *cache {
	c := h.cache.Load()
	if c.ring == ring {
		return c
	}
	fresh := newCache(ring, h.opt.CacheSize)
	if h.cache.CompareAndSwap(c, fresh) {
		return fresh
	}
	return h.cache.Load()
}

// standing returns what the log says of a session, all but its staleness. The version is read first: an entry that arrives
// in between makes the next request look again.
func (h *Handler) standing(o *opened) policy.Standing {
	version := h.opt.Replica.Version()
	if m := o.memo.Load(); m != nil && m.version == version {
		return m.standing
	}
	st := admission.Standing(h.opt.Replica.Standing(&o.names))
	o.memo.Store(&memo{version, st})
	return st
}
