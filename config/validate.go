package config

import (
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/config/internal/suggestion"
	"github.com/edgeauth/edgeauth/policy"
)

// validator checks what one value alone cannot tell: references and settings that contradict one another.
type validator struct {
	*Config
	r        *strict.Result
	compiler *policy.Compiler // nil where there is nothing to compile

	providerNames, upstreamNames, hostNames []string
}

func validate(c *Config, r *strict.Result) {
	v := validator{Config: c, r: r}
	v.collectNames()
	v.prepare()
	v.server()
	v.providers()
	v.session()
	v.store()
	v.levels()
	v.risk()
	v.upstreams()
	v.routes()
	v.admin()
	v.api()
	v.webhook()
	v.files()
	v.unused()
}

// report adds a mistake about the value at path.
func (v validator) report(path, message, hint string) { v.r.Report(path, path+": "+message, hint) }

// warn adds a remark on the value at path.
func (v validator) warn(path, message, hint string) { v.r.Warn(path, path+": "+message, hint) }

// reference checks that a name is one of those that exist; the empty name refers to nothing.
func (v validator) reference(path, name, noun string, names []string) {
	if name == "" || slices.Contains(names, name) {
		return
	}
	hint := suggestion.Hint(name, names)
	if len(names) == 0 {
		hint = "there is none yet"
	}
	v.report(path, "there is no "+noun+" of this name", hint)
}

// unique reports every text but the first that has come before.
func unique[T comparable](keys []T, report func(i int)) {
	seen := map[T]bool{}
	for i, k := range keys {
		if seen[k] {
			report(i)
		}
		seen[k] = true
	}
}

// collectNames gathers what references may name.
func (v *validator) collectNames() {
	for _, p := range v.Providers {
		v.providerNames = append(v.providerNames, p.Name)
	}
	for _, u := range v.Upstreams {
		v.upstreamNames = append(v.upstreamNames, u.Name)
	}
	for _, h := range v.Server.Hosts {
		if h.URL != nil {
			v.hostNames = append(v.hostNames, h.URL.Host)
		}
	}
}
