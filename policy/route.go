package policy

import (
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// ClaimRule asks that a claim has one of the values.
type ClaimRule struct {
	Name   string
	Values []string
}

// Route is what one route asks for. Conditions of different kinds must all hold; within a kind one of the listed
// values is enough. A Route without any condition admits every session in good standing.
type Route struct {
	Public    bool
	Issuer    string // empty: any provider of the edge
	Groups    []string
	Claims    []ClaimRule
	Emails    []string       // whole addresses or `*@domain`
	Classes   []string       // which levels can close until they are proven
	Level     identity.Level // that has to be proven; empty: none
	Proof     Proof          // that is needed besides
	Allow     *Expression    // one more condition; nil: none
	When      *Expression    // for which requests Classes, Level and Proof are asked; nil: all
	Levels    Levels
	Selection Selection // of the configuration that the route belongs to
}

// Uses is what the route's expressions look at.
func (r *Route) Uses() Uses { return r.Allow.Uses().and(r.When.Uses()) }

// Admit decides without knowing the request: an expression that looks at it cannot be evaluated then.
func (r *Route) Admit(s *Session, st Standing, now time.Time) Verdict {
	return r.AdmitRequest(s, st, Request{}, now)
}

// AdmitRequest decides one request. A nil session means that there is none that could be opened. Standing is not looked at
// then. The order of the checks is the order in which a person could mend them. A nil Route is a request for which there
// is no route: it is denied. Of the request no more is needed than the route's expressions look at.
func (r *Route) AdmitRequest(s *Session, st Standing, q Request, now time.Time) Verdict {
	if r == nil {
		return Verdict{Action: Deny, Reason: NoRoute}
	}
	v := r.check(s, &st, &q, now)
	if r.Public {
		return Verdict{Action: Allow, Reason: Public, Identified: v.Action == Allow}
	}
	v.Identified = v.Action == Allow
	return v
}

func (r *Route) check(s *Session, st *Standing, q *Request, now time.Time) Verdict {
	switch reason := alive(s, st, now); {
	case reason == Unvouched && st.Staleness == NeverRead:
		return Verdict{Action: Stale, Reason: LogTooOld}
	case reason != "":
		return Verdict{Action: Login, Reason: reason}
	}
	b, known := r.Levels.Weigh(s, st, now)
	switch {
	case !known:
		return Verdict{Action: Login, Reason: LevelUnknown}
	case !now.Before(b.Ends(s)):
		return Verdict{Action: Login, Reason: RaisedTooLong}
	case !now.Before(b.IdleUntil(s)):
		return Verdict{Action: Login, Reason: IdleTooLong}
	case r.tooOld(s, st, &b, q, now):
		return Verdict{Action: Stale, Reason: LogTooOld}
	case r.Issuer != "" && s.Issuer != r.Issuer:
		return Verdict{Action: Login, Reason: OtherProvider}
	}
	if v := r.entitled(s); v.Action != Allow {
		return v
	}
	if v := r.allowed(s, &b, q, now); v.Action != Allow {
		return v
	}
	return r.demanded(s, &b, q, now)
}

// entitled decides by who somebody is.
func (r *Route) entitled(s *Session) Verdict {
	reason := r.unmet(s)
	switch {
	case reason == "":
		return Verdict{Action: Allow, Reason: Permitted}
	case (reason == GroupMissing || reason == ClaimMissing) && s.Selection != r.Selection:
		return Verdict{Action: Login, Reason: SelectionOld}
	}
	return Verdict{Action: Deny, Reason: reason}
}

// assured decides by how well that was proven. It comes last: nobody is asked to prove more for what they may not see.
func (r *Route) assured(s *Session, b *Burden, now time.Time) Verdict {
	if b.blocks(r.Classes) {
		return Verdict{Action: StepUp, Reason: b.reason(), Need: &Need{Level: b.Need.Level, Proof: b.Need.Proof, Since: b.Need.Since}}
	}
	if n, met := r.atLevel(s, b, now); !met {
		return Verdict{Action: StepUp, Reason: RouteLevel, Need: &Need{Level: n.Level, Proof: n.Proof, Since: n.Since}}
	}
	if r.Proof.IsZero() {
		return Verdict{Action: Allow, Reason: Permitted}
	}
	if n := (Need{Proof: r.Proof}); !n.MetBy(&s.Authentication, now) {
		return Verdict{Action: StepUp, Reason: RouteProof, Need: &Need{Proof: r.Proof}}
	}
	return Verdict{Action: Allow, Reason: Permitted}
}

// atLevel reports whether the level that the route asks for is proven, and what that takes. For as long as a session has a
// level unproven that it was raised to, what it proved before that opens nothing.
func (r *Route) atLevel(s *Session, b *Burden, now time.Time) (n Need, met bool) {
	if r.Level == "" {
		return n, true
	}
	rule, known := r.Levels[r.Level]
	n = Need{Level: r.Level, Proof: rule.Proof}
	if !b.Proven && !rule.Proof.IsZero() {
		n.Since = b.latest
	}
	return n, known && r.Levels.Meets(&n, &s.Authentication, now)
}

// alive returns why the session counts as none, or "".
func alive(s *Session, st *Standing, now time.Time) Reason {
	switch {
	case s == nil:
		return NoSession
	case !now.Before(s.Expires):
		return Expired
	case !now.Before(s.IdleUntil):
		return IdleTooLong
	case s.IssuedAt.Sub(now) > MaxAhead:
		return FromTheFuture
	case !st.Vouched:
		return Unvouched
	case st.Revoked:
		return Revoked
	}
	return ""
}

func (r *Route) unmet(s *Session) Reason {
	if len(r.Groups) > 0 && !overlap(r.Groups, s.Groups) {
		return GroupMissing
	}
	for _, c := range r.Claims {
		if !overlap(c.Values, s.Claims[c.Name]) {
			return ClaimMissing
		}
	}
	if len(r.Emails) > 0 {
		return emailUnmet(r.Emails, s)
	}
	return ""
}

func overlap(want, have []string) bool {
	return slices.ContainsFunc(have, func(h string) bool { return slices.Contains(want, h) })
}
