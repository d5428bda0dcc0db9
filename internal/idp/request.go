package idp

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
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
	demand      factor.Demand
}

// requestError says why an authorization request is refused.
type requestError struct {
	code, description string
	private           bool // the redirect URI can't be trusted: tell the user, not the client (RFC 6749, 4.1.2.1)
}

func refuse(code, description string) *requestError {
	return &requestError{code: code, description: description}
}

// unmet is the error of "OpenID Connect Core Error Code unmet_authentication_requirements 1.0".
func unmet() *requestError {
	return refuse("unmet_authentication_requirements", "the authentication context that is essential can't be reached")
}

func private(description string) *requestError {
	return &requestError{code: "invalid_request", description: description, private: true}
}

// parseRequest reads an authorization request. The request it returns with an error serves to answer it.
func (s *Server) parseRequest(q url.Values) (authRequest, *requestError) {
	if edit := s.lies.Load().Request; edit != nil {
		q = maps.Clone(q)
		edit(q)
	}
	a := authRequest{params: q, mode: "query", state: q.Get("state"), nonce: q.Get("nonce"),
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
	return a, a.check(s.ladder(client))
}

// check looks at what can be wrong without the user being in danger.
func (a *authRequest) check(l factor.Ladder) *requestError {
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
	var err error
	a.demand, err = factor.Parse(q, l)
	switch {
	case errors.Is(err, factor.ErrUnmet):
		return unmet()
	case err != nil:
		return refuse("invalid_request", err.Error())
	}
	return nil
}
