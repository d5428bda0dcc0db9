package policy

import "time"

// IdleUntil is when a session under this burden ends if no request comes before.
func (b *Burden) IdleUntil(s *Session) time.Time { return sooner(b.idles, s.IdleUntil) }

// Idle is how long a session may be without a request that could be for so long by itself.
func (b *Burden) Idle(own time.Duration) time.Duration {
	if b.idle > 0 {
		return min(own, b.idle)
	}
	return own
}

// idling counts from when the cookie was issued, as each renewal does anew, or from when the level was raised: until then
// nobody knew that it had to be renewed sooner.
func (b *Burden) idling(raised time.Time, s *Session, idle time.Duration) {
	if idle <= 0 {
		return
	}
	if b.idle == 0 || idle < b.idle {
		b.idle = idle
	}
	if s.IssuedAt.After(raised) {
		raised = s.IssuedAt
	}
	b.idles = sooner(b.idles, raised.Add(idle))
}

// sooner is the earlier of two times; zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
