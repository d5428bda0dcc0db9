// Package page owns the HTML of the fake identity provider and the policy under which a browser shows it. It knows
// nothing of the protocol: it is told titles, texts, form targets and fields.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

//go:embed *.html style.css
var files embed.FS

// autoSubmit is the only script: it sends the form of FormPost. The page works without it.
const autoSubmit = "document.forms[0].submit()"

// Book is all pages, ready to be shown.
type Book struct {
	templates *template.Template
	css       template.CSS
	policy    string // Content-Security-Policy up to form-action's sources
}

// view is what the templates are given.
type view struct {
	CSS             template.CSS
	Script          template.JS
	Title, Text     string
	Action          string
	Username, Wrong string
	Code            string
	Demo            []string
	Fields          []field
}

type field struct{ Name, Value string }

// Load fails only if the templates in this package are broken.
func Load() (*Book, error) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		return nil, fmt.Errorf("reading the style: %w", err)
	}
	t, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the pages: %w", err)
	}
	return &Book{templates: t, css: template.CSS(css), policy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
		"style-src " + hashSource(string(css)) + "; script-src " + hashSource(autoSubmit) + "; form-action 'self'"}, nil
}

// hashSource is the CSP source that allows exactly this inline text.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Message is a page without a form.
func (b *Book) Message(w http.ResponseWriter, status int, title, text string) {
	b.show(w, status, "message.html", view{Title: title, Text: text}, "")
}

// FormPost is the page of OAuth 2.0 Form Post Response Mode: it sends itself, or by its button.
func (b *Book) FormPost(w http.ResponseWriter, uri string, values url.Values) {
	b.show(w, http.StatusOK, "form_post.html", view{Title: "Signed in", Action: uri, Fields: fields(values)}, uri)
}

// Logout asks whether to sign out; the answer is sent to action with the values and confirm=yes and may lead to next.
func (b *Book) Logout(w http.ResponseWriter, action, next, username string, values url.Values) {
	v := view{Title: "Sign out?", Username: username, Action: action, Fields: fields(values)}
	b.show(w, http.StatusOK, "logout.html", v, next)
}

// show writes a page. The form on it may lead to next's origin too: Chromium applies form-action to the redirects that
// follow a form.
func (b *Book) show(w http.ResponseWriter, status int, name string, v view, next string) {
	v.CSS, v.Script = b.css, autoSubmit
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", b.policy+originSource(next))
	h.Set("Referrer-Policy", "same-origin") // no-referrer would make the form's Origin null
	w.WriteHeader(status)
	_ = b.templates.ExecuteTemplate(w, name, v) // fails only if the client is gone
}

func originSource(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

func fields(v url.Values) (out []field) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		for _, value := range v[name] {
			out = append(out, field{name, value})
		}
	}
	return out
}
