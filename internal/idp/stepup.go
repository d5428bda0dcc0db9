package idp

import (
	"net/http"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// ladder is the contexts that a client may ask for.
func (s *Server) ladder(c Client) factor.Ladder {
	if c.Contexts != nil {
		return c.Contexts
	}
	return s.contexts
}

// advance grants the request if the session proves enough for it, and asks for the next factor otherwise.
func (s *Server) advance(w http.ResponseWriter, r *http.Request, a authRequest, ss *session) {
	for {
		ev, next, err := s.missing(a, ss)
		u, auto := s.autoUser()
		switch {
		case err != nil:
			s.refuse(w, a, unmet())
		case next == 0:
			s.grant(w, a, ss, ev)
		case auto && next == factor.Password:
			ss = s.signIn(w, r, u)
			continue
		case auto:
			s.prove(a, ss, next)
			continue
		default:
			s.ask(w, a, ss, next, "")
		}
		return
	}
}

func (s *Server) autoUser() (User, bool) {
	s.mu.Lock()
	name := s.auto
	s.mu.Unlock()
	return s.user(name)
}

// missing tells what the request still needs of the session, or what there is to say of it.
func (s *Server) missing(a authRequest, ss *session) (factor.Evidence, factor.Factor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.demand.Missing(ss.proof, ss.user.can, s.now())
}

// prove takes note that the session's user has just proven a factor beyond the password. Who has no fingerprint
// registers it thereby, and proves no more than the password, as at Keycloak.
func (s *Server) prove(a authRequest, ss *session, f factor.Factor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := factor.Event{Factor: f, At: s.now()}
	if f == factor.Fingerprint && !s.registered(ss.user) {
		s.state.enrolled[ss.user.Name], e.Enrolled = true, true
	}
	ss.proof.Add(e, a.demand.Ladder)
}

// registered reports whether the user has a fingerprint; s.mu is held.
func (s *Server) registered(u User) bool { return u.Fingerprint || s.state.enrolled[u.Name] }
