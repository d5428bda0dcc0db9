package idp

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/edgeauth/edgeauth/internal/idp/page"
)

// authorize is the authorization endpoint (Core 3.1.2), by GET and by POST.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	a, bad := s.parseRequest(r.Form)
	if bad != nil {
		s.refuse(w, a, bad)
		return
	}
	if ss, ok := s.fresh(r, a); ok {
		s.grant(w, a, ss)
		return
	}
	if u, ok := s.autoUser(); ok {
		s.grant(w, a, s.signIn(w, r, u))
		return
	}
	if a.prompt == "none" {
		s.refuse(w, a, refuse("login_required", "nobody is signed in"))
		return
	}
	s.loginForm(w, a, "", "")
}

func (s *Server) autoUser() (User, bool) {
	s.mu.Lock()
	name := s.auto
	s.mu.Unlock()
	return s.user(name)
}

// login is where the login form posts to; the authorization request stands in the query.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		s.pages.Message(w, http.StatusMethodNotAllowed, "This is not a page", "Please start at the application.")
		return
	}
	a, bad := s.parseRequest(r.URL.Query())
	if bad != nil {
		s.refuse(w, a, bad)
		return
	}
	name := r.PostForm.Get("username")
	u, ok := s.authenticate(name, r.PostForm.Get("password"))
	if !ok {
		s.loginForm(w, a, name, "This user name and password do not belong together.")
		return
	}
	s.grant(w, a, s.signIn(w, r, u))
}

// loginForm shows the form for the request; a message says why it is shown again.
func (s *Server) loginForm(w http.ResponseWriter, a authRequest, username, wrong string) {
	f := page.LoginForm{Action: s.prefix() + "/login?" + a.params.Encode(), Next: a.redirectURI,
		Username: cmp.Or(username, a.params.Get("login_hint")), Wrong: wrong}
	for _, u := range s.users {
		if u.Name == u.Password {
			f.Demo = append(f.Demo, u.Name)
		}
	}
	s.pages.Login(w, f)
}

// grant answers with a code for the session.
func (s *Server) grant(w http.ResponseWriter, a authRequest, ss *session) {
	code := random()
	s.mu.Lock()
	now := s.now()
	s.state.sweep(now)
	s.state.codes[code] = &grant{request: a, session: ss, authTime: ss.authTime, expires: now.Add(codeLife)}
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
