package login

import (
	"net/http"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// forgetRounds begins the count anew: whoever logs out by hand and in again does not go round in circles.
func (s *Server) forgetRounds(w http.ResponseWriter, r *http.Request) {
	binding, ok := s.opt.Cookies.Binding(r)
	if !ok || binding.Trail == (session.Trail{}) {
		return
	}
	binding.Trail = session.Trail{}
	if err := s.opt.Cookies.SetBinding(w, binding); err != nil {
		web.RecordOf(r.Context()).Note(err) // the count goes on
	}
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
		Public: "You were sent to log in three times within a minute, and each time it did not hold. The browser may refuse " +
			"cookies, a clock may be wrong, or a service that logins need does not answer. If it stays like this, tell the operator the request ID.",
		Links: []web.Link{{Text: "Try again", URL: s.loginURL(b)}, {Text: "Log out", URL: Prefix + "logout"}}}
}
