package proxy

import (
	"time"

	"github.com/edgeauth/edgeauth/proxy/internal/assertion"
	"github.com/edgeauth/edgeauth/proxy/internal/identify"
)

// told is what one upstream is told of one session. It is shared and not changed; a new assertion makes a new one.
type told struct {
	upstream *Upstream
	fields   []identify.Field
	token    []string
	until    time.Time // when the token is signed anew; zero without one
}

// resign is how long before its end an assertion is replaced.
const resign = 30 * time.Second

// tell returns what an upstream is told of a session. Errors: identify.ErrTooLarge, and failures to sign.
func (h *Handler) tell(o *opened, u *Upstream, now time.Time) (*told, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := 0
	for ; i < len(o.told); i++ {
		if t := o.told[i]; t.upstream == u {
			if t.until.IsZero() || now.Before(t.until) {
				return t, nil
			}
			break
		}
	}
	t, err := h.compose(o, u, now)
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

func (h *Handler) compose(o *opened, u *Upstream, now time.Time) (*told, error) {
	fields, err := u.cfg.Headers.Fields(o.session)
	if err != nil {
		return nil, err
	}
	t := &told{upstream: u, fields: fields}
	if u.cfg.AssertionHeader == "" {
		return t, nil
	}
	key := h.opt.Keys().Active(now)
	token, err := assertion.Sign(key, h.origin, u.cfg.AssertionAudience, o.session, now)
	if err != nil {
		return nil, err
	}
	t.token, t.until = []string{token}, now.Add(assertion.Lifetime-resign)
	return t, nil
}
