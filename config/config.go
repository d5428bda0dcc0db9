// Package config owns the configuration file: it reads strict YAML into typed values and reports every mistake at
// once, each with file, line, column and a hint. It knows what may be written and how keys depend on one another; it
// must not know how any of it is carried out, so no other package than cmd/edgeauth imports it.
//
// The struct tags of the types are the only place where a key's name, default, bounds and meaning stand: the decoder,
// config.schema.json and docs/configuration.md are all made from them (go generate ./config).
package config

//go:generate go run ./internal/generate

// Config is one complete, validated configuration. It is made by [Load] or [Parse] and never changed afterwards: who
// holds one may share it between goroutines, and must not write to its slices, maps and URLs.
type Config struct {
	Server    Server     `yaml:"server" required:"true" doc:"What edgeauth listens on, under which public addresses, and where its data lives."`
	Providers []Provider `yaml:"providers" doc:"Identity providers (OpenID Connect), by name. At least one, unless every route is public."`
	Session   Session    `yaml:"session" doc:"How long people stay logged in, and the keys that seal their sessions."`
	Store     Store      `yaml:"store" doc:"Where state lives that edges share: the revocation log, tokens and histories of logins. A change to any of its keys needs a restart."`
	Levels    Levels     `yaml:"levels" doc:"The security levels: how long sessions last, what closes and what proves enough to open it again, and how old an edge's copy of the revocation log may be. See docs/step-up.md."`
	Risk      Risk       `yaml:"risk" doc:"How logins that look wrong are told from others, and what becomes of them. See docs/risk.md."`
	Upstreams []Upstream `yaml:"upstreams" required:"true" doc:"The applications behind edgeauth, by name."`
	Routes    []Route    `yaml:"routes" required:"true" doc:"Which requests go to which upstream, and who may make them. What no route matches is refused. Of several that match, the most specific path wins, not the first in the list."`
	DryRun    DryRun     `yaml:"dry_run" doc:"A policy that is tried out beside the one in force, without effect. See docs/dry-run.md."`
	Admin     Admin      `yaml:"admin" doc:"The listener for health checks and metrics, and the governance API."`
	Telemetry Telemetry  `yaml:"telemetry" doc:"Logs and audit events."`

	// Warnings are remarks on a configuration that is accepted as it stands, in the order of the file.
	Warnings []Error `yaml:"-"`
	// Files are the files whose content went into this value beside the configuration file itself (secrets, each once,
	// in the order in which they were read): who reloads on changes watches them too.
	Files []string `yaml:"-"`
}

// Provider returns the provider with that name.
func (c *Config) Provider(name string) (Provider, bool) {
	for _, p := range c.Providers {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

// Upstream returns the upstream with that name.
func (c *Config) Upstream(name string) (Upstream, bool) {
	for _, u := range c.Upstreams {
		if u.Name == name {
			return u, true
		}
	}
	return Upstream{}, false
}
