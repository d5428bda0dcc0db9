package proxy

import (
	"net/http"
	"slices"
)

// crossOrigin reports whether a request that uses a session was made by a page of another site: the check of
// net/http.CrossOriginProtection for unsafe methods, against the configured origin instead of the Host header. Where a
// browser sends Fetch Metadata, that decides; else Origin. Neither: no browser, or a request of the same origin.
func (h *Handler) crossOrigin(r *http.Request, route *Route) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	origin := r.Header.Get("Origin")
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		return origin != "" && !h.ownOrigin(origin) && !route.allowsOrigin(origin)
	}
	return !route.allowsOrigin(origin)
}

// foreignUpgrade reports whether a WebSocket is opened from where it may not (RFC 6455, 10.2): browsers send cookies
// along with it from any page, and no preflight. Without an Origin, which browsers always send, it is refused if it
// uses a session.
func (h *Handler) foreignUpgrade(r *http.Request, route *Route, identified bool) bool {
	lines := r.Header["Origin"]
	switch {
	case len(lines) > 1:
		return true
	case len(lines) == 0:
		return identified && !route.allowsOrigin(NoOrigin)
	case lines[0] == NoOrigin:
		return true // not an origin, only our word for its absence
	}
	return !h.ownOrigin(lines[0]) && !route.allowsOrigin(lines[0])
}

func (h *Handler) ownOrigin(origin string) bool { return origin == h.origin }

func (r *Route) allowsOrigin(origin string) bool { return slices.Contains(r.cfg.AllowOrigins, origin) }
