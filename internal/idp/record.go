package idp

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// maxRecorded bounds what a provider that runs for long remembers; the counts go on.
const maxRecorded = 4096

// Request is one request that arrived, secrets included.
type Request struct {
	Endpoint string // one of the endpoint names of this package
	Method   string
	Path     string
	Query    url.Values // of the URL alone
	Form     url.Values // of a form-encoded body alone
	Header   http.Header
}

// recorder remembers requests. The zero value is ready.
type recorder struct {
	mu       sync.Mutex // guards all below
	requests []Request
	counts   map[string]int
}

func (l *recorder) add(endpoint string, r *http.Request) {
	req := Request{Endpoint: endpoint, Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(),
		Form: maps.Clone(r.PostForm), Header: r.Header.Clone()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	l.counts[endpoint]++
	if len(l.requests) == maxRecorded {
		l.requests = slices.Delete(l.requests, 0, maxRecorded/2)
	}
	l.requests = append(l.requests, req)
}

// Requests returns what arrived, oldest first; of more than 4096 requests only the later ones.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.requests)
}

// Count is the number of requests that an endpoint received since the provider started, lies included.
func (s *Server) Count(endpoint string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.counts[endpoint]
}
