package proxy

import (
	"net/http"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// asked is what a route's expressions may know of a request; nothing where they do not look at it. It fails where the edge
// and a backend could read a query differently that they do look at.
func (h *Handler) asked(r *http.Request, route *Route, t target.Target) (policy.Request, error) {
	if !route.uses.Request {
		return policy.Request{}, nil
	}
	q := policy.Request{Method: r.Method, Host: h.host[0], Path: t.Decoded, Client: web.RecordOf(r.Context()).Client}
	if !route.uses.Query {
		return q, nil
	}
	var err error
	if q.Query, err = t.Parameters(route.uses.Parameters, policy.MaxParameters); err != nil {
		return policy.Request{}, badTarget(err)
	}
	return q, nil
}
