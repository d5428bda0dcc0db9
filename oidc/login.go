package oidc

import (
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Redemption is what a callback brings and what its flow remembered. It does not print.
type Redemption struct {
	Code        string
	Verifier    string         // PKCE code verifier of the flow
	Nonce       string         // nonce of the flow; required
	RedirectURI string         // the one that the authorization request named
	MaxAge      *time.Duration // the one that was asked; not nil: auth_time must be present
}

// Format implements fmt.Formatter for every verb: code, verifier and nonce are secrets of the flow.
func (r Redemption) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "redemption for %q", r.RedirectURI) }

// Login is someone whom the provider has authenticated. All of it passed the checks of this package; all strings are
// free of control characters.
type Login struct {
	Subject    identity.Subject
	IdPSession identity.IdPSession // SID is empty when the provider named none
	Assurance  identity.Assurance  // as the ID token says, whatever was asked: the caller compares

	Username      string // empty: the provider gave none; so for Name, Email and Groups
	Name          string
	Email         string
	EmailVerified bool
	Groups        []string // sorted, each once

	// Claims are the merged claims of ID token and userinfo for route rules. Values are string, bool, int64, float64 or
	// []string; what has another shape or holds control characters is left out. The map is the caller's.
	Claims map[string]any

	AccessToken   Token
	AccessExpires time.Time // see Refreshed
	RefreshToken  Token     // empty: the provider gave none
	Scope         string    // of the access token; empty: what was asked for

	IDToken  Token
	IssuedAt time.Time // of the ID token
	Expires  time.Time // of the ID token
}
