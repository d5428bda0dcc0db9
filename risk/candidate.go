package risk

import (
	"context"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Candidate is a set of rules that is assessed beside those in force. It raises nothing, is remembered nowhere, and what goes
// wrong in it stays in it.
type Candidate struct {
	Rules   *policy.Rules
	Enforce bool
	// Report is called for each difference, while the visit waits.
	Report func(context.Context, Visit, Difference)
}

// Difference is a visit that a candidate would give another level: one of another rank, whatever the two call it.
type Difference struct {
	Live, Candidate identity.Level // the weakest where nothing is enforced; Candidate is empty if Failed
	Reason          policy.Reason  // the first of those of the stricter one
	Failed          bool           // the candidate could not assess it
}

// compare reports a visit that the candidate would give another level.
func (e *Engine) compare(ctx context.Context, v *Visit, facts *policy.Facts, f *Finding) {
	c := e.opt.Candidate
	if c == nil {
		return
	}
	d := Difference{Live: enforced(e.opt.Rules, f.Enforced, &f.Assessment)}
	a, ok := c.try(facts)
	if d.Failed = !ok; ok {
		d.Candidate = enforced(c.Rules, c.Enforce, &a)
	}
	live, other := e.opt.Rules.Rank(d.Live), c.Rules.Rank(d.Candidate)
	if ok && live == other {
		return
	}
	reasons := a.Reasons
	if d.Failed || len(reasons) == 0 || live > other {
		reasons = f.Reasons
	}
	if len(reasons) > 0 {
		d.Reason = reasons[0]
	}
	defer func() { _ = recover() }() // a report that fails is no reason to fail the visit
	c.Report(ctx, *v, d)
}

// enforced is the level that an assessment by the rules leads to.
func enforced(by *policy.Rules, yes bool, a *policy.Assessment) identity.Level {
	if !yes {
		return by.Weakest()
	}
	return a.Level
}

func (c *Candidate) try(facts *policy.Facts) (a policy.Assessment, ok bool) {
	defer func() {
		if recover() != nil {
			a, ok = policy.Assessment{}, false
		}
	}()
	return c.Rules.Assess(facts), true
}
