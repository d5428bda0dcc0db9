package idp

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authRequest is an authorization request that was found good as far as its fields are filled in.
type authRequest struct {
	params      url.Values // as they arrived
	client      Client
	redirectURI string
	mode        string // query or form_post
	state       string
	nonce       string
	challenge   string // PKCE, S256
	scopes      []string
	prompt      string
	maxAge      time.Duration // negative: not asked for
}

// requestError says why an authorization request is refused.
type requestError struct {
	code, description string
	private           bool // the redirect URI can't be trusted: tell the user, not the client (RFC 6749, 4.1.2.1)
}

func refuse(code, description string) *requestError {
	return &requestError{code: code, description: description}
}

func private(description string) *requestError {
	return &requestError{code: "invalid_request", description: description, private: true}
}

// parseRequest reads an authorization request. The request it returns with an error serves to answer it.
func (s *Server) parseRequest(q url.Values) (authRequest, *requestError) {
	a := authRequest{params: q, mode: "query", state: q.Get("state"), nonce: q.Get("nonce"), maxAge: -1,
		redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"),
		scopes: strings.Fields(q.Get("scope")), prompt: q.Get("prompt")}
	for name, values := range q {
		if len(values) > 1 {
			return a, private("The parameter " + strconv.Quote(name) + " stands there twice.")
		}
	}
	s.mu.Lock()
	client, ok := s.clients[q.Get("client_id")]
	s.mu.Unlock()
	if !ok {
		return a, private("The application is not registered here.")
	}
	if !client.redirectsTo(a.redirectURI) {
		return a, private("The address to return to is not registered for this application.")
	}
	a.client = client
	if mode := q.Get("response_mode"); mode == "form_post" {
		a.mode = mode
	} else if mode != "" && mode != "query" {
		return a, refuse("invalid_request", "response_mode must be query or form_post")
	}
	return a, a.check()
}

// check looks at what can be wrong without the user being in danger.
func (a *authRequest) check() *requestError {
	q := a.params
	switch {
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type", "response_type must be code")
	case q.Has("request"):
		return refuse("request_not_supported", "request objects are not supported")
	case q.Has("request_uri"):
		return refuse("request_uri_not_supported", "request objects are not supported")
	case !slices.Contains(a.scopes, "openid"):
		return refuse("invalid_scope", "scope must contain openid")
	case q.Get("code_challenge_method") != "S256" || len(a.challenge) != 43:
		return refuse("invalid_request", "PKCE with S256 is required")
	case a.prompt != "" && a.prompt != "none" && a.prompt != "login":
		return refuse("invalid_request", "prompt must be none or login")
	}
	if q.Has("max_age") {
		seconds, err := strconv.ParseUint(q.Get("max_age"), 10, 31)
		if err != nil {
			return refuse("invalid_request", "max_age must be a number of seconds")
		}
		a.maxAge = time.Duration(seconds) * time.Second
	}
	return nil
}
