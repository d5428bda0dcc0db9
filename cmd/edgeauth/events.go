package main

import (
	"slices"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/policy"
)

// observe sees each audit event: it counts it and offers it to the webhook and to those who follow events.
func (e *edge) observe(ev audit.Event) {
	e.count(&ev)
	e.hook.offer(&ev)
	e.hub.Publish(&ev)
}

// count counts a security event, and what it says of logins, levels and step-ups.
func (e *edge) count(ev *audit.Event) {
	e.metrics.Audit(string(ev.Name))
	switch ev.Name {
	case audit.LoginSucceeded:
		e.metrics.Login(ev.Provider, "succeeded")
	case audit.LoginRefused:
		e.metrics.Login(ev.Provider, ev.Reason)
	case audit.Assessed:
		e.countAssessment(ev)
	case audit.LevelRaised:
		e.metrics.LevelRaised(ev.Level, ev.Reason)
	case audit.StepUpAsked:
		e.metrics.StepUp(stepUpAsked, ev.Level, "")
	case audit.StepUpProven:
		e.metrics.StepUp(stepUpProven, ev.Level, "")
	case audit.StepUpRefused:
		e.metrics.StepUp(stepUpRefused, ev.Level, ev.Reason)
	case audit.AccessBlocked:
		e.metrics.Blocked(ev.Level, ev.Reason)
	}
}

// The outcomes of step-ups in metrics.
const (
	stepUpAsked   = "asked"
	stepUpProven  = "proven"
	stepUpRefused = "refused"
)

func (e *edge) countAssessment(ev *audit.Event) {
	a := ev.Assessment
	if a == nil {
		return
	}
	var added []string
	for _, t := range a.Terms {
		if t.Points > 0 {
			added = append(added, t.Code)
		}
	}
	e.metrics.Assessment(ev.Level, a.Mode, codes(a.Reasons), codes(added), codes(a.Unknown))
}

// codes keeps labels to the vocabulary of assessments.
func codes(in []string) []string {
	out := make([]string, 0, len(in))
	for _, c := range in {
		if !slices.Contains(policy.RiskReasons(), policy.Reason(c)) {
			c = "other"
		}
		out = append(out, c)
	}
	return out
}

// measureEvents makes series known that begin with a rare event.
func (e *edge) measureEvents(levels []string) {
	e.metrics.Expect(admin.Expected{
		Levels: levels[1:], Modes: []string{audit.ModeEnforce, audit.ModeObserve},
		Rules:      []string{string(policy.ScoreReached), string(policy.TimeZones), string(policy.ImpossibleTravel)},
		StepUps:    []string{stepUpAsked, stepUpProven, stepUpRefused},
		Blocks:     []string{string(policy.LevelUnproven), string(policy.Raised), string(policy.RouteLevel)},
		RouteProof: string(policy.RouteProof),
	})
}
