package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/scrub"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// Options configures the handler of one public origin.
type Options struct {
	Origin    *url.URL         // public: scheme and host, with port where it is not the scheme's own
	Cookies   *session.Cookies // of this origin
	Keys      func() *session.Ring
	Replica   Replica
	Routes    []RouteConfig // of this origin
	Upstreams []*Upstream   // every one of the edge: names that one of them trusts are removed for all
	Idle      time.Duration // how long a session lasts without a request
	Levels    policy.Levels // which may shorten that
	Watch     Watch         // nil: sessions are not looked at again
	Revoker   Revoker       // for what Watch finds
	Tokens    Tokens        // nil: no upstream gets an access token
	Roster    Roster        // nil: nobody is told when sessions are renewed
	Candidate *Candidate    // a policy that is evaluated beside; nil: none
	Exchanges *Exchanges    // where exchanges are while they are open; nil: in a set of their own, and none is cut
	Pages     *web.Pages
	Audit     *audit.Log
	Now       func() time.Time
	ClockSkew func(issuer string) time.Duration // how far a provider's clock may be off; nil: not at all
	CacheSize int                               // opened cookies to keep; 0: 10,000
	// RefuseOddHeaders answers 400 to field names with other characters than letters, digits and dashes, instead of
	// only removing those that fold to a managed name.
	RefuseOddHeaders bool
}

// Handler serves one public origin. Requests of other hosts must not reach it: it never looks at the Host header. An
// address without a route is 404 for everybody, logged in or not, and reaches no backend; so is everything below
// /.edgeauth/, which others serve. It is safe for concurrent use and never changed; a new configuration makes a new one.
type Handler struct {
	opt    Options
	table  *table
	rules  *scrub.Rules
	cache  atomic.Pointer[cache]
	moves  pace
	origin string   // as browsers write it in Origin
	proto  []string // X-Forwarded-Proto
	host   []string // X-Forwarded-Host
}

// New compiles the routes. It does no network.
func New(o Options) (*Handler, error) {
	if o.CacheSize == 0 {
		o.CacheSize = 10_000
	}
	if o.ClockSkew == nil {
		o.ClockSkew = func(string) time.Duration { return 0 }
	}
	if o.Exchanges == nil {
		o.Exchanges = NewExchanges(ExchangesOptions{Replica: o.Replica, Now: o.Now})
	}
	if o.Origin == nil || o.Origin.Host == "" || o.Origin.Path != "" && o.Origin.Path != "/" {
		return nil, errors.New("proxy needs a public origin of scheme and host")
	}
	host := publicHost(o.Origin)
	h := &Handler{opt: o, origin: o.Origin.Scheme + "://" + host, proto: []string{o.Origin.Scheme}, host: []string{host}}
	var routes []*Route
	var names []string
	for _, cfg := range o.Routes {
		r, err := compile(cfg)
		if err != nil {
			return nil, err
		}
		routes = append(routes, r)
		names = append(names, cfg.Upstream.names()...)
	}
	for _, u := range o.Upstreams {
		names = append(names, u.names()...)
	}
	var err error
	if h.table, err = newTable(routes); err != nil {
		return nil, fmt.Errorf("building the routes of %s: %w", o.Origin.Host, err)
	}
	h.rules = scrub.New(names)
	h.cache.Store(newCache(o.Keys(), o.CacheSize))
	return h, nil
}

// publicHost is an origin's host as browsers write it: in lower case and without the scheme's own port.
func publicHost(origin *url.URL) string {
	host := strings.ToLower(origin.Host)
	if port := origin.Port(); origin.Scheme == "https" && port == "443" || origin.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return host
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.serve(w, r); err != nil {
		h.opt.Pages.Fail(w, r, err)
	}
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	t, err := h.read(r)
	if err != nil {
		return err
	}
	preflight := isPreflight(r)
	route, err := h.routeOf(r, t, preflight)
	now := h.opt.Now()
	switch {
	case preflight && err == nil:
		return h.exchange(r, route, t, now).preflight(w, r)
	case preflight:
		return err
	case err != nil:
		return h.refuse(r, t, err)
	}
	q, err := h.asked(r, route, t)
	if err != nil {
		return h.refuse(r, t, err)
	}
	v, o, two := h.admit(r, route, q, now)
	x := h.exchange(r, route, t, now)
	if x.moved(r, v, o) {
		v, o, two = h.admit(r, route, q, now)
	}
	if v, err = x.below(r, v); err != nil {
		return h.refuse(r, t, err)
	}
	h.compare(r, t, decided(x.asks, v), o, now)
	x.note(r, v, o, two)
	if v.Action != policy.Allow {
		return x.refuse(w, r, v)
	}
	if v.Identified {
		if err := x.identify(r, o); err != nil {
			return err
		}
	}
	if err := x.checkOrigin(r); err != nil {
		return err
	}
	if answered, err := x.lend(w, r); answered {
		return err
	}
	return x.carry(w, r)
}

func (h *Handler) exchange(r *http.Request, route *Route, t target.Target, now time.Time) *exchange {
	x := &exchange{h: h, route: route, asks: route, target: t, record: web.RecordOf(r.Context()), now: now, agent: r.UserAgent()}
	x.record.Route, x.record.Upstream = route.cfg.Name, route.cfg.Upstream.cfg.Name
	return x
}

// routeOf returns the route of a request.
func (h *Handler) routeOf(r *http.Request, t target.Target, preflight bool) (*Route, error) {
	if !preflight {
		return h.table.find(t, r.Method)
	}
	route, err := h.table.find(t, r.Header.Get("Access-Control-Request-Method")) // the route that will get the request decides
	if answer := (*web.Error)(nil); errors.As(err, &answer) && answer.Code == http.StatusMethodNotAllowed {
		return nil, noPreflight()
	}
	return route, err
}

func notFound() error {
	return &web.Error{Code: http.StatusNotFound, Reason: string(policy.NoRoute), Title: "Not found", Public: "There is nothing at this address."}
}

// own reports whether a path is among the edge's own endpoints.
func own(path string) bool {
	first, _, _ := strings.Cut(path[1:], "/")
	return strings.EqualFold(first, ".edgeauth")
}
