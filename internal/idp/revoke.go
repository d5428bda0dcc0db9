package idp

import (
	"maps"
	"net/http"
	"time"
)

// revoke is the revocation endpoint (RFC 7009). With a refresh token goes everything of its grant; a token that is not known is as
// good as revoked.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		oauthError(w, http.StatusMethodNotAllowed, "invalid_request", "use POST")
		return
	}
	client, err := s.authenticateClient(r)
	if err != nil {
		oauthError(w, http.StatusUnauthorized, "invalid_client", "client authentication did not succeed")
		return
	}
	token := r.PostForm.Get("token")
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.state.refresh[token]; ok && t.grant.request.client.ID == client.ID {
		t.grant.revoked = true
	}
	if t, ok := s.state.access[token]; ok && t.grant.request.client.ID == client.ID {
		delete(s.state.access, token)
	}
	w.WriteHeader(http.StatusOK)
}

// Refreshable reports whether a refresh token would bring tokens now.
func (s *Server) Refreshable(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.state.refresh[token]
	return ok && !r.spent && s.state.alive(r.grant, s.now())
}

// EndSilently ends every session and tells no client, as a provider does that loses its sessions.
func (s *Server) EndSilently() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ss := range s.state.sessions {
		s.endSilently(ss)
	}
}

// endSilently ends a session with all its tokens; s.mu is held.
func (s *Server) endSilently(ss *session) {
	maps.DeleteFunc(s.state.sessions, func(_ string, other *session) bool { return other == ss })
	ss.expires = time.Time{}
}
