package policy

import (
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Past is what happens to a level's sessions when the log is older than the level's bound.
type Past uint8

// What can happen past the bound. The zero value refuses.
const (
	PastDeny Past = iota
	PastAllow
)

// LevelRule is how stale the log may be for sessions of a level.
type LevelRule struct {
	MaxStaleness time.Duration
	Past         Past
}

// Levels holds the rule of each level. A session of a level without a rule is asked to log in again: that level is no
// longer configured, and waiting would not bring it back.
type Levels map[identity.Level]LevelRule

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
	Emails    []string // whole addresses or `*@domain`
	Levels    Levels
	Selection Selection // of the configuration that the route belongs to
}

// Admit decides one request. A nil session means that there is none that could be opened. Standing is not looked at
// then. The order of the checks is the order in which a person could mend them. A nil Route is a request for which there
// is no route: it is denied.
func (r *Route) Admit(s *Session, st Standing, now time.Time) Verdict {
	if r == nil {
		return Verdict{Action: Deny, Reason: NoRoute}
	}
	v := r.check(s, st, now)
	if r.Public {
		return Verdict{Action: Allow, Reason: Public, Identified: v.Action == Allow}
	}
	v.Identified = v.Action == Allow
	return v
}

func (r *Route) check(s *Session, st Standing, now time.Time) Verdict {
	switch reason := alive(s, st, now); {
	case reason == Unvouched && st.Staleness == NeverRead:
		return Verdict{Action: Stale, Reason: LogTooOld}
	case reason != "":
		return Verdict{Action: Login, Reason: reason}
	}
	rule, known := r.Levels[s.Level]
	if !known {
		return Verdict{Action: Login, Reason: LevelUnknown}
	}
	if st.Staleness > rule.MaxStaleness && rule.Past != PastAllow {
		return Verdict{Action: Stale, Reason: LogTooOld}
	}
	if r.Issuer != "" && s.Issuer != r.Issuer {
		return Verdict{Action: Login, Reason: OtherProvider}
	}
	reason := r.unmet(s)
	switch {
	case reason == "":
		return Verdict{Action: Allow, Reason: Permitted}
	case (reason == GroupMissing || reason == ClaimMissing) && s.Selection != r.Selection:
		return Verdict{Action: Login, Reason: SelectionOld}
	}
	return Verdict{Action: Deny, Reason: reason}
}

// alive returns why the session counts as none, or "".
func alive(s *Session, st Standing, now time.Time) Reason {
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
