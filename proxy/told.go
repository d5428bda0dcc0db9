package proxy

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/proxy/internal/assertion"
	"github.com/edgeauth/edgeauth/proxy/internal/identify"
)

// told is what one upstream is told of one session. It is shared and not changed; a new assertion, or another level, makes
// a new one.
type told struct {
	upstream *Upstream
	bearing  bearing
	fields   []identify.Field
	token    []string
	until    time.Time // when the token is signed anew; zero without one
}

// bearing is what can change of a session while its cookie does not: the log raises its level.
type bearing struct {
	level  identity.Level
	proven bool
	floor  bool   // that level is of the log, not of the session's login
	why    string // of the floor
	ends   int64  // Unix seconds
}

// bearingOf looks at the same that decides about requests.
func (h *Handler) bearingOf(o *opened, now time.Time) bearing {
	st := h.standing(o)
	b, known := h.opt.Levels.Weigh(&o.policy, &st, now)
	if !known {
		return bearing{level: o.session.Level, ends: o.session.Expires.Unix()}
	}
	return bearing{level: b.Need.Level, proven: b.Proven, floor: b.Raised, why: b.Why, ends: b.Ends(&o.policy).Unix()}
}

// reasons are why a session has the level that it is under.
func (b *bearing) reasons(o *opened) []string {
	if b.floor {
		return []string{b.why}
	}
	return o.session.Reasons
}

// resign is how long before its end an assertion is replaced.
const resign = 30 * time.Second

// tell returns what an upstream is told of a session. Errors: identify.ErrTooLarge, and failures to sign.
func (h *Handler) tell(o *opened, u *Upstream, now time.Time) (*told, error) {
	b := h.bearingOf(o, now)
	o.mu.Lock()
	defer o.mu.Unlock()
	i := 0
	for ; i < len(o.told); i++ {
		if t := o.told[i]; t.upstream == u {
			if t.bearing == b && (t.until.IsZero() || now.Before(t.until)) {
				return t, nil
			}
			break
		}
	}
	t, err := h.compose(o, u, b, now)
	if err != nil {
		return nil, err
	}
	if i < len(o.told) {
		o.told[i] = t
	} else {
		o.told = append(o.told, t)
	}
	return t, nil
}

func (h *Handler) compose(o *opened, u *Upstream, b bearing, now time.Time) (*told, error) {
	fields, err := u.cfg.Headers.Fields(o.session, b.level)
	if err != nil {
		return nil, err
	}
	t := &told{upstream: u, bearing: b, fields: fields}
	if u.cfg.AssertionHeader == "" {
		return t, nil
	}
	key := h.opt.Keys().Active(now)
	token, err := assertion.Sign(key, assertion.Statement{Issuer: h.origin, Audience: u.cfg.AssertionAudience, Session: o.session,
		Level: b.level, Proven: b.proven, Reasons: b.reasons(o), Ends: time.Unix(b.ends, 0)}, now)
	if err != nil {
		return nil, err
	}
	t.token, t.until = []string{token}, now.Add(assertion.Lifetime-resign)
	return t, nil
}
