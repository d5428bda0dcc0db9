package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/tokens"
	"github.com/edgeauth/edgeauth/web"
	"github.com/edgeauth/edgeauth/web/wire"
)

// tree is what one configuration builds: handlers and the loops that belong to them. It is swapped as a whole.
type tree struct {
	cfg       *config.Config
	handler   http.Handler
	plain     http.Handler
	tls       *tls.Config
	certs     *certs.Manager
	providers map[string]*oidc.Provider
	roots     map[string]*x509.CertPool // that each provider is trusted by
	upstreams map[string]*proxy.Upstream
	watch     watch
	dry       *dryRun
	apps      []*proxy.Handler // of each origin
	hook      hookTarget

	governance *governance
}

// parts are what a tree is built from besides its configuration: the things that live as long as the process.
type parts struct {
	log     *slog.Logger
	audit   *audit.Log
	pages   *web.Pages
	metrics *admin.Metrics
	keys    func() *session.Ring
	replica *revocation.Replica
	fleet   *revocation.Fleet
	revoker login.Revoker
	once    login.Once
	vault   login.Vault
	history *history.History
	memory  memory

	index    *sessions.Index
	recorder *sessions.Recorder
	tokens   *tokens.Keeper
	governed governed
	open     *proxy.Exchanges
}

func (e *edge) parts() parts {
	return parts{
		log: e.log, audit: e.audit, pages: e.pages, metrics: e.metrics, keys: e.keys.Ring, replica: e.replica, fleet: e.fleet,
		revoker: countingRevoker{e.writer, e.metrics},
		once:    once{e.store}, vault: session.NewVault(e.keys.Ring, e.store, time.Now),
		history: newHistory(e, e.log), memory: e.memory,
		index: e.index, recorder: e.recorder, tokens: e.tokens, governed: e.governed(),
		open: e.open,
	}
}

// newTree builds everything that a configuration describes. It does no network and starts nothing, so that a broken
// configuration is found before anything is replaced. Certificates, providers and databases of places that the old tree (nil:
// none) holds for the same settings are taken over.
func newTree(cfg *config.Config, p parts, old *tree) (*tree, error) {
	t := &tree{cfg: cfg, providers: map[string]*oidc.Provider{}, roots: map[string]*x509.CertPool{}}
	var err error
	if old != nil && reflect.DeepEqual(certsConfig(old.cfg, p.log), certsConfig(cfg, p.log)) {
		t.certs = old.certs
	} else if t.certs, err = certs.New(certsConfig(cfg, p.log)); err != nil {
		return nil, err
	}
	t.tls = t.certs.TLSConfig()
	for _, c := range cfg.Providers {
		if err := t.addProvider(c, p.log, old); err != nil {
			return nil, fmt.Errorf("provider %s: %w", c.Name, err)
		}
	}
	if t.hook, err = newHookTarget(cfg.Telemetry.Audit.Webhook); err != nil {
		return nil, err
	}
	t.dry = newDryRun(cfg, p)
	if t.watch, err = newWatch(cfg, t, p, old); err != nil {
		return nil, err
	}
	routes, err := newRoutes(cfg, p.log)
	if err != nil {
		return nil, err
	}
	t.upstreams = routes.upstreams
	all, err := newSites(t, routes, p)
	if err != nil {
		return nil, err
	}
	access := web.AccessOptions{Log: p.log, Clients: web.NewClients(cfg.Server.TrustedProxies), Now: time.Now, Observe: p.observe, Pages: p.pages, Hello: wire.Hello}
	if t.governance, err = newGovernance(cfg, t, p); err != nil {
		return nil, err
	}
	t.plain = web.Access(access, t.certs.HTTPHandler(certs.Redirect(all.secureHosts())))
	access.Secure = all.secure
	t.handler = web.Access(access, all)
	return t, nil
}

// addProvider makes a provider, or takes the old tree's where nothing about it has changed: it has been read, and nobody who
// is logging in has to wait until it is read again.
func (t *tree) addProvider(c config.Provider, log *slog.Logger, old *tree) error {
	roots, err := rootsFrom(c.CAFile)
	if err != nil {
		return err
	}
	t.roots[c.Name] = roots
	if old != nil {
		before, known := old.cfg.Provider(c.Name)
		if known && reflect.DeepEqual(before, c) && roots.Equal(old.roots[c.Name]) {
			t.providers[c.Name] = old.providers[c.Name]
			return nil
		}
	}
	t.providers[c.Name], err = newProvider(c, roots, log)
	return err
}

func newProvider(c config.Provider, roots *x509.CertPool, log *slog.Logger) (*oidc.Provider, error) {
	backChannel := ""
	if c.BackChannelURL != nil {
		backChannel = c.BackChannelURL.String()
	}
	return oidc.New(oidc.Config{
		Name: c.Name, DisplayName: c.DisplayName, Issuer: c.Issuer, BackChannelURL: backChannel, ClientID: c.ClientID,
		ClientSecret: c.ClientSecret.Reveal(), ClientAuth: oidc.ClientAuth(c.ClientAuth), Scopes: c.Scopes,
		ResponseMode: string(c.ResponseMode), Userinfo: c.Userinfo, Claims: oidc.ClaimNames(c.Claims), Algorithms: c.Algorithms,
		RootCAs: roots, Proxy: c.Proxy, ExtraParams: c.ExtraParams, ClockSkew: c.ClockSkew, Logout: c.Logout, Now: time.Now, Log: log,
	})
}

// observe counts a request for the metrics.
func (p parts) observe(r *http.Request, rec *web.Record, status int, took time.Duration) {
	p.metrics.Request(rec.Route, r.Method, status, took.Seconds())
	if rec.Verdict != "" {
		p.metrics.Verdict(rec.Verdict, rec.Reason)
	}
}

// run keeps providers and places fresh until the context ends. Certificates have a loop of their own, because they may
// outlive a tree.
func (t *tree) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range t.providers {
		g.Go(func() error { return p.Run(ctx) })
	}
	if t.watch.places != nil {
		g.Go(func() error { return t.watch.places.Run(ctx) })
	}
	if t.governance.certs != nil {
		g.Go(func() error { return t.governance.certs.Run(ctx) })
	}
	return g.Wait()
}

// clockSkew is how far the clock of an issuer may be off; none for one that is no longer configured.
func (t *tree) clockSkew(issuer string) time.Duration {
	for _, p := range t.providers {
		if p.Issuer() == issuer {
			return p.ClockSkew()
		}
	}
	return 0
}

// retire closes the connections to applications that nobody uses any more, once another tree is in place.
func (t *tree) retire() {
	t.governance.end()
	for _, u := range t.upstreams {
		u.Close()
	}
}

// checkProviders: without any provider nobody new can log in, but sessions go on.
func (t *tree) checkProviders() (admin.State, string) {
	var bad []string
	for _, c := range t.cfg.Providers {
		if st := t.providers[c.Name].Status(); st.Err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", c.Name, st.Err))
		}
	}
	if len(bad) == 0 {
		return admin.Ready, ""
	}
	return admin.Degraded, strings.Join(bad, "; ")
}

func (t *tree) checkCerts() (admin.State, string) {
	var errs []error
	for _, h := range t.certs.Status() {
		if h.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", h.Host, h.Err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return admin.Degraded, err.Error()
	}
	return admin.Ready, ""
}

// levels translates the rules of the levels for policy.
func levels(c config.Levels) policy.Levels {
	out := policy.Levels{}
	for rank, l := range c.All() {
		out[identity.Level(l.Name)] = levelRule(rank, l)
	}
	return out
}

func levelRule(rank int, l *config.Level) policy.LevelRule {
	past := policy.PastDeny
	switch l.Past {
	case config.PastAllow:
		past = policy.PastAllow
	case config.PastDowngrade:
		past = policy.PastDowngrade
	}
	return policy.LevelRule{
		Rank: rank, MaxStaleness: l.MaxStaleness, Past: past, Blocks: l.Blocks, Lifetime: l.Lifetime, Idle: l.Idle, Hold: l.Hold,
		Proof: policy.Proof{ACR: l.ACR, AMR: l.AMR, MaxAge: l.MaxAge, NewAuthenticator: l.AllowNewAuthenticator},
	}
}
