package idp

import (
	"net/http"
	"net/url"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

// endRequest is a logout request (RP-Initiated Logout 1.0, section 2).
type endRequest struct {
	params url.Values
	client Client
	sid    string // from a valid id_token_hint
	uri    string // registered address to return to, "" for none
}

// endSession is the end-session endpoint, by GET and by POST. Without an id_token_hint of the browser's own session it
// asks first; the answer comes as a POST with confirm=yes, which only a page of ours may send.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	e, problem := s.parseEnd(r.Form)
	if problem != "" {
		s.pages.Message(w, http.StatusBadRequest, "This logout can't go on", problem)
		return
	}
	ss, ok := s.current(r)
	switch {
	case !ok && e.sid == "":
		s.signedOut(w, e)
	case !ok: // the browser sent no cookie, but the hint proves whose session is meant
		s.EndSID(r.Context(), e.sid)
		s.signedOut(w, e)
	case e.sid == ss.sid:
		s.end(r.Context(), ss)
		s.signedOut(w, e)
	case r.Method == http.MethodPost && r.PostForm.Get("confirm") == "yes":
		sameOrigin(func(w http.ResponseWriter, r *http.Request) {
			s.end(r.Context(), ss)
			s.signedOut(w, e)
		})(w, r)
	default:
		s.pages.Logout(w, s.prefix()+"/end_session", e.uri, ss.user.Name, e.params)
	}
}

// home tells who is signed in.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	if ss, ok := s.current(r); ok {
		s.pages.Logout(w, s.prefix()+"/end_session", "", ss.user.Name, nil)
		return
	}
	s.pages.Message(w, http.StatusOK, "Demo identity provider", "Nobody is signed in here. Please start at the application.")
}

// parseEnd reads a logout request; a non-empty problem is for the user.
func (s *Server) parseEnd(q url.Values) (e endRequest, problem string) {
	e.params = q
	id := q.Get("client_id")
	if hint := q.Get("id_token_hint"); hint != "" {
		_, claims, err := jose.Decode(hint)
		if err != nil || !s.ours(hint) || claims["iss"] != s.Issuer() {
			return e, "The token that names the session is not ours."
		}
		e.sid, _ = claims["sid"].(string)
		aud, _ := claims["aud"].(string)
		if id != "" && id != aud {
			return e, "The token that names the session belongs to another application."
		}
		id = aud
	}
	s.mu.Lock()
	e.client = s.clients[id]
	s.mu.Unlock()
	if uri := q.Get("post_logout_redirect_uri"); uri != "" {
		if !e.client.returnsTo(uri) {
			return e, "The address to return to is not registered for this application."
		}
		e.uri = uri
	}
	return e, ""
}

// signedOut sends the browser back to the client, or tells the user where there is no way back.
func (s *Server) signedOut(w http.ResponseWriter, e endRequest) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if e.uri == "" {
		s.pages.Message(w, http.StatusOK, "You are signed out", "Your session at the demo identity provider has ended.")
		return
	}
	v := url.Values{}
	if e.params.Has("state") {
		v.Set("state", e.params.Get("state"))
	}
	if edit := s.lies.Load().EndSession; edit != nil {
		edit(e.params, v)
	}
	w.Header().Set("Location", withQuery(e.uri, v))
	w.WriteHeader(http.StatusSeeOther)
}
