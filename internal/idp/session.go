package idp

import (
	"net/http"
	"strings"
	"time"
)

// cookieName is the single sign-on cookie's: distinct, because cookies of one host name are shared by all its ports.
const cookieName = "demo_idp"

// SessionInfo is one session at the provider.
type SessionInfo struct {
	SID, Sub, Username string
	AuthTime           time.Time
}

// Sessions returns the sessions that are open, in no order.
func (s *Server) Sessions() []SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.sweep(s.now())
	var out []SessionInfo
	for _, ss := range s.state.sessions {
		out = append(out, SessionInfo{ss.sid, ss.user.sub(), ss.user.Name, ss.authTime})
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

// fresh returns the current session if it satisfies prompt and max_age of the request (Core 3.1.2.1).
func (s *Server) fresh(r *http.Request, a authRequest) (*session, bool) {
	ss, ok := s.current(r)
	if !ok || a.prompt == "login" {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return ss, a.maxAge < 0 || s.now().Sub(ss.authTime) <= a.maxAge && a.maxAge > 0
}

// signIn gives the browser a session of the user who has just authenticated. A session of the same user is kept and
// its authentication time renewed; one of another user ends, with logout tokens to its clients.
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
	if ok {
		ss.authTime = now
		return ss
	}
	ss = &session{sid: random(), user: u, authTime: now, expires: now.Add(sessionLife), clients: map[string]bool{}}
	value := random()
	s.state.sessions[value] = ss
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true,
		Secure: strings.HasPrefix(s.issuer, "https:"), SameSite: http.SameSiteLaxMode})
	return ss
}
