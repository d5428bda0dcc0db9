package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// question is what `edgeauth explain` was asked, resolved against the configuration.
type question struct {
	cfg     *config.Config
	host    config.Host
	target  string // as it would stand in a request line
	method  string
	at      time.Time
	named   bool    // at was named, and is not simply now
	who     *person // nil: nobody
	client  netip.Addr
	device  time.Duration // how long the device cookie has been known; 0: there is none; knownDevice: since it was seen first
	agent   string
	ja4     string
	offline bool
	places  *geo.DB // once opened

	tell func(context.Context, wireSubject) known // what an edge itself knows, where it asks; nil: it is asked, or the store
}

// person is who the request is of, freshly logged in.
type person struct {
	subject  identity.Subject
	provider config.Provider
	level    identity.Level // empty: what the assessment and the log ask for
	session  policy.Session
}

// knownDevice is the age of a device cookie that is as old as the history says.
const knownDevice time.Duration = -1

func (f *explainFlags) question(cfg *config.Config) (*question, error) {
	q := &question{cfg: cfg, method: f.method, named: f.at != "", agent: f.agent, ja4: f.ja4, offline: f.offline}
	var err error
	if err = q.locate(f.url); err != nil {
		return nil, err
	}
	if q.client, err = f.address(); err != nil {
		return nil, err
	}
	if q.device, err = f.deviceAge(); err != nil {
		return nil, err
	}
	var authenticated time.Time
	if q.at, authenticated, err = f.moments(); err != nil {
		return nil, err
	}
	if f.user == "" {
		return q, f.nobody()
	}
	q.who, err = f.person(cfg, authenticated)
	return q, err
}

// nobody refuses flags that say something about somebody.
func (f *explainFlags) nobody() error {
	if len(f.groups)+len(f.claims)+len(f.amr) > 0 || f.email+f.level+f.acr+f.provider+f.ip+f.authTime != "" {
		return errors.New("there are flags about a person, but --user does not say who")
	}
	return nil
}

func (f *explainFlags) deviceAge() (time.Duration, error) {
	switch f.device {
	case "new":
		return 0, nil
	case "known":
		return knownDevice, nil
	}
	age, err := parseSpan(f.device)
	if err != nil {
		return 0, fmt.Errorf("--device %q is neither new, known nor an age, as in 90d", f.device)
	}
	return age, nil
}

// locate finds the host that an address is of. A browser does not send what stands behind a #.
func (q *question) locate(address string) error {
	address, _, _ = strings.Cut(address, "#")
	hosts := q.cfg.Server.Hosts
	if strings.HasPrefix(address, "/") {
		q.host, q.target = hosts[0], address
		return nil
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "http" && scheme != "https" {
		return fmt.Errorf("--url %q is no address: want https://host/path, or a path", address)
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	i := slices.IndexFunc(hosts, func(h config.Host) bool {
		return authority != "" && siteKey(authority, scheme) == siteKey(h.URL.Host, h.URL.Scheme)
	})
	if i < 0 {
		return fmt.Errorf("--url is of the host %q, which is none of server.hosts (the edge answers 421): %s", authority, origins(hosts))
	}
	q.host, q.target = hosts[i], strings.TrimPrefix(rest, authority)
	if !strings.HasPrefix(q.target, "/") {
		q.target = "/" + q.target
	}
	return nil
}

func origins(hosts []config.Host) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Origin())
	}
	return strings.Join(out, ", ")
}

func (f *explainFlags) person(cfg *config.Config, authenticated time.Time) (*person, error) {
	p, sub, err := findProvider(cfg, f.config, f.provider, f.user)
	if err != nil {
		return nil, err
	}
	who := &person{subject: identity.Subject{Issuer: p.Issuer, Sub: sub}, provider: p, level: identity.Level(f.level)}
	if f.level != "" && !slices.Contains(cfg.Levels.Names(), f.level) {
		return nil, fmt.Errorf("--level %q is none of %s", f.level, strings.Join(cfg.Levels.Names(), ", "))
	}
	claims, err := f.claimValues()
	if err != nil {
		return nil, err
	}
	email, unverified := strings.CutPrefix(f.email, "?")
	who.session = policy.Session{
		Issuer: p.Issuer, Sub: sub, Username: f.username, Groups: f.groups, Claims: claims, Email: email, EmailVerified: email != "" && !unverified,
		Authentication: policy.Authentication{ClockSkew: p.ClockSkew,
			Assurance: identity.Assurance{ACR: f.acr, AMR: f.amr, AuthTime: authenticated}},
	}
	return who, nil
}

func (f *explainFlags) claimValues() (map[string][]string, error) {
	out := map[string][]string{}
	for _, c := range f.claims {
		name, value, ok := strings.Cut(c, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--claim %q is not of the form name=value", c)
		}
		out[name] = append(out[name], value)
	}
	return out, nil
}

// findProvider says who is meant by a sub at a named provider, or by issuer|sub.
func findProvider(cfg *config.Config, file, name, user string) (config.Provider, string, error) {
	if issuer, sub, ok := strings.Cut(user, "|"); ok && name == "" {
		for _, p := range cfg.Providers {
			if p.Issuer == issuer {
				return p, sub, nil
			}
		}
		if strings.Contains(issuer, "://") { // a sub may hold a | too: auth0|5f7c8ec7
			return config.Provider{}, "", fmt.Errorf("%q names the issuer %q, which is none of those in %s: %s", user, issuer, file, named(cfg))
		}
	}
	if name == "" && len(cfg.Providers) == 1 {
		name = cfg.Providers[0].Name
	}
	p, ok := cfg.Provider(name)
	if !ok {
		return p, "", fmt.Errorf("--provider %q is none of those in %s (a sub has a meaning only together with its provider): %s", name, file, named(cfg))
	}
	return p, user, nil
}

// named lists the providers with their issuers.
func named(cfg *config.Config) string {
	var out []string
	for _, p := range cfg.Providers {
		out = append(out, fmt.Sprintf("%s (%s)", p.Name, p.Issuer))
	}
	return strings.Join(out, ", ")
}

// providerNames lists the providers of a file for completion; none of one that cannot be read.
func providerNames(path string) (out []string) {
	cfg, err := config.LoadPart(path, func(string) (string, bool) { return "", true }, "providers.*.issuer")
	if err != nil {
		return nil
	}
	for _, p := range cfg.Providers {
		out = append(out, p.Name)
	}
	return out
}

// levelNames lists the levels of a file for completion; none of one that cannot be read.
func levelNames(path string) []string {
	cfg, err := config.LoadPart(path, func(string) (string, bool) { return "", true }, "levels.*.name")
	if err != nil {
		return nil
	}
	return cfg.Levels.Names()
}

// routes are the routes of the question's host, as an edge compiles them.
func (q *question) routes() ([]proxy.RouteConfig, error) {
	rs, err := newRoutes(q.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return rs.of(q.host, &tree{cfg: q.cfg}), nil
}

// sight is what the edge would see of the login.
func (q *question) sight(pepper func() ([32]byte, bool)) (policy.Sighting, geo.Result, error) {
	now := func() time.Time { return q.at }
	if q.places == nil {
		q.places = geo.Open(geoFiles(q.cfg), geo.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	}
	e, err := risk.New(risk.Options{Rules: riskRules(q.cfg), Proxy: web.NewClients(q.cfg.Server.TrustedProxies).Trusted, Places: q.places, Now: now,
		History: history.New(history.Options{Pepper: pepper})})
	if err != nil {
		return policy.Sighting{}, geo.Result{}, err
	}
	v := risk.Visit{Subject: q.who.subject, Provider: q.who.provider.Name, Groups: q.who.session.Groups, Login: true,
		Assurance: q.who.session.Authentication.Assurance, Address: q.client, Header: http.Header{}, JA4: q.ja4}
	if q.agent != "" {
		v.Header.Set("User-Agent", q.agent)
	}
	s, place := e.Sight(&v)
	return s, place, nil
}

// login is the session that the person would have, under a level that the assessment asks for (empty: none).
func (q *question) login(found identity.Level, st *policy.Standing) policy.Session {
	s, levels := q.who.session, levels(q.cfg.Levels)
	s.Level, s.Epoch, s.IssuedAt = levels.Weakest(), q.at, q.at
	raised := found != "" && levels.Stricter(found, s.Level)
	if raised {
		s.Level, s.RaisedAt = found, q.at
	}
	if f, some := levels.Strictest(st, s.Epoch, q.at); some && !levels.Stricter(s.Level, f.Level) {
		s.Level = f.Level
		if !raised || f.Since.After(s.RaisedAt) {
			s.RaisedAt = f.Since
		}
	}
	if q.who.level != "" {
		s.Level, s.RaisedAt = q.who.level, time.Time{}
		if s.Level != levels.Weakest() {
			s.RaisedAt = q.at
		}
	}
	rule := levels[s.Level]
	s.Expires = q.at.Add(shortest(q.cfg.Session.Lifetime, rule.Lifetime))
	s.IdleUntil = q.at.Add(shortest(q.cfg.Session.Idle, rule.Idle))
	return s
}

// shortest is the least of the times that are given.
func shortest(a, b time.Duration) time.Duration {
	if b > 0 && b < a {
		return b
	}
	return a
}

// answer decides the request and explains it.
func (q *question) answer(ctx context.Context) (*explained, error) {
	routes, err := q.routes()
	if err != nil {
		return nil, err
	}
	lookup, err := proxy.NewLookup(q.host.URL, routes)
	if err != nil {
		return nil, err
	}
	a := newExplained(q, lookup.Find(q.method, q.target))
	if q.who == nil {
		a.decide(nil, policy.Standing{Vouched: true}, q.at)
		return a, nil
	}
	k, err := q.known(ctx)
	if err != nil {
		return nil, err
	}
	a.Notes = append(a.Notes, k.notes...)
	st := policy.Standing{Vouched: true, Floors: k.Floors}
	var found identity.Level
	switch {
	case q.client.IsValid() && q.cfg.Risk.Mode == config.RiskOff:
		a.Notes = append(a.Notes, "risk.mode is off, so no login is assessed")
	case q.client.IsValid():
		if found, err = a.assess(q, k); err != nil {
			return nil, err
		}
	}
	s := q.login(found, &st)
	s.Authentication.Enrolled = k.Enrolled
	a.describe(q, &s, k)
	a.decide(&s, st, q.at)
	asksWhere := func(c explainedCondition) bool { return strings.Contains(c.Asked, "request.client") }
	if !q.client.IsValid() && slices.ContainsFunc(a.Conditions, asksWhere) {
		a.Notes = append(a.Notes, "where the request comes from, which an expression asks about (--ip says it)")
	}
	return a, nil
}

// ringPepper is the secret under which networks and devices are hashed; none where the ring cannot be read.
func ringPepper(path string) (func() ([32]byte, bool), error) {
	keys, err := session.OpenKeyring(path)
	if err != nil {
		return func() ([32]byte, bool) { return [32]byte{}, false }, err
	}
	return func() ([32]byte, bool) { return keys.Ring().Pepper() }, nil
}
