package proxy

import (
	"net/http"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/web"
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

// refuse is the answer to a method that no route of the place permits.
func (p *place) refuse() error {
	return &web.Error{Code: http.StatusMethodNotAllowed, Reason: "method", Title: "Method not allowed", Allow: p.methods()}
}
