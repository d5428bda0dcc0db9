package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/web"
)

// dryRun is the policy of another configuration file, evaluated beside the one in force. The nil dryRun is none.
type dryRun struct {
	cfg    *config.Config
	routes routeSet
	parts  parts
	told   tellings
}

// newDryRun reads the candidate that a configuration names. A broken one is reported and left out: it must not keep the
// configuration that names it from use.
func newDryRun(cfg *config.Config, p parts) *dryRun {
	if cfg.DryRun.File == "" {
		return nil
	}
	d, err := readDryRun(cfg.DryRun.File, p)
	if err != nil {
		p.log.Error("the candidate of dry_run cannot be used and is left out", "file", cfg.DryRun.File, "error", inShort(err))
		for _, m := range mistakes(err) {
			p.log.Error("a mistake in the candidate of dry_run", "problem", m.Error(), "hint", m.Hint)
		}
		return nil
	}
	if cfg.Risk.Mode == config.RiskOff && d.cfg.Risk.Mode != config.RiskOff {
		p.log.Warn("risk.mode is off, so the risk rules of the candidate of dry_run are not tried")
	}
	return d
}

func readDryRun(file string, p parts) (*dryRun, error) {
	cfg, err := config.Load(file, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	if err := riskRules(cfg).Check(); err != nil {
		return nil, fmt.Errorf("risk rules: %w", err)
	}
	d := &dryRun{cfg: cfg, parts: p, told: tellings{last: map[telling]time.Time{}}}
	d.routes, err = newRoutes(cfg, p.log)
	return d, err
}

// warnOfCandidate says what is wrong with the candidate of a file that is being checked.
func warnOfCandidate(cfg *config.Config, p parts, stderr io.Writer) {
	if cfg.DryRun.File == "" {
		return
	}
	if _, err := readDryRun(cfg.DryRun.File, p); err != nil {
		fmt.Fprintf(stderr, "warning: the candidate of dry_run would be left out: %v\n", err)
	}
}

// requests is the candidate for one origin; nil without one.
func (d *dryRun) requests(host config.Host, live routeSet) *proxy.Candidate {
	if d == nil {
		return nil
	}
	own := host
	for _, h := range d.cfg.Server.Hosts {
		if siteKey(h.URL.Host, h.URL.Scheme) == siteKey(host.URL.Host, host.URL.Scheme) {
			own = h
		}
	}
	routes := d.routes.of(own, &tree{cfg: d.cfg})
	for i := range routes {
		carried(&routes[i].Policy, live)
	}
	c, err := proxy.NewCandidate(routes, d.request)
	if err != nil {
		d.parts.log.Error("the candidate of dry_run cannot be used at a host and is left out there", "host", host.Origin(), "error", err)
		return nil
	}
	return c
}

// carried says of a candidate's route that sessions carry all that it asks about, where they do: those that were issued under
// the live configuration carry what that asks about.
func carried(r *policy.Route, live routeSet) {
	in := func(have []string) func(string) bool {
		return func(name string) bool { return !slices.Contains(have, name) }
	}
	groups, claims, _ := policy.Select([]*policy.Route{r})
	if !slices.ContainsFunc(groups, in(live.groups)) && !slices.ContainsFunc(claims, in(live.claims)) {
		r.Selection = live.selection
	}
}

// visits is the candidate for logins; nil without one.
func (d *dryRun) visits() *risk.Candidate {
	if d == nil {
		return nil
	}
	return &risk.Candidate{Rules: riskRules(d.cfg), Enforce: d.cfg.Risk.Mode == config.RiskEnforce, Report: d.visit}
}

func (d *dryRun) request(r *http.Request, f proxy.Difference) {
	live, other := f.Live, f.Candidate
	d.tell(r.Context(), telling{kind: "request", live: live.Action, candidate: other.Action, reason: other.Reason, routes: [2]string{live.Route, other.Route}},
		audit.Event{Subject: f.Subject, Session: f.Session, Detail: "live: " + outcomeText(live) + "; candidate: " + outcomeText(other)})
}

func outcomeText(o proxy.Outcome) string {
	if o.Route == "" {
		return fmt.Sprintf("%s (%s)", o.Action, o.Reason)
	}
	return fmt.Sprintf("%s (%s) by route %s", o.Action, o.Reason, o.Route)
}

func (d *dryRun) visit(ctx context.Context, v risk.Visit, f risk.Difference) {
	t := telling{kind: "move", live: string(f.Live), candidate: string(f.Candidate), reason: string(f.Reason)}
	if v.Login {
		t.kind = "login"
	}
	if f.Failed {
		t.candidate, t.reason = "error", "panic"
	}
	d.tell(ctx, t, audit.Event{Subject: v.Subject, Provider: v.Provider, Detail: fmt.Sprintf("live: %s; candidate: %s", t.live, t.candidate)})
}

// tell counts a difference, and records it unless one like it was recorded a moment ago.
func (d *dryRun) tell(ctx context.Context, t telling, e audit.Event) {
	d.parts.metrics.DryRun(t.kind, t.live, t.candidate, t.reason)
	if !d.told.first(t, time.Now()) {
		return
	}
	rec := web.RecordOf(ctx)
	e.Name, e.Reason, e.RequestID = audit.DryRunDifference, t.reason, rec.RequestID
	if rec.Client.IsValid() {
		e.Client = rec.Client.String()
	}
	d.parts.audit.Write(ctx, e)
}

// telling is what makes two differences alike.
type telling struct {
	kind, live, candidate, reason string
	routes                        [2]string
}

// tellings remember when a difference was last recorded. What they hold is bounded by the number of routes, and by most.
type tellings struct {
	mu   sync.Mutex // guards last
	last map[telling]time.Time
}

const (
	tellAgain    = time.Minute
	mostTellings = 1000
)

// first reports whether a difference is to be recorded: none like it was within tellAgain.
func (l *tellings) first(t telling, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, before := l.last[t]; before && now.Sub(at) < tellAgain {
		return false
	}
	if len(l.last) >= mostTellings {
		for other, at := range l.last {
			if now.Sub(at) >= tellAgain {
				delete(l.last, other)
			}
		}
	}
	if len(l.last) >= mostTellings {
		return false
	}
	l.last[t] = now
	return true
}
