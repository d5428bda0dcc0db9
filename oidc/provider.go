package oidc

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/backchannel"
	"github.com/edgeauth/edgeauth/oidc/internal/jwks"
	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

// Provider is one OpenID provider as its relying party sees it. It is safe for concurrent use. Until Run has read the
// discovery document, its methods that need one return errors of KindUnavailable.
type Provider struct {
	config  Config
	channel *backchannel.Client
	keys    *jwks.Set

	mu       sync.RWMutex       // guards the two fields below
	document *metadata.Document // nil until discovered; never changed once set, only replaced
	status   Status
}

// Status is how a provider is doing, for the readiness page and metrics.
type Status struct {
	Ready bool      // logins can begin: a discovery document is there, and the provider answered when last asked
	Err   error     // why the last reading of document or keys did not work, nil if it did
	Since time.Time // since when Ready and the presence of Err have been as they are
}

// New checks the configuration and makes a provider of it, without any network. Its error is of KindConfig.
func New(config Config) (*Provider, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, &Error{Kind: KindConfig, Op: fmt.Sprintf("setting up provider %q", config.Name), Err: err}
	}
	channel, err := backchannel.New(backchannel.Config{
		Issuer: config.Issuer, Origin: config.BackChannelURL, RootCAs: config.RootCAs, Proxy: config.Proxy})
	if err != nil {
		return nil, &Error{Kind: KindConfig, Op: fmt.Sprintf("setting up provider %q", config.Name), Err: err}
	}
	p := &Provider{config: config, channel: channel}
	p.keys = jwks.New(jwks.Config{Algorithms: config.Algorithms, Fetch: p.fetchKeys, Now: config.Now, Log: config.Log})
	p.status = Status{Err: errNotDiscovered, Since: config.Now()}
	return p, nil
}

// Name is how the operator calls the provider.
func (p *Provider) Name() string { return p.config.Name }

// DisplayName is how pages call the provider.
func (p *Provider) DisplayName() string { return p.config.DisplayName }

// Issuer is the provider's exact issuer identifier.
func (p *Provider) Issuer() string { return p.config.Issuer }

// ClientID is this client's id at the provider.
func (p *Provider) ClientID() string { return p.config.ClientID }

// ResponseMode is "query" or "form_post".
func (p *Provider) ResponseMode() string { return p.config.ResponseMode }

// ClockSkew is how far the provider's clock may be off.
func (p *Provider) ClockSkew() time.Duration { return p.config.ClockSkew }

// Status reports how the provider is doing.
func (p *Provider) Status() Status {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.status
}

// discovered returns the document in force, or an error of KindUnavailable.
func (p *Provider) discovered(op string) (*metadata.Document, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.document == nil {
		return nil, &Error{Kind: KindUnavailable, Op: op, Err: p.status.Err}
	}
	return p.document, nil
}

// beginning returns the document in force for a login that begins now. Where there is none, or the provider did not answer
// when it was last asked, the browser would meet an error that is not ours to explain: the error is of KindUnavailable, and
// of KindConfig where it will not pass by itself, because the provider is not the one that was configured.
func (p *Provider) beginning(op string) (*metadata.Document, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.status.Ready {
		return p.document, nil
	}
	kind := KindUnavailable
	if errors.Is(p.status.Err, metadata.ErrIssuer) {
		kind = KindConfig
	}
	return nil, &Error{Kind: kind, Op: op, Err: p.status.Err}
}
