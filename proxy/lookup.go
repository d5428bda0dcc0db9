package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// Lookup finds the routes of one origin as a Handler does, for who wants to know which and why. It serves nobody.
type Lookup struct {
	table *table
	host  string
}

// NewLookup compiles routes as New does.
func NewLookup(origin *url.URL, routes []RouteConfig) (*Lookup, error) {
	t, err := compileAll(routes)
	if err != nil {
		return nil, err
	}
	return &Lookup{t, publicHost(origin)}, nil
}

// Found is what a request leads to. Without a Route, Status and Reason are those of the answer.
type Found struct {
	Path   string // canonical, decoded: what routes are matched against
	Query  string
	Status int
	Reason string
	Detail string // what is wrong with the request, for people
	Allow  string // the methods that the path's routes permit, where this one is not among them

	Route *RouteConfig
	// Below is the route whose conditions hold besides: by it the same upstream is asked for what is left of the path
	// without Route's prefix.
	Below *RouteConfig
	// Asked and AskedBelow are what the expressions of these two may know, but for the client's address.
	Asked, AskedBelow policy.Request
	// Others match too and count for nothing: those of the same path permit other methods, the rest is less specific. The
	// most specific stand first.
	Others []*RouteConfig
}

// Find looks up a method and a request target. The method is believed to be that of the request itself, not of what a
// CORS preflight announces.
func (l *Lookup) Find(method, rawTarget string) Found {
	if err := checkMethod(&http.Request{Method: method}); err != nil {
		return refusal(Found{}, err)
	}
	t, err := target.Parse(rawTarget, l.host)
	if err != nil {
		return refusal(Found{}, badTarget(err))
	}
	f := Found{Path: t.Decoded, Query: t.Query}
	route, err := l.table.find(t, method)
	for i, p := range l.table.all(t.Decoded) {
		for _, r := range p.routes {
			if r != route && !own(t.Decoded) && (i > 0 || err == nil) {
				f.Others = append(f.Others, &r.cfg)
			}
		}
	}
	if err != nil {
		return refusal(f, err)
	}
	if f.Asked, err = route.request(method, l.host, t); err != nil {
		return refusal(f, err)
	}
	f.Route = &route.cfg
	below, err := l.table.below(route, t, method)
	if err != nil {
		return refusal(f, err)
	}
	if below != nil {
		if f.AskedBelow, err = below.request(method, l.host, t.Strip(route.strip)); err != nil {
			return refusal(f, err)
		}
		f.Below = &below.cfg
	}
	return f
}

func refusal(f Found, err error) Found {
	var answer *web.Error
	if errors.As(err, &answer) {
		f.Status, f.Reason, f.Allow = answer.Code, answer.Reason, answer.Allow
		if answer.Err != nil {
			f.Detail = answer.Err.Error()
		}
	}
	f.Route = nil
	return f
}

// all returns the places that match a path, the most specific first: match returns the first of them.
func (t *table) all(path string) (out []*place) {
	t.root.all(path, path[1:], path != "/", &out)
	return out
}

func (n *node) all(path, rest string, more bool, out *[]*place) {
	add := func(places []*place) {
		if p := fitting(places, path); p != nil {
			*out = append(*out, p)
		}
	}
	if !more {
		add(n.exact)
		add(n.prefix)
		return
	}
	segment, after, further := strings.Cut(rest, "/")
	if c := n.children[target.Fold(segment)]; c != nil {
		c.all(path, after, further, out)
	}
	if n.any != nil && segment != "" {
		n.any.all(path, after, further, out)
	}
	add(n.prefix)
}
