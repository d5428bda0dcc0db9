package proxy

import (
	"net/http"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// asked is what a route's expressions may know of a request; nothing where they do not look at it.
func (h *Handler) asked(r *http.Request, route *Route, t target.Target) (policy.Request, error) {
	if !route.uses.Request {
		return policy.Request{}, nil
	}
	q, err := route.request(r.Method, h.host[0], t)
	q.Client = web.RecordOf(r.Context()).Client
	return q, err
}

// request is what follows from a request's first line. It fails where the edge and a backend could read a query differently
// that the route's expressions look at.
func (r *Route) request(method, host string, t target.Target) (policy.Request, error) {
	q := policy.Request{Method: method, Host: host, Path: t.Decoded}
	if !r.uses.Query {
		return q, nil
	}
	var err error
	if q.Query, err = t.Parameters(r.uses.Parameters, policy.MaxParameters); err != nil {
		return policy.Request{}, badTarget(err)
	}
	return q, nil
}
