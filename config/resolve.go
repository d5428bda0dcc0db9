package config

import (
	"cmp"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// resolve fills in what depends on other keys and reads the files that hold secrets.
func resolve(c *Config, r *strict.Result) {
	s := &c.Server
	if s.TLS.Mode != TLSOff && !r.Given("server.http_listen") {
		s.HTTPListen = ":80"
	}
	if !r.Given("server.listen") {
		s.listenWhereBrowsersGo()
	}
	orElse(&s.TLS.ACME.Storage, filepath.Join(s.DataDir, "certificates"))
	orElse(&c.Session.KeysFile, filepath.Join(s.DataDir, "keys.json"))
	idle := c.Session.Idle
	for i, l := range c.Levels.All() {
		orElse(&l.Name, levelKeys()[i])
		l.within(c.Session, idle)
		idle = l.Idle
	}
	if !r.Given("risk.time_zones.level") {
		c.Risk.TimeZones.Level = c.Levels.High.Name
	}
	if !r.Given("risk.travel.level") {
		c.Risk.Travel.Level = c.Levels.Elevated.Name
	}
	for i := range c.Providers {
		p := &c.Providers[i]
		orElse(&p.DisplayName, p.Name)
		readSecret(&p.ClientSecret, p.ClientSecretFile, r, strict.Key("providers", p.Name), "client_secret")
	}
	redis := &c.Store.Redis
	readSecret(&redis.Password, redis.PasswordFile, r, "store.redis", "password")
	readSecret(&redis.SentinelPassword, redis.SentinelPasswordFile, r, "store.redis", "sentinel_password")
	webhook := &c.Telemetry.Audit.Webhook
	readSecret(&webhook.Secret, webhook.SecretFile, r, "telemetry.audit.webhook", "secret")
	for i := range c.Upstreams {
		orElse(&c.Upstreams[i].Assertion.Audience, c.Upstreams[i].Name)
	}
	for i := range c.Routes {
		orElse(&c.Routes[i].Name, c.Routes[i].describe())
	}
}

// listenWhereBrowsersGo takes the address to listen on from the first host, if browsers reach edgeauth there directly:
// nothing but this machine can stand between them and a loopback address.
func (s *Server) listenWhereBrowsersGo() {
	if !s.direct() || len(s.Hosts) == 0 || s.Hosts[0].URL == nil || !s.Hosts[0].PlainLoopback() {
		return
	}
	s.Listen = net.JoinHostPort(s.Hosts[0].URL.Hostname(), s.Hosts[0].port())
}

// direct reports whether edgeauth speaks plain HTTP and, as far as the file says, to browsers themselves.
func (s *Server) direct() bool { return s.TLS.Mode == TLSOff && !s.TLSInFront }

// within bounds a level's times by those of every session. Idle is that of the level below.
func (l *Level) within(s Session, idle time.Duration) {
	l.Lifetime = min(cmp.Or(l.Lifetime, s.Lifetime), s.Lifetime)
	l.Idle = min(cmp.Or(l.Idle, idle), s.Idle, l.Lifetime)
}

// describe names a route by what it matches.
func (r Route) describe() string {
	name := r.Host + r.Path
	if len(r.Methods) > 0 {
		name = strings.Join(r.Methods, ",") + " " + name
	}
	return name
}

func orElse(v *string, otherwise string) {
	if *v == "" {
		*v = otherwise
	}
}

func readSecret(s *Secret, file string, r *strict.Result, section, key string) {
	if file == "" {
		return
	}
	own := strict.Key(section, key+"_file")
	if !s.IsZero() {
		r.Report(own, own+": "+key+" is given too", "keep one of the two")
		return
	}
	if *s = NewSecret(r.ReadValue(own, file)); s.IsZero() {
		r.Report(own, own+": the file is empty", "")
	}
}
