package risk

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
)

// Places knows where addresses are.
type Places interface {
	Lookup(netip.Addr) geo.Result
}

// History remembers sightings of each subject. An error means that it is not known what there is.
type History interface {
	Read(context.Context, identity.Subject) ([]policy.Sighting, error)
	Record(context.Context, identity.Subject, policy.Sighting) error
	Hasher() history.Hasher
}

// Options are what an Engine is made of. All but Proxy and Candidate are needed.
type Options struct {
	Rules   *policy.Rules
	Enforce bool // false: assessments are made and recorded, and raise nothing
	Levels  policy.Levels
	// ClockSkew is how far the clock of an issuer may be off.
	ClockSkew func(issuer string) time.Duration

	// Proxy reports whether an address is that of a trusted proxy: then nobody said where the client is. nil: none is.
	Proxy func(netip.Addr) bool

	Places     Places
	History    History
	Population *Population
	Failures   *Failures
	Log        *slog.Logger
	Now        func() time.Time

	Candidate *Candidate // rules that are assessed beside; nil: none
}

// Engine assesses visits. It is safe for concurrent use.
type Engine struct {
	opt   Options
	turns turns
}

// New returns an engine. The error is of the rules.
func New(o Options) (*Engine, error) {
	if err := o.Rules.Check(); err != nil {
		return nil, fmt.Errorf("risk rules: %w", err)
	}
	if c := o.Candidate; c != nil {
		if err := c.Rules.Check(); err != nil {
			return nil, fmt.Errorf("risk rules of the candidate: %w", err)
		}
	}
	return &Engine{opt: o}, nil
}

// Assess says what a visit looks like, against what is known of its subject and of everybody, and remembers it. It never
// fails: what cannot be told is named in the finding, and what cannot be remembered is logged.
func (e *Engine) Assess(ctx context.Context, v Visit) Finding {
	defer e.turns.take(ctx, v.Subject)()
	now, place := e.Sight(&v)
	past, err := e.opt.History.Read(ctx, v.Subject)
	if err != nil {
		e.opt.Log.Warn("the history of a subject cannot be read; the assessment goes without it", "error", err)
	}
	f := Finding{Enforced: e.opt.Enforce, Signals: digestOf(&now), Place: place.String(), HistoryKnown: err == nil}
	facts := policy.Facts{
		Subject: v.Subject, Groups: v.Groups, Now: now, History: past, HistoryKnown: err == nil,
		Failures: e.opt.Failures.Near(v.Subject, &now, now.At), Population: e.opt.Population,
		Unknown: Unlisted(&place),
	}
	f.Assessment, f.Thresholds = e.opt.Rules.Assess(&facts), e.opt.Rules.ThresholdsFor(&facts)
	e.compare(ctx, &v, &facts, &f)
	// Where nobody is asked to prove anything, nothing would ever become usual.
	now.Unproven = e.opt.Enforce && (v.Unmet || !e.proves(&v, &f))
	if err := e.opt.History.Record(ctx, v.Subject, now); err != nil {
		e.opt.Log.Warn("a sighting cannot be recorded", "error", err)
	}
	if v.Login && !now.Unproven {
		e.opt.Population.count(&now)
	}
	return f
}

// proves reports whether how the person authenticated is enough for what the assessment asks for.
func (e *Engine) proves(v *Visit, f *Finding) bool {
	if !e.opt.Levels.Stricter(f.Level, e.opt.Levels.Weakest()) {
		return true
	}
	need := policy.Need{Level: f.Level, Proof: e.opt.Levels[f.Level].Proof, Since: f.At}
	if v.Login {
		need.Since = f.At.Add(-session.BindingLifetime) // the pages of a login may take that long
	}
	auth := policy.Authentication{Assurance: v.Assurance, ClockSkew: e.opt.ClockSkew(v.Subject.Issuer)}
	return e.opt.Levels.Meets(&need, &auth, f.At)
}

// Failed counts a login that did not succeed. The subject may be unknown.
func (e *Engine) Failed(v Visit) {
	now, _ := e.Sight(&v)
	e.opt.Failures.add(v.Subject, &now, now.At)
}

// Digest tells a visit's network, place and client from others, without looking at any history.
func (e *Engine) Digest(v *Visit) Digest {
	now, _ := e.Sight(v)
	return digestOf(&now)
}

func (e *Engine) place(a netip.Addr) geo.Result {
	if !a.IsValid() {
		return geo.Result{}
	}
	return e.opt.Places.Lookup(a)
}
