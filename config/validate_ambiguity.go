package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// ambiguous reports each route between which and an earlier one nothing decides.
func (v validator) ambiguous() {
	type place struct {
		path  string
		exact bool
	}
	earlier := map[place][]int{}
	for i, r := range v.Routes {
		if v.undecided(i) {
			continue
		}
		at := place{strings.ToLower(r.matched()), r.Exact}
		for _, j := range earlier[at] {
			if message, hint := v.clash(v.Routes[j], r); message != "" {
				v.report(strict.Index("routes", i)+".path", fmt.Sprintf("routes[%d] "+message, j), hint)
				break
			}
		}
		earlier[at] = append(earlier[at], i)
	}
}

// undecided reports whether a mistake leaves open what a route matches; it is compared once that is mended.
func (v validator) undecided(i int) bool {
	path := strict.Index("routes", i)
	return v.Routes[i].Path == "" || slices.Contains(v.Routes[i].Methods, "") ||
		v.r.Bad(path+".host") || v.r.Bad(path+".methods") || v.r.Bad(path+".upstream")
}

// clash compares two routes whose paths are the same but for case.
func (v validator) clash(a, b Route) (message, hint string) {
	if a.Host != b.Host && a.Host != "" && b.Host != "" {
		return "", ""
	}
	switch {
	case v.iis(a) != v.iis(b):
		return "has the same path but for case, and only one of the two upstreams is IIS, which ignores case", "send both to one kind of upstream"
	case !v.iis(a) && a.matched() != b.matched():
		return "", ""
	case overlap(a.Methods, b.Methods):
		return "matches the same requests", "give one of them other methods or another host, or remove it"
	}
	return "", ""
}

func (v validator) iis(r Route) bool {
	u, ok := v.Upstream(r.Upstream)
	return ok && u.IIS
}

// matched is the path as it is compared: a slash at the end of a prefix says nothing.
func (r Route) matched() string {
	if r.Exact {
		return r.Path
	}
	return strings.TrimSuffix(r.Path, "/")
}

// overlap reports whether two lists of methods leave the choice open. An empty one means all; a list beside it is more
// specific and so does not.
func overlap(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return slices.ContainsFunc(a, func(m string) bool { return slices.Contains(b, m) })
}
