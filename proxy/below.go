package proxy

import (
	"net/http"
	"slices"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
)

// below adds the conditions of the route by which the same upstream is asked for the same path without a prefix. A route
// with strip_prefix that is open to more people would otherwise lead around what is asked of that path. Routes to other
// upstreams say nothing about this one's paths.
func (x *exchange) below(r *http.Request, v policy.Verdict) (policy.Verdict, error) {
	if v.Action != policy.Allow {
		return v, nil
	}
	route, err := x.h.table.below(x.route, x.target, r.Method)
	if route == nil || err != nil {
		return v, err
	}
	q, err := x.h.asked(r, route, x.target.Strip(x.route.strip))
	if err != nil {
		return v, err
	}
	if under, _, _ := x.h.admit(r, route, q, x.now); under.Action != policy.Allow {
		x.asks = route
		return under, nil
	}
	return v, nil
}

// below is the route by which the same upstream is asked for the same path without a route's prefix; nil if there is none.
func (t *table) below(route *Route, at target.Target, method string) (*Route, error) {
	if route.strip == 0 {
		return nil, nil
	}
	p := t.match(at.Strip(route.strip).Decoded)
	same := func(r *Route) bool { return r.strip == 0 && r.cfg.Upstream == route.cfg.Upstream }
	if p == nil || !slices.ContainsFunc(p.routes, same) {
		return nil, nil
	}
	if r := p.route(method); r != nil && same(r) {
		return r, nil
	}
	return nil, p.refuse()
}
