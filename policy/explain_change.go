package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Change is something that would make Admit decide otherwise, or is the next of what it takes to. It was tried, with every one
// of its values.
type Change struct {
	Code   ChangeCode
	Values []string // each does it; of ChangeClaim the values of Name
	Name   string   // of the claim
	Need   *Need    // of ChangeProve
	Then   Verdict  // with the first of the values

	from  Case
	apply func(c *Case, value string)
}

// ChangeCode names a change.
type ChangeCode string

// The changes. Of those that need nothing but a word, Values holds one empty string.
const (
	ChangeLogin     ChangeCode = "login"     // a login now, in place of the session
	ChangeLogFresh  ChangeCode = "log_read"  // this edge has read the log again
	ChangeProvider  ChangeCode = "provider"  // a login at that provider
	ChangeGroup     ChangeCode = "group"     // a group more
	ChangeClaim     ChangeCode = "claim"     // a value of a claim more
	ChangeVerified  ChangeCode = "verified"  // the provider vouches for the address
	ChangeEmail     ChangeCode = "email"     // another address, which the provider vouches for
	ChangeProve     ChangeCode = "prove"     // a login that shows Need
	ChangeNotBefore ChangeCode = "time"      // the time comes
	ChangeNoGroup   ChangeCode = "no_group"  // the groups that are asked for are lost
	ChangeRaised    ChangeCode = "raised"    // the log raises the person to the level
	ChangeRevoked   ChangeCode = "revoked"   // the session is revoked
	ChangeStale     ChangeCode = "log_stale" // the log becomes older than that
)

// Apply returns the case as it is with one of the values.
func (ch *Change) Apply(value string) Case {
	c := ch.from.clone()
	ch.apply(&c, value)
	return c
}

// clone copies what a change may write to.
func (c *Case) clone() Case {
	out := *c
	if c.Session != nil {
		s := *c.Session
		s.Memo = nil
		s.Groups = slices.Clone(s.Groups)
		s.Authentication.AMR = slices.Clone(s.Authentication.AMR)
		claims := make(map[string][]string, len(s.Claims))
		for name, values := range s.Claims {
			claims[name] = slices.Clone(values)
		}
		s.Claims = claims
		out.Session = &s
	}
	out.Standing.Floors = slices.Clone(c.Standing.Floors)
	return out
}

const (
	endOfTime = 500 * 24 * time.Hour // beyond every session
	longest   = 8                    // path
)

// path mends one condition after the other. One that leads nowhere is none.
func (c *Case) path() (out []Change) {
	at, before := *c, c.Verdict()
	for len(out) < longest && at.Verdict().Action != Allow {
		ch, found := at.mend(at.Verdict())
		if !found {
			break
		}
		out = append(out, ch)
		at = ch.Apply(ch.Values[0])
	}
	if at.Verdict().same(before) {
		return nil
	}
	return out
}

// mend finds what does away with the verdict's reason: the first of those that change anything.
func (c *Case) mend(v Verdict) (Change, bool) {
	for _, ch := range c.mends(v) {
		if ch, good := c.try(ch); good {
			return ch, true
		}
	}
	return Change{}, false
}

// try keeps the values that change the verdict or leave fewer conditions unmet, those that lead furthest first.
func (c *Case) try(ch Change) (Change, bool) {
	before, unmet := c.Verdict(), c.unmet()
	ch.from = *c
	then := map[string]Verdict{}
	ch.Values = slices.DeleteFunc(slices.Compact(slices.Clone(ch.Values)), func(value string) bool {
		after := ch.Apply(value)
		v := after.Verdict()
		then[value] = v
		return v.same(before) && after.unmet() >= unmet
	})
	if len(ch.Values) == 0 {
		return ch, false
	}
	slices.SortStableFunc(ch.Values, func(a, b string) int {
		return cmp.Compare(allows(then[b]), allows(then[a]))
	})
	ch.Then = then[ch.Values[0]]
	return ch, true
}

// unmet counts the conditions that do not hold.
func (c *Case) unmet() (n int) {
	for _, one := range c.conditions() {
		if !one.Holds() {
			n++
		}
	}
	return n
}

// same reports whether two verdicts are the same answer, for the same reason.
func (v Verdict) same(w Verdict) bool { return v.Action == w.Action && v.Reason == w.Reason }

func allows(v Verdict) int {
	if v.Action == Allow {
		return 1
	}
	return 0
}

// mends are what could do away with the verdict's reason, the likeliest first.
func (c *Case) mends(v Verdict) []Change {
	r := c.Route
	login := Change{Code: ChangeLogin, Values: []string{""}, apply: func(c *Case, _ string) { c.login() }}
	switch v.Reason {
	case NoRoute:
		return nil
	case LogTooOld:
		return []Change{{Code: ChangeLogFresh, Values: []string{""}, apply: func(c *Case, _ string) { c.Standing.Vouched, c.Standing.Staleness = true, 0 }}}
	case OtherProvider:
		return []Change{{Code: ChangeProvider, Values: []string{r.Issuer}, apply: func(c *Case, issuer string) { c.login(); c.Session.Issuer = issuer }}}
	case GroupMissing:
		return []Change{{Code: ChangeGroup, Values: r.Groups, apply: func(c *Case, g string) { c.Session.Groups = append(c.Session.Groups, g) }}}
	case ClaimMissing:
		return c.claims()
	case EmailUnverified:
		if c.Session.Email == "" {
			return []Change{c.address()}
		}
		return []Change{{Code: ChangeVerified, Values: []string{""}, apply: func(c *Case, _ string) { c.Session.EmailVerified = true }}}
	case EmailMismatch:
		return []Change{c.address()}
	case ExpressionFalse, ExpressionError:
		return append(c.expression(), login, c.loginProving())
	}
	if v.Action == StepUp && v.Need != nil {
		return []Change{c.prove(v.Need)}
	}
	return []Change{login, c.loginProving()}
}

// expression are what an expression may look at and what can be had: groups that it names, and a level that is proven.
func (c *Case) expression() []Change {
	out := []Change{{Code: ChangeGroup, Values: c.Route.Allow.Uses().Groups, apply: func(c *Case, g string) { c.Session.Groups = append(c.Session.Groups, g) }}}
	if b, known := c.Route.Levels.Weigh(c.Session, &c.Standing, c.Now); known && !b.Need.Proof.IsZero() {
		out = append(out, c.prove(&b.Need))
	}
	return out
}

// address is a verified address that the route asks for.
func (c *Case) address() Change {
	return Change{Code: ChangeEmail, Values: c.Route.Emails, apply: func(c *Case, want string) {
		c.Session.Email, c.Session.EmailVerified = exampleOf(want), true
	}}
}

// exampleOf is an address that a route's pattern means.
func exampleOf(want string) string {
	if len(want) > 0 && want[0] == '*' {
		return "somebody" + want[1:]
	}
	return want
}

func (c *Case) claims() (out []Change) {
	for _, rule := range c.Route.Claims {
		if !overlap(rule.Values, c.Session.Claims[rule.Name]) {
			out = append(out, Change{Code: ChangeClaim, Name: rule.Name, Values: rule.Values, apply: func(c *Case, value string) {
				c.Session.Claims[rule.Name] = append(c.Session.Claims[rule.Name], value)
			}})
		}
	}
	return out
}

// prove authenticates as the need asks. Its values are the acr that would do.
func (c *Case) prove(n *Need) Change {
	need := *n
	values := need.ACR
	if len(values) == 0 {
		values = []string{""}
	}
	return Change{Code: ChangeProve, Need: &need, Values: values, apply: func(c *Case, acr string) { c.authenticate(&need, acr) }}
}

// loginProving is a login that proves the level which the session was raised to.
func (c *Case) loginProving() Change {
	need := Need{}
	if c.Session != nil {
		if b, known := c.Route.Levels.Weigh(c.Session, &c.Standing, c.Now); known {
			need = b.Need
		}
	}
	ch := c.prove(&need)
	ch.apply = func(c *Case, acr string) { c.login(); c.authenticate(&need, acr) }
	return ch
}

func (c *Case) authenticate(n *Need, acr string) {
	a := &c.Session.Authentication
	if acr != "" {
		a.ACR = acr
	}
	if len(n.AMR) > 0 && !overlap(n.AMR, a.AMR) {
		a.AMR = append(a.AMR, n.AMR[0])
	}
	a.AuthTime, a.Enrolled = c.Now, time.Time{}
}

// login puts a session in place that begins now, of the same person if there is one. The level is the one that the log
// demands of a login.
func (c *Case) login() {
	levels := Levels{}
	issuer := ""
	if c.Route != nil {
		levels, issuer = c.Route.Levels, c.Route.Issuer
	}
	s := c.Session
	if s == nil {
		s = &Session{Issuer: issuer, Claims: map[string][]string{}}
		c.Session = s
	}
	if c.Route != nil {
		s.Selection = c.Route.Selection
	}
	s.Epoch, s.IssuedAt, s.IdleUntil, s.Expires = c.Now, c.Now, c.Now.Add(endOfTime), c.Now.Add(endOfTime)
	s.Authentication.AuthTime = c.Now
	s.Level, s.RaisedAt = levels.Weakest(), time.Time{}
	if f, found := levels.Strictest(&c.Standing, s.Epoch, c.Now); found && !levels.Stricter(s.Level, f.Level) {
		s.Level, s.RaisedAt = f.Level, f.Since
	}
	c.Standing.Vouched, c.Standing.Revoked = true, false
}

// endings are what would take an allowed request away.
func (c *Case) endings() (out []Change) {
	if c.Route.Public || c.Session == nil {
		return nil
	}
	keep := func(ch Change) {
		if ch, good := c.try(ch); good {
			out = append(out, ch)
		}
	}
	keep(c.later())
	if named := slices.Concat(c.Route.Groups, c.Route.Uses().Groups); len(named) > 0 {
		keep(Change{Code: ChangeNoGroup, Values: []string{""}, apply: func(c *Case, _ string) {
			c.Session.Groups = slices.DeleteFunc(c.Session.Groups, func(g string) bool { return slices.Contains(named, g) })
		}})
	}
	keep(c.raising())
	keep(Change{Code: ChangeRevoked, Values: []string{""}, apply: func(c *Case, _ string) { c.Standing.Revoked = true }})
	keep(c.staler())
	return out
}

// later is the earliest of the times at which something ends.
func (c *Case) later() Change {
	s := c.Session
	b, _ := c.Route.Levels.Weigh(s, &c.Standing, c.Now)
	times := []time.Time{b.IdleUntil(s), b.Ends(s)}
	for _, age := range c.ages() {
		if !s.Authentication.AuthTime.IsZero() {
			times = append(times, s.Authentication.AuthTime.Add(age+1))
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	ch := Change{Code: ChangeNotBefore, apply: func(c *Case, at string) {
		if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
			c.Now = t
		}
	}}
	for _, t := range times {
		one := ch
		one.Values = []string{t.UTC().Format(time.RFC3339Nano)}
		if _, good := c.try(one); good && t.After(c.Now) {
			return one
		}
	}
	return ch
}

// ages are after what time an authentication is too old for something that is asked.
func (c *Case) ages() []time.Duration {
	out := []time.Duration{c.Route.Proof.MaxAge}
	for _, rule := range c.Route.Levels {
		out = append(out, rule.Proof.MaxAge)
	}
	return slices.DeleteFunc(out, func(d time.Duration) bool { return d <= 0 })
}

// raising is a floor of the log from this moment on.
func (c *Case) raising() Change {
	var levels []string
	for name := range c.Route.Levels {
		if c.Route.Levels.Stricter(name, c.Session.Level) {
			levels = append(levels, string(name))
		}
	}
	slices.SortFunc(levels, func(a, b string) int {
		return cmp.Compare(c.Route.Levels[identity.Level(a)].Rank, c.Route.Levels[identity.Level(b)].Rank)
	})
	return Change{Code: ChangeRaised, Values: levels, apply: func(c *Case, level string) {
		since := c.Now.Add(precision + c.Session.Authentication.ClockSkew + 1) // an authentication of this moment is not newer
		c.Standing.Floors = append(c.Standing.Floors, Floor{Level: identity.Level(level), Since: since, Until: c.Now.Add(endOfTime), Reason: "example"})
	}}
}

// staler is a log that is older than the session's level bears.
func (c *Case) staler() Change {
	b, known := c.Route.Levels.Weigh(c.Session, &c.Standing, c.Now)
	bound := b.Rule.MaxStaleness
	if !known || b.Rule.Past == PastAllow || bound >= NeverRead-1 {
		return Change{}
	}
	return Change{Code: ChangeStale, Values: []string{lasting(bound)}, apply: func(c *Case, _ string) { c.Standing.Staleness = bound + 1 }}
}
