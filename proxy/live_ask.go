package proxy

import (
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// asking is a route and what its expressions may know of the request, so that it can be asked again.
type asking struct {
	route   *Route
	request policy.Request
}

// ask returns the verdict on an open exchange as if it began now, with two differences. A session's idle end does not count:
// another edge may have renewed its cookie, and while a request of it goes on it is not idle. And where a public route was
// told of a session, the session has to be in good standing for that to go on.
func (l *live) ask(h *Handler, staleness time.Duration, now time.Time) policy.Verdict {
	if h == nil {
		return policy.Verdict{Action: policy.Deny, Reason: policy.NoRoute}
	}
	if !l.opens(h, now) {
		return policy.Verdict{Action: policy.Login, Reason: policy.NoSession}
	}
	if l.by != h && !l.find(h) {
		return policy.Verdict{Action: policy.Deny, Reason: policy.NoRoute}
	}
	for i := range l.asks {
		a := &l.asks[i]
		v := h.again(&a.route.cfg.Policy, l.x.bearer, a.request, staleness, now)
		if v.Action == policy.Allow && l.x.bearer != nil && !v.Identified {
			private := a.route.cfg.Policy
			private.Public = false
			v = h.again(&private, l.x.bearer, a.request, staleness, now)
		}
		if v.Action != policy.Allow {
			return v
		}
	}
	if l.x.bearer != nil {
		h.touch(l.x.bearer, now) // an open exchange is a use of its session
	}
	return policy.Verdict{Action: policy.Allow}
}

func (h *Handler) again(route *policy.Route, o *opened, q policy.Request, staleness time.Duration, now time.Time) policy.Verdict {
	if o == nil {
		return route.AdmitRequest(nil, policy.Standing{}, q, now)
	}
	st := h.standing(o)
	st.Staleness = staleness
	return route.AdmitRequest(o.lasting(now), st, q, now)
}

// renewedEvery is how long lasting may be looked at as if the cookie had been renewed now. It is less than what any level's
// idle time can be, and than what clocks may differ by.
const renewedEvery = 30 * time.Second

// lasting is the session as if its cookie had been renewed just now: it is never idle.
func (o *opened) lasting(now time.Time) *policy.Session {
	s := o.lasts.Load()
	if s != nil && now.Sub(s.IssuedAt).Abs() < renewedEvery {
		return s
	}
	renewed := o.policy
	renewed.IssuedAt, renewed.IdleUntil = now, renewed.Expires
	o.lasts.Store(&renewed)
	return &renewed
}

// opens reports whether the session's cookie can still be opened. It is tried with each new key ring, and as often as for
// requests, so that a key that is gone ends what it sealed.
func (l *live) opens(h *Handler, now time.Time) bool {
	o := l.x.bearer
	if o == nil {
		return true
	}
	if l.ring == nil {
		l.ring, l.reopen = o.ring, o.until
	}
	ring := h.opt.Keys()
	if l.ring == ring && now.Before(l.reopen) {
		return true
	}
	if _, err := h.opt.Cookies.Open(o.value); err != nil {
		return false
	}
	l.ring, l.reopen = ring, now.Add(keepOpened)
	return true
}

// find looks in another configuration for the routes that decide about the exchange: the one that its request would meet now,
// and the one below it. It reports false if they do not lead to an upstream of the same name.
func (l *live) find(h *Handler) bool {
	route, err := h.table.find(l.x.target, l.method)
	if err != nil || route.cfg.Upstream.Name() != l.x.route.cfg.Upstream.Name() {
		return false
	}
	below, err := h.table.below(route, l.x.target, l.method)
	if err != nil {
		return false
	}
	l.asks = l.asks[:0]
	for _, r := range [...]*Route{route, below} {
		if r == nil {
			continue
		}
		q, err := l.request(h, r, r != route, route.strip)
		if err != nil {
			return false
		}
		l.asks = append(l.asks, asking{r, q})
	}
	l.by = h
	return true
}

// request is what a route's expressions may know of the exchange's request.
func (l *live) request(h *Handler, r *Route, below bool, strip int) (policy.Request, error) {
	if !r.uses.Request {
		return policy.Request{}, nil
	}
	t := l.x.target
	if below {
		t = t.Strip(strip)
	}
	q, err := r.request(l.method, h.host[0], t)
	q.Client = l.client
	return q, err
}
