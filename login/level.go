package login

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/admission"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// look has a login assessed and gives its session the level that this and the log ask for. What is raised here reaches the
// subject's other sessions by a floor in the log.
func (s *Server) look(ctx context.Context, r *http.Request, a *arrival, who *oidc.Login, fresh *session.Session) {
	var finding risk.Finding
	if s.opt.Risk != nil {
		finding = s.assess(ctx, r, who, fresh)
		finding.Level = s.opt.Levels.Known(finding.Level)
	}
	raised := finding.Enforced && s.opt.Levels.Stricter(finding.Level, fresh.Level)
	// Raised as of the flow's beginning: whoever proved enough within it has answered, however long the pages took.
	since := earlier(fresh.IssuedAt, a.flow.Started.Time())
	if raised {
		fresh.Level, fresh.RaisedAt, fresh.Reasons = finding.Level, since, risk.Texts(finding.Reasons)
	}
	_, standing := s.inPolicy(fresh, a.provider)
	if floor, found := s.opt.Levels.Strictest(&standing, fresh.Epoch, s.opt.Now()); found && !s.opt.Levels.Stricter(fresh.Level, floor.Level) {
		fresh.Level, fresh.Reasons = floor.Level, []string{floor.Reason}
		if floor.Since.After(fresh.RaisedAt) || !raised {
			fresh.RaisedAt = floor.Since
		}
	}
	s.bound(fresh)
	if raised && !s.opt.Levels.Covers(&standing, finding.Level, s.opt.Now()) {
		s.raise(ctx, r, a, fresh, finding, since)
	}
}

// assess asks for an assessment and records it.
func (s *Server) assess(ctx context.Context, r *http.Request, who *oidc.Login, fresh *session.Session) risk.Finding {
	rec := web.RecordOf(r.Context())
	v := risk.Visit{
		Subject: fresh.Subject, Groups: who.Groups, Assurance: who.Assurance, Login: true, Device: fresh.Device,
		Address: rec.Client, Header: r.Header, JA4: rec.JA4,
	}
	if d, known := s.opt.Cookies.Device(r); known && d.ID == fresh.Device {
		v.DeviceSince = d.Since
	}
	from, known := s.providerOf(fresh.Subject.Issuer)
	if known {
		v.Provider = from.Name()
	}
	v.Unmet = !s.burdenOf(fresh, from).Proven
	finding := s.opt.Risk.Assess(ctx, v)
	fresh.Signals = finding.Signals
	e := finding.Event()
	e.Provider, e.Subject, e.Session = v.Provider, fresh.Subject, fresh.Family.String()
	s.event(r, e)
	return finding
}

// bound gives a session the times of its level.
func (s *Server) bound(c *session.Session) {
	rule := s.opt.Levels[c.Level]
	shorter := func(a, b time.Duration) time.Duration {
		if b > 0 && b < a {
			return b
		}
		return a
	}
	c.Expires = earlier(c.FamilyExpires, c.IssuedAt.Add(shorter(s.opt.Lifetime, rule.Lifetime)))
	c.IdleUntil = earlier(c.Expires, c.IssuedAt.Add(shorter(s.opt.Idle, rule.Idle)))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// raise writes the floor that the subject's other sessions are under from now on.
func (s *Server) raise(ctx context.Context, r *http.Request, a *arrival, c *session.Session, f risk.Finding, since time.Time) {
	d, err := s.opt.Revoker.Write(ctx, f.Floor(c.Subject, revocation.MillisOf(since)))
	if err != nil {
		web.RecordOf(r.Context()).Note(fmt.Errorf("raising the subject's level: %w", err))
		return
	}
	s.event(r, audit.Event{Name: audit.LevelRaised, Provider: a.flow.Provider, Subject: c.Subject, Session: c.Family.String(), Level: string(f.Level),
		Reason: f.Why(), Actor: "risk", Delivery: d.String()})
}

// inPolicy is a session as policy sees it, and what the log says of it.
func (s *Server) inPolicy(c *session.Session, from *oidc.Provider) (policy.Session, policy.Standing) {
	names := c.Bearer().Names()
	st := admission.Standing(s.opt.Log.Standing(&names))
	st.Staleness = s.opt.Staleness()
	var skew time.Duration
	if from != nil {
		skew = from.ClockSkew()
	}
	return admission.Session(c, skew), st
}
