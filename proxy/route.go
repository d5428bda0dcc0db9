package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/policy"
)

// NoOrigin in RouteConfig.AllowOrigins permits WebSockets that use a session without saying from which page: programs
// that carry a browser's cookie. Browsers always send an Origin.
const NoOrigin = "none"

// RouteConfig says which requests of the origin go to an upstream and who may make them.
type RouteConfig struct {
	Name          string
	Path          string   // decoded; a prefix by whole segments, `*` for any one segment; a trailing slash says nothing
	Exact         bool     // the path matches only itself; a trailing slash counts
	Methods       []string // empty: all; GET includes HEAD
	Upstream      *Upstream
	StripPrefix   string // whole segments at the beginning of Path
	Policy        policy.Route
	Provider      string   // named in the login link; empty: the login chooses
	PassPreflight bool     // CORS preflights go to the upstream without identity; else 403
	AllowOrigins  []string // further origins, for WebSockets and for unsafe methods with a session; or NoOrigin
}

// Route is a compiled route.
type Route struct {
	cfg      RouteConfig
	segments []string
	strip    int // segments that the upstream does not see
	uses     policy.Uses
}

func compile(cfg RouteConfig) (*Route, error) {
	if cfg.Upstream == nil {
		return nil, fmt.Errorf("route %q has no upstream", cfg.Name)
	}
	segments, err := splitPath(cfg.Path, cfg.Exact)
	if err != nil {
		return nil, fmt.Errorf("path of route %q: %w", cfg.Name, err)
	}
	strip, err := splitPath(cfg.StripPrefix, false)
	if err != nil && cfg.StripPrefix != "" {
		return nil, fmt.Errorf("strip_prefix of route %q: %w", cfg.Name, err)
	}
	if len(strip) > len(segments) || !slices.Equal(strip, segments[:len(strip)]) {
		return nil, fmt.Errorf("strip_prefix %q of route %q is not at the beginning of its path %q", cfg.StripPrefix, cfg.Name, cfg.Path)
	}
	return &Route{cfg: cfg, segments: segments, strip: len(strip), uses: cfg.Policy.Uses()}, nil
}

// splitPath returns the segments of a decoded path. Only an exact path keeps the empty segment behind its last slash.
func splitPath(path string, exact bool) ([]string, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, errors.New("must begin with a slash")
	}
	segments := strings.Split(path[1:], "/")
	last := len(segments) - 1
	if segments[last] == "" && (!exact || last == 0) {
		segments = segments[:last]
	}
	for i, s := range segments {
		if s == "." || s == ".." || s == "" && i < last || strings.ContainsAny(s, `\;%`) || s != "*" && strings.Contains(s, "*") {
			return nil, fmt.Errorf("no request is matched by the segment %q", s)
		}
	}
	return segments, nil
}

// permits reports whether the route's methods include one. HEAD is what GET answers, without the body.
func (r *Route) permits(method string) bool {
	m := r.cfg.Methods
	return len(m) == 0 || slices.Contains(m, method) || method == http.MethodHead && slices.Contains(m, http.MethodGet)
}
