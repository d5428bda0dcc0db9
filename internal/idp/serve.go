package idp

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// The endpoints by the names under which requests are recorded and counted.
const (
	Home       = "home"
	Discovery  = "discovery"
	Authorize  = "authorize"
	Token      = "token"
	JWKS       = "jwks"
	Userinfo   = "userinfo"
	EndSession = "end_session"
	Revoke     = "revoke"
	Other      = "other" // no endpoint of ours: 404

	// Where the pages post to.
	Login       = "login"
	Code        = "code"
	Fingerprint = "fingerprint"
)

// maxBody is the number of bytes of a request that are read.
const maxBody = 1 << 20

// endpointOf maps a path below the issuer to the endpoint's name.
func endpointOf(path string) string {
	switch path {
	case "", "/":
		return Home
	case "/.well-known/openid-configuration":
		return Discovery
	case "/authorize", "/login", "/code", "/fingerprint", "/token", "/jwks", "/userinfo", "/end_session", "/revoke":
		return path[1:]
	}
	return Other
}

// ServeHTTP implements http.Handler. Every request is recorded before it is answered, whatever the answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := endpointOf(strings.TrimPrefix(r.URL.Path, s.prefix()))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, "The request could not be read.", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_ = r.ParseForm() // what can't be parsed is refused later as a missing parameter
	s.log.add(name, r)
	lies := s.lies.Load()
	if lies.Down {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	if raw := lies.raw(name); raw != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		raw(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.handler(name)(w, r)
}

func (s *Server) handler(name string) http.HandlerFunc {
	switch name {
	case Home:
		return s.home
	case Discovery:
		return s.discovery
	case Authorize:
		return s.authorize
	case Login:
		return sameOrigin(s.page(s.login))
	case Code:
		return sameOrigin(s.page(s.proven(s.code)))
	case Fingerprint:
		return sameOrigin(s.page(s.proven(s.fingerprint)))
	case Token:
		return s.token
	case JWKS:
		return s.jwks
	case Userinfo:
		return s.userinfo
	case EndSession:
		return s.endSession
	case Revoke:
		return s.revoke
	}
	return http.NotFound
}

// sameOrigin refuses a form that another site sent; a client that is no browser passes.
func sameOrigin(h http.HandlerFunc) http.HandlerFunc {
	return http.NewCrossOriginProtection().Handler(h).ServeHTTP
}

// writeJSON answers with v. json.RawMessage goes out as it is, so that lies may be no JSON at all.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, ok := v.(json.RawMessage)
	if !ok {
		var err error
		if b, err = json.Marshal(v); err != nil {
			http.Error(w, "The answer has no JSON form.", http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // nobody is left to tell
}

// oauthError is an error of RFC 6749, 5.2.
func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]any{"error": code, "error_description": description})
}
