package certs

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// challengePath is where a CA looks for the answer to an HTTP-01 challenge (RFC 8555, 8.3).
const challengePath = "/.well-known/acme-challenge/"

// httpHandler answers live challenges and lets nothing else through under challengePath: not an unknown token, not a
// dot segment, plain or encoded. Only a request for a configured host reaches certmagic, which compares the whole token.
func (s *acmeSource) httpHandler(next http.Handler) http.Handler {
	token := regexp.MustCompile(`^[A-Za-z0-9_-]+$`) // base64url, as RFC 8555, 8.3 wants
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ours := strings.CutPrefix(r.URL.Path, challengePath)
		if !ours {
			next.ServeHTTP(w, r)
			return
		}
		e := s.engine.Load()
		plain := r.Method == http.MethodGet && r.URL.RawPath == "" && token.MatchString(rest)
		if e == nil || !plain || !slices.Contains(s.hosts, hostname(r.Host)) || !e.issuer.HandleHTTPChallenge(w, r) {
			http.NotFound(w, r)
		}
	})
}
