package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// table finds routes. Of the routes whose path matches, the most specific path wins: segment by segment from the left
// a literal one comes before `*` and both before the end of a prefix; an exact path comes before the prefix of the same
// segments. Only then are methods looked at: a method that no route of that path permits is not handed to a less
// specific route, since that one's conditions were written for other things.
//
// Routes to IIS match without case, as IIS does, so that their conditions hold for every spelling.
type table struct{ root node }

type node struct {
	children map[string]*node // by folded segment
	any      *node            // `*`
	exact    []*place
	prefix   []*place
}

// place is all routes of one path, those that name their methods first.
type place struct {
	segments []string
	fold     bool
	routes   []*Route
}

func newTable(routes []*Route) (*table, error) {
	t := &table{}
	for _, r := range routes {
		if err := t.add(r); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *table) add(r *Route) error {
	n := &t.root
	for _, s := range r.segments {
		n = n.child(s)
	}
	list := &n.prefix
	if r.cfg.Exact {
		list = &n.exact
	}
	fold := r.cfg.Upstream.cfg.IIS
	for _, p := range *list {
		switch {
		case p.fold != fold:
			return fmt.Errorf("routes %q and %q have paths that only some of their upstreams tell apart", p.routes[0].cfg.Name, r.cfg.Name)
		case fold || slices.Equal(p.segments, r.segments):
			return p.add(r)
		}
	}
	*list = append(*list, &place{segments: r.segments, fold: fold, routes: []*Route{r}})
	return nil
}

func (n *node) child(segment string) *node {
	if segment == "*" {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	segment = target.Fold(segment)
	if n.children == nil {
		n.children = map[string]*node{}
	}
	if n.children[segment] == nil {
		n.children[segment] = &node{}
	}
	return n.children[segment]
}

// add refuses a route that another one of the same path would hide.
func (p *place) add(r *Route) error {
	for _, other := range p.routes {
		if hides(other.cfg.Methods, r.cfg.Methods) {
			return fmt.Errorf("routes %q and %q match the same requests", other.cfg.Name, r.cfg.Name)
		}
	}
	p.routes = append(p.routes, r)
	slices.SortStableFunc(p.routes, func(a, b *Route) int { return all(a) - all(b) })
	return nil
}

func hides(a, b []string) bool {
	both := slices.ContainsFunc(a, func(m string) bool { return slices.Contains(b, m) })
	return both || len(a) == 0 && len(b) == 0
}

func all(r *Route) int {
	if len(r.cfg.Methods) == 0 {
		return 1
	}
	return 0
}

// find returns the route of a method and a target.
func (t *table) find(at target.Target, method string) (*Route, error) {
	p := t.match(at.Decoded)
	if p == nil || own(at.Decoded) {
		return nil, notFound()
	}
	if p.fold {
		if err := target.CheckIIS(at.Decoded); err != nil {
			return nil, badTarget(err)
		}
	}
	if r := p.route(method); r != nil {
		return r, nil
	}
	return nil, p.refuse()
}

// match returns the place of the most specific path that matches a Target's Decoded, or nil.
func (t *table) match(path string) *place {
	return t.root.match(path, path[1:], path != "/")
}

// match descends: rest is what is left of path, more whether that is a segment (perhaps an empty one) or the end. Each
// node is visited at most once, as the nodes form a tree.
func (n *node) match(path, rest string, more bool) *place {
	if !more {
		if p := fitting(n.exact, path); p != nil {
			return p
		}
		return fitting(n.prefix, path)
	}
	segment, after, further := strings.Cut(rest, "/")
	if c := n.children[target.Fold(segment)]; c != nil {
		if p := c.match(path, after, further); p != nil {
			return p
		}
	}
	if n.any != nil && segment != "" {
		if p := n.any.match(path, after, further); p != nil {
			return p
		}
	}
	return fitting(n.prefix, path)
}

// fitting returns the place whose segments path has in exactly this spelling, or the one that does not care.
func fitting(places []*place, path string) *place {
	for _, p := range places {
		if p.fold || spelled(p.segments, path) {
			return p
		}
	}
	return nil
}

func spelled(segments []string, path string) bool {
	rest := path[1:]
	for _, want := range segments {
		var segment string
		segment, rest, _ = strings.Cut(rest, "/")
		if want != "*" && want != segment {
			return false
		}
	}
	return true
}

// route returns the route of the place that permits a method, or nil.
func (p *place) route(method string) *Route {
	for _, r := range p.routes {
		if r.permits(method) {
			return r
		}
	}
	return nil
}

// methods lists what the place permits, for an Allow header.
func (p *place) methods() string {
	var all []string
	for _, r := range p.routes {
		all = append(all, r.cfg.Methods...)
	}
	return strings.Join(all, ", ")
}

// refuse is the answer to a method that no route of the place permits.
func (p *place) refuse() error {
	return &web.Error{Code: http.StatusMethodNotAllowed, Reason: "method", Title: "Method not allowed", Allow: p.methods()}
}
