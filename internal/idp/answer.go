package idp

import (
	"cmp"
	"net/http"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/edgeauth/edgeauth/internal/idp/page"
)

// ask shows the page that asks for a factor; a message says why it is shown again. Without a session it is the password
// that is asked for.
func (s *Server) ask(w http.ResponseWriter, a authRequest, ss *session, f factor.Factor, wrong string) {
	if a.prompt == "none" {
		s.refuse(w, a, refuse("login_required", "what the session has proven is not enough without a page"))
		return
	}
	form := page.Form{Next: a.redirectURI, Wrong: wrong}
	if ss != nil {
		form.Username = ss.user.Name
	}
	action := func(path string) string { return s.prefix() + path + "?" + a.params.Encode() }
	switch f {
	case factor.Code:
		form.Action = action("/code")
		s.pages.Code(w, form, ss.user.DemoCode)
	case factor.Fingerprint:
		s.mu.Lock()
		registered := s.registered(ss.user)
		s.mu.Unlock()
		form.Action = action("/fingerprint")
		if registered {
			s.pages.Fingerprint(w, form)
		} else {
			s.pages.Enrolment(w, form)
		}
	default:
		form.Action = action("/login")
		if wrong == "" || form.Username == "" {
			form.Username = cmp.Or(a.params.Get("login_hint"), form.Username)
		}
		s.loginForm(w, form)
	}
}

// loginForm shows the form for name and password.
func (s *Server) loginForm(w http.ResponseWriter, f page.Form) {
	var demo []string
	for _, u := range s.users {
		if u.Name == u.Password {
			demo = append(demo, u.Name)
		}
	}
	s.pages.Login(w, f, demo)
}

// page is where a page posts to; the authorization request stands in the query.
func (s *Server) page(h func(http.ResponseWriter, *http.Request, authRequest)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			s.pages.Message(w, http.StatusMethodNotAllowed, "This is not a page", "Please start at the application.")
			return
		}
		a, bad := s.parseRequest(r.URL.Query())
		switch {
		case bad != nil:
			s.refuse(w, a, bad)
		case r.PostForm.Has("cancel"):
			s.refuse(w, a, refuse("access_denied", "the user cancelled"))
		default:
			h(w, r, a)
		}
	}
}

// login takes name and password.
func (s *Server) login(w http.ResponseWriter, r *http.Request, a authRequest) {
	name := r.PostForm.Get("username")
	u, ok := s.authenticate(name, r.PostForm.Get("password"))
	if !ok {
		s.ask(w, a, &session{user: User{Name: name}}, factor.Password, "This user name and password do not belong together.")
		return
	}
	s.advance(w, r, a, s.signIn(w, r, u))
}

// proven is a page for those who have typed their password.
func (s *Server) proven(h func(http.ResponseWriter, *http.Request, authRequest, *session)) func(http.ResponseWriter, *http.Request, authRequest) {
	return func(w http.ResponseWriter, r *http.Request, a authRequest) {
		ss, ok := s.current(r)
		if !ok {
			s.ask(w, a, nil, factor.Password, "Your session here has ended. Please sign in again.")
			return
		}
		h(w, r, a, ss)
	}
}

// code takes a one-time code.
func (s *Server) code(w http.ResponseWriter, r *http.Request, a authRequest, ss *session) {
	if !ss.user.validCode(r.PostForm.Get("code"), s.now()) {
		s.ask(w, a, ss, factor.Code, "This code is wrong or too old.")
		return
	}
	s.prove(a, ss, factor.Code)
	s.advance(w, r, a, ss)
}

// fingerprint takes the press of a button for a touch of the sensor, or for registering. A page that has been overtaken
// by another one, which registered the fingerprint meanwhile, is shown anew.
func (s *Server) fingerprint(w http.ResponseWriter, r *http.Request, a authRequest, ss *session) {
	s.mu.Lock()
	registered := s.registered(ss.user)
	s.mu.Unlock()
	if registered != (r.PostForm.Get("do") == "touch") {
		s.ask(w, a, ss, factor.Fingerprint, "")
		return
	}
	s.prove(a, ss, factor.Fingerprint)
	s.advance(w, r, a, ss)
}
