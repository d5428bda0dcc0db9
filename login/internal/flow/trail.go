package flow

import (
	"time"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// A browser that begins a login after another has ended, again and again, is in a loop: the application or this edge
// does not accept what the login brings, or the browser does not keep it. Many tabs are no loop, however many logins
// they make: those began before any had ended. So what is counted is not logins but how long a chain of them is, each
// begun after the one before; a callback writes the length of its own chain into the binding.
const (
	maxRounds  = 3
	loopWindow = 60 * time.Second
)

// onTrail is the place of a login that begins now: how many came before it, and since when.
func onTrail(t session.Trail, now time.Time) (uint8, revocation.Millis) {
	if t.Rounds == 0 || now.Sub(t.Since) >= loopWindow || now.Before(t.Since) {
		return 0, revocation.MillisOf(now)
	}
	return t.Rounds, revocation.MillisOf(t.Since)
}

// Looping reports whether the login that would begin now is one too many.
func Looping(t session.Trail, now time.Time) bool {
	rounds, _ := onTrail(t, now)
	return rounds >= maxRounds
}

// Ended notes on the binding that a flow has come back.
func (f *Flow) Ended(b session.Binding) session.Binding {
	b.Trail = session.Trail{Rounds: min(f.Rounds, maxRounds) + 1, Since: f.Since.Time()}
	return b
}

// Begin sets when the flow begins, and its place on the trail.
func (f *Flow) Begin(t session.Trail, now time.Time) {
	f.Started = revocation.MillisOf(now)
	f.Rounds, f.Since = onTrail(t, now)
}

// RetryDelay is when a page that retries a login by itself does so. It grows with the rounds, so that such a page is never
// taken for a loop.
func (f *Flow) RetryDelay() time.Duration {
	return [...]time.Duration{5 * time.Second, 10 * time.Second, loopWindow}[min(f.Rounds, 2)]
}
