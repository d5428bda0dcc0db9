package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

func (v validator) routes() {
	var names []string
	for i, r := range v.Routes {
		path := strict.Index("routes", i)
		v.reference(path+".upstream", r.Upstream, "upstream", v.upstreamNames)
		v.reference(path+".provider", r.Provider, "provider", v.providerNames)
		v.reference(path+".host", r.Host, "host in server.hosts", v.hostNames)
		v.access(path, r)
		v.assurance(path, r)
		v.expressions(path, r)
		v.strip(path, r)
		names = append(names, r.Name)
	}
	v.ambiguous()
	unique(names, func(i int) {
		path := strict.Index("routes", i)
		if v.r.Given(path + ".name") {
			v.report(path+".name", "another route has the same name", "")
		}
	})
}

// access reports rules that a public route would seem to enforce.
func (v validator) access(path string, r Route) {
	rules := []struct {
		key   string
		given bool
	}{
		{"groups", len(r.Groups) > 0}, {"claims", len(r.Claims) > 0}, {"emails", len(r.Emails) > 0}, {"provider", r.Provider != ""},
		{"classes", len(r.Classes) > 0}, {"level", r.Level != ""}, {"acr", len(r.ACR) > 0}, {"amr", len(r.AMR) > 0}, {"max_age", r.MaxAge > 0},
		{"allow", r.Allow != ""}, {"when", r.When != ""},
	}
	for _, rule := range rules {
		if r.Public && rule.given {
			v.report(path+"."+rule.key, "has no effect, because the route is public", "remove it, or public: true")
		}
	}
	for _, claim := range sortedKeys(r.Claims) {
		if own := strict.Key(path+".claims", claim); len(r.Claims[claim]) == 0 {
			v.report(own, "must name at least one value", "")
		}
	}
	unique(r.Methods, func(i int) { v.report(strict.Index(path+".methods", i), "is listed twice", "") })
}

func (v validator) strip(path string, r Route) {
	prefix := strings.TrimSuffix(r.StripPrefix, "/")
	if prefix == "" || r.Path == "" || r.Path == prefix || strings.HasPrefix(r.Path, prefix+"/") {
		return
	}
	v.report(path+".strip_prefix", "is not the beginning of the route's path", "")
}

// unused warns of what no route leads to.
func (v validator) unused() {
	for _, u := range v.Upstreams {
		if !slices.ContainsFunc(v.Routes, func(r Route) bool { return r.Upstream == u.Name }) {
			v.warn(strict.Key("upstreams", u.Name), "no route leads to it", "")
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
