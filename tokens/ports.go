package tokens

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Vault keeps the tokens of sessions. Every error means that the store could not be asked.
type Vault interface {
	Get(ctx context.Context, s *session.Session) (kept session.Kept, found bool, err error)
	// Swap replaces a record if it is still the one that was seen.
	Swap(ctx context.Context, s *session.Session, seen session.Kept, t session.Tokens) (now session.Kept, swapped bool, err error)
	Delete(ctx context.Context, s *session.Session) error
}

// Leases let one edge at a time do something. Every error means that the store could not be asked.
type Leases interface {
	Acquire(ctx context.Context, key string, holder []byte, ttl time.Duration) (held bool, err error)
	Renew(ctx context.Context, key string, holder []byte, ttl time.Duration) (held bool, err error)
	Release(ctx context.Context, key string, holder []byte) error
}

// Provider is where tokens come from. Its errors are those of package oidc.
type Provider interface {
	Refresh(ctx context.Context, r oidc.Refresh) (*oidc.Refreshed, error)
	Revoke(ctx context.Context, refreshToken oidc.Token) error
}

// Log is this edge's copy of the revocation log.
type Log interface {
	Standing(*revocation.Names) revocation.Standing
}

// Revoker writes to the log. What it was given acts on this edge at once.
type Revoker interface {
	Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error)
}

// Terms are those on which a provider's sessions live.
type Terms struct {
	Name       string // of the provider in the configuration
	Provider   Provider
	Revalidate time.Duration // how often it is asked about a session that nobody needs a token of; 0: never
}

// Options are what a Keeper works with. Every field is needed but Observe and Size.
type Options struct {
	Vault   Vault
	Leases  Leases
	Log     Log
	Revoker Revoker
	Audit   *audit.Log
	// Terms are those of an issuer's client; an empty client is the one of that issuer's that is asked most often about its sessions.
	// False: it is no longer configured.
	Terms   func(issuer, client string) (Terms, bool)
	Observe func(provider string, o Outcome) // of each flight; must not block
	Now     func() time.Time
	Size    int // sessions to remember; 0: 20,000
}

// Outcome is how a flight ended, as metrics count it.
type Outcome string

// The outcomes. Of these, Refused and OtherLogin end the session.
const (
	Found       Outcome = "found" // the vault's record needs no refresh
	Refreshed   Outcome = "refreshed"
	Shared      Outcome = "shared"            // another edge was faster
	Refused     Outcome = "refused"           // the provider no longer takes the token
	OtherLogin  Outcome = "other_login"       // it answered with another login's ID token
	Unavailable Outcome = "unavailable"       // it could not be asked, or its answer had no form
	Config      Outcome = "config"            // it does not know this client
	Invalid     Outcome = "invalid"           // its answer failed a check
	NoStore     Outcome = "store_unavailable" // the store could not be asked
	Busy        Outcome = "busy"              // another edge had the lease for too long
	None        Outcome = "none"              // there is no refresh token
	Gone        Outcome = "gone"              // there is no record: none was kept, or the store has lost it
	Superseded  Outcome = "superseded"        // the session ended, or stepped up, meanwhile
)

// Outcomes are all of them.
func Outcomes() []Outcome {
	return []Outcome{Found, Refreshed, Shared, Refused, OtherLogin, Unavailable, Config, Invalid, NoStore, Busy, None, Gone, Superseded}
}
