// Package classicasp is a backend that reads its requests as a classic ASP application does: headers through
// Request.ServerVariables("HTTP_…"), where many spellings of a name become one, and paths as IIS takes them. It is what
// the attack tests try to fool, so it believes everything and remembers every byte. It knows nothing of edgeauth except
// the name of the variable from which it takes its user.
package classicasp

import (
	"cmp"
	"html"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// UserVariable is where the application finds its user.
const UserVariable = "HTTP_X_AUTH_USER"

// Hit is one request that reached the application.
type Hit struct {
	Method, Target string
	Head           string            // request line and headers, byte by byte; "" where an http.Server read them
	Headers        []Header          // in the order of arrival
	Trailers       []Header          // of a chunked body
	Variables      map[string]string // by the application's rule
	Body           []byte
}

// User is whom the application takes the request for, "" for nobody.
func (h Hit) User() string { return h.Variables[UserVariable] }

// Path is the target's path as IIS takes it.
func (h Hit) Path() string { return IISPath(h.Target) }

// App is the application. As an http.Handler it sees what net/http leaves of a request: spellings of one name come in
// alphabetical order, and the raw head is lost. Serve shows it the wire.
type App struct {
	rule Rule

	mu   sync.Mutex // guards hits
	hits []Hit
}

// New returns an application that treats colliding headers by rule.
func New(rule Rule) *App { return &App{rule: rule} }

// Hits returns the requests that arrived, oldest first.
func (a *App) Hits() []Hit {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.hits)
}

func (a *App) add(h Hit) Hit {
	h.Variables = Variables(h.Headers, a.rule)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hits = append(a.hits, h)
	return h
}

// ServeHTTP implements http.Handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := Hit{Method: r.Method, Target: r.RequestURI, Headers: []Header{{"Host", r.Host}}}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			h.Headers = append(h.Headers, Header{name, value})
		}
	}
	var err error
	if h.Body, err = readBody(r.Body); err != nil {
		http.Error(w, "The request broke off.", http.StatusBadRequest)
		return
	}
	for name, values := range r.Trailer {
		for _, value := range values {
			h.Trailers = append(h.Trailers, Header{name, value})
		}
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(a.answer(h)) // fails only if the client is gone
}

const contentType = "text/html; charset=utf-8"

// answer remembers a request and returns the page.
func (a *App) answer(h Hit) []byte {
	h = a.add(h)
	user := cmp.Or(h.User(), "nobody")
	return []byte("<!doctype html>\n<title>default.asp</title>\n<h1>Hello, " + html.EscapeString(user) + "</h1>\n<pre>" +
		html.EscapeString(AllRaw(h.Headers)) + "</pre>\n")
}
