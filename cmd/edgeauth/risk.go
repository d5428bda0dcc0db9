package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/web"
)

// watch is what assesses visits under one configuration; nil engine where risk.mode is off. Enrolments are remembered either
// way.
type watch struct {
	engine  *risk.Engine
	places  *geo.DB
	history *history.History
}

// memory is what assessments have learned, which outlives a configuration.
type memory struct {
	population *risk.Population
	failures   *risk.Failures
}

func newWatch(cfg *config.Config, t *tree, p parts, old *tree) (watch, error) {
	w := watch{history: p.history}
	if cfg.Risk.Mode == config.RiskOff {
		return w, nil
	}
	if old != nil && old.watch.places != nil && reflect.DeepEqual(geoFiles(old.cfg), geoFiles(cfg)) {
		w.places = old.watch.places // databases are large
	} else {
		w.places = geo.Open(geoFiles(cfg), geo.Options{Log: p.log, Now: time.Now})
	}
	var err error
	w.engine, err = risk.New(risk.Options{
		Rules: riskRules(cfg), Enforce: cfg.Risk.Mode == config.RiskEnforce, Levels: levels(cfg.Levels), ClockSkew: t.clockSkew,
		Proxy:  web.NewClients(cfg.Server.TrustedProxies).Trusted,
		Places: w.places, History: p.history, Population: p.memory.population, Failures: p.memory.failures, Log: p.log, Now: time.Now,
		Candidate: t.dry.visits(),
	})
	return w, err
}

func geoFiles(cfg *config.Config) geo.Files {
	p, n := cfg.Risk.Places, cfg.Risk.Networks
	return geo.Files{City: p.City, Country: p.Country, ASN: p.ASN, Hosting: n.Hosting, Tor: n.Tor, Egress: n.Egress}
}

// riskRules are the shipped rules with what the configuration says otherwise.
func riskRules(cfg *config.Config) *policy.Rules {
	c, r := cfg.Risk, policy.DefaultRulesFor(cfg.Levels.Ranked())
	r.Zones = policy.Zones{Count: c.TimeZones.Count, Within: c.TimeZones.Within, Level: identity.Level(c.TimeZones.Level)}
	r.Travel = policy.Travel{MinDistance: float64(c.Travel.MinDistance), MaxSpeed: float64(c.Travel.MaxSpeed),
		HalfFrom: float64(c.Travel.HalfFrom), Level: identity.Level(c.Travel.Level)}
	r.Learning = policy.Period{Logins: c.Learning.Logins, Days: c.Learning.Days}
	maps.Copy(r.Thresholds, thresholds(c.Thresholds))
	for name, n := range c.Weights {
		r.Weights[policy.Feature(name)] = n
	}
	for name, n := range c.Points {
		r.Points[policy.Reason(name)] = n
	}
	for _, e := range c.Exceptions {
		one := policy.Exception{Groups: e.Groups, Thresholds: thresholds(e.Thresholds)}
		if p, known := cfg.Provider(e.Provider); known {
			one.Issuer = p.Issuer
		}
		for _, code := range e.Exempt {
			one.Exempt = append(one.Exempt, policy.Reason(code))
		}
		r.Exceptions = append(r.Exceptions, one)
	}
	return r
}

func thresholds(c map[string]float64) map[identity.Level]float64 {
	out := map[identity.Level]float64{}
	for name, least := range c {
		out[identity.Level(name)] = least
	}
	return out
}

// risk is what assesses logins; nil where nothing does.
func (w watch) risk() login.Risk {
	if w.engine == nil {
		return nil
	}
	return w.engine
}

// moves is what assesses sessions whose requests come from elsewhere; nil where nothing does.
func (w watch) moves() proxy.Watch {
	if w.engine == nil {
		return nil
	}
	return w.engine
}

// Enrolled implements login.Enrolments.
func (w watch) Enrolled(ctx context.Context, s identity.Subject) (time.Time, error) {
	return w.history.Enrolled(ctx, s)
}

// MarkEnrolled implements login.Enrolments.
func (w watch) MarkEnrolled(ctx context.Context, s identity.Subject, at time.Time) error {
	return w.history.MarkEnrolled(ctx, s, at)
}

// ProvedOn implements login.Enrolments.
func (w watch) ProvedOn(ctx context.Context, s identity.Subject, d identity.DeviceID, p policy.Proof, before time.Time) (bool, error) {
	return w.history.ProvedOn(ctx, s, d, p, before)
}

// newHistory keeps sightings in the edge's store.
func newHistory(e *edge, log *slog.Logger) *history.History {
	return history.New(history.Options{
		Store: e.store, Pepper: func() ([32]byte, bool) { return e.keys.Ring().Pepper() }, Now: time.Now,
		Unreadable: func(_ context.Context, s identity.Subject, n int) {
			log.Warn("entries of a history cannot be read and were left out", "subject", fmt.Sprint(s), "entries", n)
		},
	})
}

// unread says which files about addresses are not in use as they are now, and why.
func (w watch) unread() (bad []string) {
	if w.places == nil {
		return nil
	}
	for _, st := range w.places.Status() {
		if st.Problem != nil {
			bad = append(bad, fmt.Sprintf("%s file %s: %v", st.Kind, st.Path, st.Problem))
		}
	}
	return bad
}

// checkRisk: without a source assessments go on with less, and say so.
func (e *edge) checkRisk() (admin.State, string) {
	w := e.tree.Load().watch
	if w.engine == nil {
		return admin.Ready, ""
	}
	var bad []string
	if _, ok := e.keys.Ring().Pepper(); !ok {
		bad = append(bad, history.ErrNoPepper.Error())
	}
	bad = append(bad, w.unread()...)
	if len(bad) == 0 {
		return admin.Ready, ""
	}
	return admin.Degraded, strings.Join(bad, "; ")
}
