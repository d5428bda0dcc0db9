package policy

import (
	"time"
)

// Case is one request as Admit decides it.
type Case struct {
	Route    *Route
	Session  *Session
	Standing Standing
	Request  Request // as far as the route's expressions look at it
	Now      time.Time
}

// Verdict is that of AdmitRequest.
func (c *Case) Verdict() Verdict {
	return c.Route.AdmitRequest(c.Session, c.Standing, c.Request, c.Now)
}

// Explanation says why a request is decided as it is, and what would change that. Its verdict is Admit's own. The conditions
// are looked at by the same functions, and each change was tried on Admit.
type Explanation struct {
	Verdict    Verdict
	Conditions []Condition // in Admit's order; the first that does not hold decides
	// Changes lead, one after the other, to where the request is allowed, or as far as that can be told. Of a request that is
	// allowed they are those that would end that, each by itself.
	Changes []Change
}

// Condition is one thing that Admit looks at.
type Condition struct {
	Kind   Kind
	Asked  string // in words; of a list one suffices
	Given  string
	Reason Reason // of the verdict, if this decides; empty where it holds
}

// Holds reports whether the condition is met.
func (c *Condition) Holds() bool { return c.Reason == "" }

// Kind names what a condition is about.
type Kind string

// The kinds, in the order in which Admit looks at them.
const (
	KindRoute    Kind = "route"     // there is one
	KindSession  Kind = "session"   // a live one
	KindLevel    Kind = "level"     // of the session
	KindLog      Kind = "log"       // new enough to tell
	KindProvider Kind = "provider"  // the one that the route asks for
	KindGroups   Kind = "groups"    //
	KindClaim    Kind = "claim"     //
	KindEmail    Kind = "email"     //
	KindAllow    Kind = "allow"     // the route's expression
	KindWhen     Kind = "when"      // the expression that says whether the rest is asked of this request; it decides nothing by itself
	KindClasses  Kind = "classes"   // none closed by an unproven level
	KindProven   Kind = "min_level" // the route's own level is proven
	KindProof    Kind = "proof"     // the route's own acr, amr and max_age
)

// Explain decides a request as Admit does, and says why.
func (c Case) Explain() Explanation {
	e := Explanation{Verdict: c.Verdict(), Conditions: c.conditions()}
	if e.Verdict.Action == Allow {
		e.Changes = c.endings()
	} else {
		e.Changes = c.path()
	}
	return e
}

// conditions looks at everything that the route asks for. Where there is no live session, or one whose level is not known,
// the rest cannot be told.
func (c *Case) conditions() []Condition {
	if c.Route == nil {
		return []Condition{{Kind: KindRoute, Asked: "one that matches", Given: "none", Reason: NoRoute}}
	}
	alive := c.alive()
	if !alive.Holds() {
		return []Condition{alive}
	}
	b, known := c.Route.Levels.Weigh(c.Session, &c.Standing, c.Now)
	level := c.level(&b, known)
	if !known {
		return []Condition{alive, level}
	}
	out := []Condition{alive, level, c.log(&b)}
	out = append(out, c.who()...)
	out = append(out, c.expressions(&b)...)
	return append(out, c.proven(&b)...)
}

func (c *Case) alive() Condition {
	out := Condition{Kind: KindSession, Asked: "one that lives", Given: "none", Reason: alive(c.Session, &c.Standing, c.Now)}
	if out.Reason == Unvouched && c.Standing.Staleness == NeverRead {
		out.Reason = LogTooOld // as Admit has it: the log says nothing yet
	}
	if s := c.Session; s != nil {
		out.Given = "until " + stamp(s.Expires)
		if s.IdleUntil.Before(s.Expires) {
			out.Given += ", idle until " + stamp(s.IdleUntil)
		}
	}
	return out
}

func (c *Case) level(b *Burden, known bool) Condition {
	out := Condition{Kind: KindLevel, Asked: "one that is configured", Given: string(c.Session.Level)}
	switch {
	case !known:
		out.Reason = LevelUnknown
	case !c.Now.Before(b.Ends(c.Session)):
		out.Asked, out.Reason = "raised no longer ago than "+lasting(b.Rule.Lifetime)+", or proven", RaisedTooLong
		out.Given = string(b.Need.Level) + " since " + stamp(b.Need.Since)
	case !c.Now.Before(b.IdleUntil(c.Session)):
		out.Asked, out.Reason = "a request every "+lasting(b.idle)+" once raised, or proven", IdleTooLong
		out.Given = string(b.Need.Level) + " since " + stamp(b.Need.Since) + ", idle until " + stamp(b.IdleUntil(c.Session))
	case b.Raised:
		out.Given += ", raised to " + string(b.Need.Level) + " by the log"
	}
	return out
}

func (c *Case) log(b *Burden) Condition {
	out := Condition{Kind: KindLog, Asked: "any age", Given: lasting(c.Standing.Staleness) + " old"}
	if b.Rule.Past == PastAllow {
		return out
	}
	out.Asked = "at most " + lasting(b.Rule.MaxStaleness) + " old"
	if b.Rule.Past == PastDowngrade {
		out.Asked += " where more is asked than a session"
	}
	if c.Route.tooOld(c.Session, &c.Standing, b, &c.Request, c.Now) {
		out.Reason = LogTooOld
	}
	return out
}

// who are the conditions about the person. Each is looked at as a route that asks for it alone.
func (c *Case) who() (out []Condition) {
	r, s := c.Route, c.Session
	if r.Issuer != "" {
		one := Condition{Kind: KindProvider, Asked: r.Issuer, Given: s.Issuer}
		if s.Issuer != r.Issuer {
			one.Reason = OtherProvider
		}
		out = append(out, one)
	}
	only := func(kind Kind, part Route, asked, given string) {
		part.Selection = r.Selection
		one := Condition{Kind: kind, Asked: asked, Given: given}
		if v := part.entitled(s); v.Action != Allow {
			one.Reason = v.Reason
		}
		out = append(out, one)
	}
	if len(r.Groups) > 0 {
		only(KindGroups, Route{Groups: r.Groups}, either(r.Groups), orNone(s.Groups))
	}
	for _, rule := range r.Claims {
		only(KindClaim, Route{Claims: []ClaimRule{rule}}, rule.Name+" = "+either(rule.Values), orNone(s.Claims[rule.Name]))
	}
	if len(r.Emails) > 0 {
		only(KindEmail, Route{Emails: r.Emails}, either(r.Emails), address(s))
	}
	return out
}

// expressions are what the route's expressions come to.
func (c *Case) expressions(b *Burden) (out []Condition) {
	r := c.Route
	if r.Allow != nil {
		one := Condition{Kind: KindAllow, Asked: r.Allow.String(), Given: c.judged(r.Allow, b)}
		if v := r.allowed(c.Session, b, &c.Request, c.Now); v.Action != Allow {
			one.Reason = v.Reason
		}
		out = append(out, one)
	}
	if r.When != nil {
		out = append(out, Condition{Kind: KindWhen, Asked: r.When.String(), Given: c.judged(r.When, b)})
	}
	return out
}

// judged says in words what an expression comes to.
func (c *Case) judged(e *Expression, b *Burden) string {
	j := e.evaluate(c.Session, b.situation(), &c.Request, c.Now)
	switch {
	case j.fault != "":
		return "cannot be told: " + j.fault
	case j.holds:
		return "holds"
	}
	return "does not hold"
}

// proven are the conditions about how well that was shown.
func (c *Case) proven(b *Burden) (out []Condition) {
	r, s := c.Route, c.Session
	given := authentication(&s.Authentication)
	only := func(kind Kind, part Route, asked, given string) {
		part.Levels = r.Levels
		one := Condition{Kind: kind, Asked: asked, Given: given}
		v := part.assured(s, b, c.Now)
		if v.Action == StepUp && r.When != nil {
			v = r.when(v, s, b, &c.Request, c.Now)
		}
		if v.Action != Allow {
			one.Reason = v.Reason
		}
		out = append(out, one)
	}
	if len(r.Classes) > 0 {
		state := string(b.Need.Level) + " closes " + orNone(b.Rule.Blocks)
		if b.Proven {
			state = string(b.Need.Level) + " is proven"
		}
		only(KindClasses, Route{Classes: r.Classes}, orNone(r.Classes)+" open", state)
	}
	if r.Level != "" {
		only(KindProven, Route{Level: r.Level}, string(r.Level)+": "+r.Levels[r.Level].Proof.String(), given)
	}
	if !r.Proof.IsZero() {
		only(KindProof, Route{Proof: r.Proof}, r.Proof.String(), given)
	}
	return out
}
