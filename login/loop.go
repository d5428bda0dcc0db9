package login

import (
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
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

func looping(t session.Trail, now time.Time) bool {
	rounds, _ := onTrail(t, now)
	return rounds >= maxRounds
}

// ended notes on the binding that a flow has come back.
func (f *flow) ended(b session.Binding) session.Binding {
	b.Trail = session.Trail{Rounds: f.Rounds + 1, Since: f.Since.Time()}
	return b
}

// breakLoop shows a page instead of going on. Whoever then asks for another try has three more.
func (s *Server) breakLoop(w http.ResponseWriter, r *http.Request, b beginning, binding session.Binding) error {
	s.event(r, audit.Event{Name: audit.LoopBroken, Provider: b.provider.Name(), Reason: "login_loop"})
	binding.Trail = session.Trail{}
	if err := s.opt.Cookies.SetBinding(w, binding); err != nil {
		return err
	}
	b.restarts = 0
	return &web.Error{Code: http.StatusTooManyRequests, Reason: "login_loop", Title: "The login goes round in circles",
		Public: "You were sent to log in three times within a minute, and each time it did not hold. The browser may refuse cookies, " +
			"or a clock may be wrong. If it stays like this, tell the operator the request ID.",
		Links: []web.Link{{Text: "Try again", URL: s.loginURL(b)}, {Text: "Log out", URL: Prefix + "logout"}}}
}

// retryDelay grows with the rounds, so that a page that retries by itself is never taken for a loop.
func (f *flow) retryDelay() time.Duration {
	return [...]time.Duration{5 * time.Second, 10 * time.Second, loopWindow}[min(f.Rounds, 2)]
}
