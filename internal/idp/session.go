package idp

import (
	"net/http"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// cookieName is the single sign-on cookie's: distinct, because cookies of one host name are shared by all its ports.
const cookieName = "demo_idp"

// SessionInfo is one session at the provider.
type SessionInfo struct {
	SID, Sub, Username string
	AuthTime           time.Time // of the last authentication, whichever factor it was
	ACR                string    // the strongest of the provider's contexts that is proven
}

// Sessions returns the sessions that are open, in no order.
func (s *Server) Sessions() []SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.sweep(s.now())
	var out []SessionInfo
	for _, ss := range s.state.sessions {
		out = append(out, SessionInfo{ss.sid, ss.user.sub(), ss.user.Name, ss.proof.Last(),
			ss.proof.Strongest(s.contexts).ACR})
	}
	return out
}

// current returns the session whose cookie the request carries.
func (s *Server) current(r *http.Request) (*session, bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ss, ok := s.state.sessions[c.Value]
	return ss, ok && s.now().Before(ss.expires)
}

// signIn gives the browser a session of the user whose password was just typed. A session of the same user is kept, and
// what it proved before is void; one of another user ends, with logout tokens to its clients.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, u User) *session {
	ss, ok := s.current(r)
	if ok && ss.user.Name != u.Name {
		s.end(r.Context(), ss)
		ok = false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.state.sweep(now)
	password := factor.Event{Factor: factor.Password, At: now}
	if ok {
		ss.proof.Add(password, s.contexts)
		return ss
	}
	ss = &session{sid: random(), user: u, expires: now.Add(sessionLife), clients: map[string]bool{},
		proof: factor.Proof{Numbers: s.leak}}
	ss.proof.Add(password, s.contexts)
	value := random()
	s.state.sessions[value] = ss
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true,
		Secure: strings.HasPrefix(s.issuer, "https:"), SameSite: http.SameSiteLaxMode})
	return ss
}
