package idp

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

//go:embed pages
var pageFiles embed.FS

// autoSubmit is the only script: it sends the form of form_post. The page works without it.
const autoSubmit = "document.forms[0].submit()"

// pages are the templates and the policy under which they are shown.
type pages struct {
	templates *template.Template
	css       template.CSS
	policy    string // Content-Security-Policy up to form-action's sources
}

// page is what the templates are given.
type page struct {
	CSS      template.CSS
	Script   template.JS
	Title    string
	Text     string
	Action   string
	Username string
	Wrong    string // message above the form
	Demo     []string
	Fields   []field
}

type field struct{ Name, Value string }

func loadPages() (*pages, error) {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	t, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	return &pages{templates: t, css: template.CSS(css), policy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
		"style-src " + hashSource(string(css)) + "; script-src " + hashSource(autoSubmit) + "; form-action 'self'"}, nil
}

// hashSource is the CSP source that allows exactly this inline text.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// show writes a page. The form on it may lead to formTarget's origin too: Chromium applies form-action to the
// redirects that follow a form.
func (s *Server) show(w http.ResponseWriter, status int, name string, p page, formTarget string) {
	p.CSS, p.Script = s.pages.css, autoSubmit
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", s.pages.policy+originSource(formTarget))
	h.Set("Referrer-Policy", "same-origin") // no-referrer would make the form's Origin null
	w.WriteHeader(status)
	_ = s.pages.templates.ExecuteTemplate(w, name, p) // fails only if the client is gone
}

func originSource(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

func (s *Server) message(w http.ResponseWriter, status int, title, text string) {
	s.show(w, status, "message.html", page{Title: title, Text: text}, "")
}

func (s *Server) loginForm(w http.ResponseWriter, a authRequest, username, wrong string) {
	p := page{Title: "Sign in", Action: s.prefix() + "/login?" + a.params.Encode(), Username: username, Wrong: wrong}
	if username == "" {
		p.Username = a.params.Get("login_hint")
	}
	for _, u := range s.users {
		if u.Name == u.Password {
			p.Demo = append(p.Demo, u.Name)
		}
	}
	s.show(w, http.StatusOK, "login.html", p, a.redirectURI)
}

// formPost is the page of OAuth 2.0 Form Post Response Mode: it sends itself, or by its button.
func (s *Server) formPost(w http.ResponseWriter, uri string, v url.Values) {
	s.show(w, http.StatusOK, "form_post.html", page{Title: "Signed in", Action: uri, Fields: fields(v)}, uri)
}

func (s *Server) confirmLogout(w http.ResponseWriter, e endRequest, u User) {
	p := page{Title: "Sign out?", Username: u.Name, Action: s.prefix() + "/end_session", Fields: fields(e.params)}
	s.show(w, http.StatusOK, "logout.html", p, e.uri)
}

// home tells who is signed in.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	if ss, ok := s.current(r); ok {
		s.confirmLogout(w, endRequest{}, ss.user)
		return
	}
	s.message(w, http.StatusOK, "Demo identity provider", "Nobody is signed in here. Please start at the application.")
}

func fields(v url.Values) (out []field) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		for _, value := range v[name] {
			out = append(out, field{name, value})
		}
	}
	return out
}
