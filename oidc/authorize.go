package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// AuthRequest is what one authorization request asks for. It does not print.
type AuthRequest struct {
	RedirectURI string
	State       string
	Nonce       string
	Verifier    string // PKCE code verifier (RFC 7636, 4.1): 43 to 128 unreserved characters
	LoginHint   string
	Prompt      string
	ACRValues   []string
	MaxAge      *time.Duration // in whole seconds; nil: not asked
	Claims      bool           // ask for ACRValues by the claims parameter too, as a voluntary claim
}

// Format implements fmt.Formatter for every verb: state, nonce and verifier are secrets of the flow.
func (r AuthRequest) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "authorization request for %q", r.RedirectURI)
}

// AuthorizeURL is where the browser is sent (OpenID Connect Core 1.0, 3.1.2.1). Each parameter stands in it exactly once;
// PKCE with S256 is always part of it. Without a discovery document, or while the provider does not answer Run, the error
// is of KindUnavailable, or of KindConfig if the document is another issuer's. No network.
func (p *Provider) AuthorizeURL(_ context.Context, r AuthRequest) (string, error) {
	const op = "beginning login"
	doc, err := p.beginning(op)
	if err != nil {
		return "", err
	}
	if err := r.check(); err != nil {
		return "", &Error{Kind: KindConfig, Op: op, Err: err}
	}
	own, err := r.params(p.config.ResponseMode)
	if err != nil {
		return "", &Error{Kind: KindConfig, Op: op, Err: err}
	}
	client := oauth2.Config{ClientID: p.config.ClientID, RedirectURL: r.RedirectURI, Scopes: p.config.Scopes}
	// The endpoint's own query goes first, so that nothing in it can stand beside or replace a parameter of ours.
	options := append(setAll(doc.AuthorizeQuery), setAll(p.config.ExtraParams)...)
	options = append(options, setAll(own)...)
	options = append(options, oauth2.S256ChallengeOption(r.Verifier),
		oauth2.SetAuthURLParam("response_type", "code"), oauth2.SetAuthURLParam("client_id", p.config.ClientID),
		oauth2.SetAuthURLParam("redirect_uri", r.RedirectURI), oauth2.SetAuthURLParam("scope", strings.Join(p.config.Scopes, " ")))
	client.Endpoint.AuthURL = doc.Authorize
	return client.AuthCodeURL(r.State, options...), nil
}

func setAll(params map[string]string) (options []oauth2.AuthCodeOption) {
	for name, value := range params {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return options
}

func (r AuthRequest) check() error {
	u, err := url.Parse(r.RedirectURI)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("redirect URI %q is not absolute", r.RedirectURI)
	case r.State == "" || r.Nonce == "":
		return fmt.Errorf("state and nonce are both needed")
	case len(r.Verifier) < 43 || len(r.Verifier) > 128 || strings.Trim(r.Verifier, unreserved) != "":
		return fmt.Errorf("the PKCE verifier is not 43 to 128 unreserved characters")
	case r.MaxAge != nil && *r.MaxAge < 0:
		return fmt.Errorf("max_age %v is negative", *r.MaxAge)
	}
	return nil
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// params are the parameters that depend on the request and are not the same for all.
func (r AuthRequest) params(responseMode string) (map[string]string, error) {
	params := map[string]string{"nonce": r.Nonce, "state": r.State}
	set := func(name, value string) {
		if value != "" {
			params[name] = value
		}
	}
	set("login_hint", r.LoginHint)
	set("prompt", r.Prompt)
	set("acr_values", strings.Join(r.ACRValues, " "))
	if responseMode != "query" { // "query" is the default of the code flow
		set("response_mode", responseMode)
	}
	if r.MaxAge != nil {
		set("max_age", strconv.FormatInt(int64(*r.MaxAge/time.Second), 10))
	}
	if r.Claims && len(r.ACRValues) > 0 {
		claims, err := voluntaryACR(r.ACRValues)
		if err != nil {
			return nil, err
		}
		set("claims", claims)
	}
	return params, nil
}

// voluntaryACR is the claims parameter of OpenID Connect Core 1.0, 5.5.1.1. It does not call the acr essential: what comes
// back is judged anyway, and Keycloak answers an essential value that it does not know with an error page of its own, from
// which no way leads back here.
func voluntaryACR(values []string) (string, error) {
	type member map[string]any
	text, err := json.Marshal(member{"id_token": member{"acr": member{"values": values}}})
	if err != nil {
		return "", fmt.Errorf("writing the claims parameter: %w", err)
	}
	return string(text), nil
}

// CheckIssuer judges the iss parameters of an authorization response, success or error alike (RFC 9207, 2.4): at most
// one, equal to the provider's issuer, and present if the provider says that it sends one. It comes before the code is spent.
func (p *Provider) CheckIssuer(iss []string) error {
	const op = "checking who answered"
	switch {
	case len(iss) > 1:
		return invalid(op, "the response names %d issuers", len(iss))
	case len(iss) == 1 && iss[0] != p.config.Issuer:
		return invalid(op, "the response is from issuer %.100q, not from %q", iss[0], p.config.Issuer)
	case len(iss) == 1:
		return nil
	}
	doc, err := p.discovered(op)
	if err != nil {
		return err
	}
	if doc.SendsIssuer {
		return invalid(op, "the response has no iss, though the provider says that it always sends it")
	}
	return nil
}
