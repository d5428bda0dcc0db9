package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/session"
)

// routeSet is what all sites share: the routes of the configuration with their upstreams, and what of groups and claims
// the routes ask about.
type routeSet struct {
	routes    []config.Route
	upstreams map[string]*proxy.Upstream
	levels    policy.Levels
	groups    []string
	claims    []string
	selection policy.Selection

	expressions []expressions // of the routes, in their order
}

// expressions are those of one route.
type expressions struct{ allow, when *policy.Expression }

func newRoutes(cfg *config.Config, log *slog.Logger) (routeSet, error) {
	rs := routeSet{routes: cfg.Routes, upstreams: map[string]*proxy.Upstream{}, levels: levels(cfg.Levels)}
	for _, c := range cfg.Upstreams {
		u, err := newUpstream(c, log)
		if err != nil {
			return routeSet{}, fmt.Errorf("upstream %s: %w", c.Name, err)
		}
		rs.upstreams[c.Name] = u
	}
	var err error
	if rs.expressions, err = compiled(cfg); err != nil {
		return routeSet{}, err
	}
	var asked []*policy.Route
	for i, r := range cfg.Routes {
		e := rs.expressions[i]
		asked = append(asked, &policy.Route{Groups: r.Groups, Claims: claimRules(r.Claims), Allow: e.allow, When: e.when})
	}
	for _, e := range cfg.Risk.Exceptions { // for whom they are is asked of sessions that move, too
		asked = append(asked, &policy.Route{Groups: e.Groups})
	}
	rs.groups, rs.claims, rs.selection = policy.Select(asked)
	return rs, nil
}

// compiled compiles the routes' expressions, which reading the configuration has checked.
func compiled(cfg *config.Config) ([]expressions, error) {
	out := make([]expressions, len(cfg.Routes))
	if !slices.ContainsFunc(cfg.Routes, func(r config.Route) bool { return r.Allow != "" || r.When != "" }) {
		return out, nil
	}
	c, err := cfg.NewCompiler()
	if err != nil {
		return nil, err
	}
	for i, r := range cfg.Routes {
		allow, err := compile(c, r.Allow)
		if err != nil {
			return nil, fmt.Errorf("routes[%d].allow: %w", i, err)
		}
		when, err := compile(c, r.When)
		if err != nil {
			return nil, fmt.Errorf("routes[%d].when: %w", i, err)
		}
		out[i] = expressions{allow, when}
	}
	return out, nil
}

// compile returns nil for no text.
func compile(c *policy.Compiler, text string) (*policy.Expression, error) {
	if text == "" {
		return nil, nil
	}
	return c.Compile(text)
}

func newUpstream(c config.Upstream, log *slog.Logger) (*proxy.Upstream, error) {
	roots, err := rootsFrom(c.CAFile)
	if err != nil {
		return nil, err
	}
	header := ""
	if c.Assertion.Enabled {
		header = c.Assertion.Header
	}
	protocol := map[config.Protocol]proxy.Protocol{
		config.ProtocolAuto: proxy.Auto, config.ProtocolHTTP1: proxy.HTTP1, config.ProtocolH2: proxy.H2, config.ProtocolH2C: proxy.H2C,
	}[c.Protocol]
	return proxy.NewUpstream(proxy.UpstreamConfig{
		Name: c.Name, Address: c.Addresses[0], Protocol: protocol, RewriteHost: c.Host == config.HostUpstream, Roots: roots, IIS: c.IIS,
		Headers:         proxy.IdentityHeaders(c.Headers),
		AssertionHeader: header, AssertionAudience: cmp.Or(c.Assertion.Audience, c.Name),
		AccessToken:    proxy.AccessTokenHeader{Name: c.AccessToken.Header, Scheme: c.AccessToken.Scheme},
		ConnectTimeout: c.ConnectTimeout, ResponseTimeout: c.ResponseTimeout, IdleTimeout: c.IdleTimeout, Log: log,
	})
}

// newSite builds what one public origin serves: the endpoints below /.edgeauth/ and the applications.
func newSite(t *tree, host config.Host, rs routeSet, p parts) (http.Handler, error) {
	cookies := session.NewCookies(session.CookieOptions{
		Keys: p.keys, Host: host.URL.Host, Secure: !host.PlainLoopback(), FormPost: usesFormPost(providersAt(host, t.cfg)),
		DeviceLifetime: t.cfg.Session.DeviceLifetime, Now: time.Now,
	})
	apps, err := proxy.New(proxy.Options{
		Origin: host.URL, Cookies: cookies, Keys: p.keys, Replica: p.replica, Routes: rs.of(host, t),
		Upstreams: slices.Collect(maps.Values(rs.upstreams)), Idle: t.cfg.Session.Idle, Pages: p.pages, Audit: p.audit, Now: time.Now,
		Levels: rs.levels, ClockSkew: t.clockSkew, Watch: t.watch.moves(), Revoker: p.revoker,
		Tokens:    lender{p.tokens},
		Candidate: t.dry.requests(host, rs), Roster: roster{p.index, p.recorder, t},
		Exchanges: p.open,
	})
	if err != nil {
		return nil, err
	}
	t.apps = append(t.apps, apps)
	own, err := newLogin(t, host, cookies, rs, p)
	if err != nil {
		return nil, err
	}
	return split(own, proxy.JWKS(p.keys, time.Now), apps), nil
}

// split sends the edge's own endpoints to own and keys, everything else to the applications. Other spellings of the
// prefix go to the applications' handler, which refuses them.
func split(own, keys, apps http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case path == login.Prefix+"jwks.json":
			keys.ServeHTTP(w, r)
		case strings.HasPrefix(path, login.Prefix) && own != nil:
			own.ServeHTTP(w, r)
		default:
			apps.ServeHTTP(w, r)
		}
	})
}

// newLogin builds the login endpoints of an origin; nil where there is no provider, because all is public.
func newLogin(t *tree, host config.Host, cookies *session.Cookies, rs routeSet, p parts) (http.Handler, error) {
	var providers []*oidc.Provider
	for _, c := range providersAt(host, t.cfg) {
		providers = append(providers, t.providers[c.Name])
	}
	if len(providers) == 0 {
		return nil, nil
	}
	var all []*oidc.Provider
	for _, c := range t.cfg.Providers {
		all = append(all, t.providers[c.Name])
	}
	s, err := login.New(login.Options{
		Origin: host.Origin(), Providers: providers, Heard: all, Default: host.Provider, Cookies: cookies, Pages: p.pages, Audit: p.audit,
		Log: p.replica, Revoker: p.revoker, Staleness: p.replica.Staleness, Lead: p.fleet.Lead, Once: p.once, Vault: p.vault, Levels: rs.levels,
		Proofs: rs.proofs(), Risk: t.watch.risk(), Enrolled: t.watch, Roster: roster{p.index, p.recorder, t}, KeepGroups: rs.groups, KeepClaims: rs.claims, Selection: rs.selection,
		Lifetime: t.cfg.Session.Lifetime, Idle: t.cfg.Session.Idle, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	return s.Handler(), nil
}

// of translates the routes that belong to a host.
func (rs routeSet) of(host config.Host, t *tree) []proxy.RouteConfig {
	var out []proxy.RouteConfig
	for i, r := range rs.routes {
		if !at(r, host) {
			continue
		}
		provider := cmp.Or(r.Provider, host.Provider)
		issuer := ""
		if p, ok := t.cfg.Provider(provider); ok {
			issuer = p.Issuer
		}
		out = append(out, proxy.RouteConfig{
			Name: r.Name, Path: r.Path, Exact: r.Exact, Methods: r.Methods, Upstream: rs.upstreams[r.Upstream], StripPrefix: r.StripPrefix,
			Policy: policy.Route{
				Public: r.Public, Issuer: issuer, Groups: r.Groups, Claims: claimRules(r.Claims), Emails: r.Emails,
				Classes: r.Classes, Level: identity.Level(r.Level), Proof: routeProof(r),
				Allow: rs.expressions[i].allow, When: rs.expressions[i].when, Levels: rs.levels, Selection: rs.selection,
			},
			Provider: r.Provider, PassPreflight: r.Preflight == config.PreflightPass, AllowOrigins: r.AllowOrigins,
		})
	}
	return out
}

// proofs are what routes ask for by themselves.
func (rs routeSet) proofs() (out []policy.Proof) {
	for _, r := range rs.routes {
		if p := routeProof(r); !p.IsZero() {
			out = append(out, p)
		}
	}
	return out
}

func routeProof(r config.Route) policy.Proof {
	return policy.Proof{ACR: r.ACR, AMR: r.AMR, MaxAge: r.MaxAge}
}

func claimRules(claims map[string][]string) []policy.ClaimRule {
	var out []policy.ClaimRule
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		out = append(out, policy.ClaimRule{Name: name, Values: claims[name]})
	}
	return out
}

func usesFormPost(providers []config.Provider) bool {
	return slices.ContainsFunc(providers, func(p config.Provider) bool { return p.ResponseMode == config.ResponseModeFormPost })
}

// at reports whether a route belongs to a host.
func at(r config.Route, host config.Host) bool {
	return r.Host == "" || siteKey(r.Host, host.URL.Scheme) == siteKey(host.URL.Host, host.URL.Scheme)
}

// providersAt returns who may log people in at a host: its own provider and those that its routes name, or, where it
// names none, all.
func providersAt(host config.Host, cfg *config.Config) []config.Provider {
	if host.Provider == "" {
		return cfg.Providers
	}
	return slices.DeleteFunc(slices.Clone(cfg.Providers), func(p config.Provider) bool {
		return p.Name != host.Provider && !slices.ContainsFunc(cfg.Routes, func(r config.Route) bool { return at(r, host) && r.Provider == p.Name })
	})
}
