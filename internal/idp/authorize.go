package idp

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// authorize is the authorization endpoint (Core 3.1.2), by GET and by POST.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	a, bad := s.parseRequest(r.Form)
	if bad != nil {
		s.refuse(w, a, bad)
		return
	}
	ss, ok := s.current(r)
	if ok && !a.demand.Anew {
		s.advance(w, r, a, ss)
		return
	}
	if u, ok := s.autoUser(); ok {
		s.advance(w, r, a, s.signIn(w, r, u))
		return
	}
	s.ask(w, a, ss, factor.Password, "")
}

// grant answers with a code for the session and what the evidence says of it.
func (s *Server) grant(w http.ResponseWriter, a authRequest, ss *session, ev factor.Evidence) {
	code := random()
	s.mu.Lock()
	now := s.now()
	s.state.sweep(now)
	s.state.codes[code] = &grant{request: a, session: ss, evidence: ev, expires: now.Add(codeLife)}
	s.mu.Unlock()
	s.respond(w, a, url.Values{"code": {code}})
}

// refuse answers a request that can't be granted.
func (s *Server) refuse(w http.ResponseWriter, a authRequest, e *requestError) {
	if e.private {
		s.pages.Message(w, http.StatusBadRequest, "This login can't go on", e.description)
		return
	}
	s.respond(w, a, url.Values{"error": {e.code}, "error_description": {e.description}})
}

// respond sends the browser back to the client with state and iss (RFC 9207) added.
func (s *Server) respond(w http.ResponseWriter, a authRequest, v url.Values) {
	v.Set("iss", s.Issuer())
	if a.params.Has("state") {
		v.Set("state", a.state)
	}
	if edit := s.lies.Load().Authorize; edit != nil {
		edit(maps.Clone(a.params), v)
	}
	if a.mode == "form_post" {
		s.pages.FormPost(w, a.redirectURI, v)
		return
	}
	w.Header().Set("Location", withQuery(a.redirectURI, v))
	w.WriteHeader(http.StatusSeeOther)
}

// withQuery adds v to uri and leaves the query that it has as it is.
func withQuery(uri string, v url.Values) string {
	switch {
	case len(v) == 0:
		return uri
	case strings.Contains(uri, "?"):
		return uri + "&" + v.Encode()
	}
	return uri + "?" + v.Encode()
}
