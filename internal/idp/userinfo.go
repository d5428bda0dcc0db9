package idp

import (
	"net/http"
	"strings"
)

// userinfo is the userinfo endpoint (Core 5.3), by GET and by POST, with the access token as a bearer token (RFC 6750).
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		token = r.PostForm.Get("access_token")
	}
	s.mu.Lock()
	now := s.now()
	a, ok := s.state.access[token]
	ok = ok && now.Before(a.expires) && s.state.alive(a.grant, now)
	s.mu.Unlock()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="userinfo", error="invalid_token"`)
		oauthError(w, http.StatusUnauthorized, "invalid_token", "the access token is not valid")
		return
	}
	claims := a.grant.session.user.scoped(a.grant.request.scopes)
	claims["sub"] = a.grant.session.user.sub()
	var answer any = claims
	if lie := s.lies.Load().Userinfo; lie != nil {
		answer = lie(claims)
	}
	writeJSON(w, http.StatusOK, answer)
}
