package idp

import (
	"net/http"
	"net/url"
)

// Lies are the ways in which the provider misbehaves. Every hook is optional; nil is honest. Hooks are called by
// several goroutines at once where requests are.
type Lies struct {
	// Down closes every connection without an answer.
	Down bool

	// Discovery edits the discovery document.
	Discovery func(doc map[string]any)

	// These replace an endpoint's whole answer. The request's form has been parsed and its body can be read again.
	DiscoveryRaw, JWKSRaw, TokenRaw, UserinfoRaw, RevokeRaw http.HandlerFunc

	// BeforeToken is called with each request of an authenticated client to the token endpoint, before the code or refresh token is
	// looked at: it may take its time.
	BeforeToken func(r *http.Request)

	// AfterToken is called once the code or refresh token is spent. If it returns true the connection is closed without an
	// answer, and nobody has the tokens.
	AfterToken func(r *http.Request) bool

	// JWKS edits the keys that are published.
	JWKS func(keys []map[string]any) []map[string]any

	// IDToken edits header and claims before they are signed, at login and at refresh. What is signed follows from the
	// header: see Server.Sign.
	IDToken func(header, claims map[string]any)

	// SignIDToken replaces the signing altogether, after IDToken: see Server.Key and package jose.
	SignIDToken func(s *Server, header, claims map[string]any) string

	// TokenResponse edits a successful answer of the token endpoint.
	TokenResponse func(resp map[string]any)

	// Request edits the authorization request before it is read, as a user does who edits the address: without acr_values,
	// claims, max_age and prompt the provider is content with whatever the session has.
	Request func(q url.Values)

	// Authorize edits the authorization response (code, state, iss, error; several values are possible) for the
	// authorization request q.
	Authorize func(q, redirect url.Values)

	// Userinfo replaces the userinfo answer with the JSON of what it returns; a json.RawMessage goes out as it is.
	Userinfo func(claims map[string]any) any

	// EndSession edits the parameters with which the browser is sent back after logout, for the request q.
	EndSession func(q, redirect url.Values)
}

// Lie replaces the whole set of lies at once; the zero Lies makes the provider honest again.
func (s *Server) Lie(l Lies) { s.lies.Store(&l) }

// raw is the replacement of an endpoint's whole answer, nil for none.
func (l *Lies) raw(endpoint string) http.HandlerFunc {
	switch endpoint {
	case Discovery:
		return l.DiscoveryRaw
	case JWKS:
		return l.JWKSRaw
	case Token:
		return l.TokenRaw
	case Userinfo:
		return l.UserinfoRaw
	case Revoke:
		return l.RevokeRaw
	}
	return nil
}
