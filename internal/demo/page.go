// Package demo holds the two sample backends of `edgeauth demo`: pages that show which identity arrived, at which security
// level and from where, and an API with JSON, server-sent events, a WebSocket, an upload and a download. They are ordinary
// applications behind an edge: the package knows the names of a few headers and links, imports nothing of edgeauth's
// product, and checks nothing, because showing what came is its purpose.
package demo

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

//go:embed pages
var files embed.FS

// pair is one line of a table.
type pair struct{ Name, Value string }

// view is what the templates are given.
type view struct {
	CSS                     template.CSS
	Greeting, Method, Path  string
	Query, RequestID        string
	Identity, Cookies, Rest []pair
	Token                   *token
	Level                   *level // nil: nothing was said of one
	Where                   *where // nil: not in any of the demo's places
}

// token is an assertion as people read it.
type token struct {
	Name, Header, Claims string
	claims               map[string]any
}

// Page is the sample pages: the first one with the security level and, for who comes from one of the demo's places, a choice
// of others; /vault/, which is meant for a route of the class sensitive; /try, where the WebSocket and the events can be
// tried, with /try.js; and one that shows what arrived, for every other path. It fails only if the templates in this
// package are broken.
func Page() (http.Handler, error) {
	t, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the demo pages: %w", err)
	}
	css, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("reading the demo style: %w", err)
	}
	p := page{t, template.CSS(css), policy(string(css))}
	mux := http.NewServeMux()
	mux.HandleFunc("/", p.show("page.html"))
	mux.HandleFunc("/{$}", p.show("front.html"))
	mux.HandleFunc("/vault/", p.show("vault.html"))
	mux.HandleFunc("/try", p.show("try.html"))
	mux.HandleFunc("/try.js", script)
	return mux, nil
}

type page struct {
	templates *template.Template
	css       template.CSS
	policy    string
}

// policy allows the inline style, and scripts and forms of our own origin, nothing else. Browsers follow a form's redirects only
// where the policy lets forms go, and choosing a place can end at the login of the demo's provider, which is on localhost.
func policy(css string) string {
	sum := sha256.Sum256([]byte(css))
	return "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http://localhost:*; script-src 'self'; " +
		"connect-src 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (p page) show(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", p.policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		v := viewOf(r)
		v.CSS = p.css
		_ = p.templates.ExecuteTemplate(w, name, v) // fails only if the client is gone
	}
}

func script(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, files, "pages/try.js")
}

func viewOf(r *http.Request) view {
	v := view{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, RequestID: r.Header.Get("X-Request-Id"),
		Greeting: cmp.Or(r.Header.Get("X-Auth-Name"), r.Header.Get("X-Auth-User"))}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			v.sort(name, value)
		}
	}
	now := time.Now()
	v.Level, v.Where = levelOf(r.Header.Get("X-Auth-Level"), v.Token, now), whereOf(r.Header.Get("X-Forwarded-For"), now)
	for _, c := range r.Cookies() {
		v.Cookies = append(v.Cookies, pair{c.Name, c.Value})
	}
	return v
}

// sort puts a header where it is shown.
func (v *view) sort(name, value string) {
	if t, ok := decode(name, value); ok {
		v.Token = t
	}
	switch {
	case strings.HasPrefix(name, "X-Auth-"):
		v.Identity = append(v.Identity, pair{name, value})
	case name != "Cookie":
		v.Rest = append(v.Rest, pair{name, value})
	}
}

// decode reads a header that holds a JWT, with or without "Bearer ". The signature is for the reader to check.
func decode(name, value string) (*token, bool) {
	header, claims, err := jose.Decode(strings.TrimPrefix(value, "Bearer "))
	if err != nil || claims == nil {
		return nil, false
	}
	return &token{name, indented(header), indented(claims), claims}, true
}

func indented(v map[string]any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}
