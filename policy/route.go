package policy

import (
	"slices"
	"sort"
	"strings"
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

// Levels holds the rule of each level. A level without a rule tolerates no staleness at all.
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
// then. The order of the checks is the order in which a person could mend them.
func (r *Route) Admit(s *Session, st Standing, now time.Time) Verdict {
	v := r.check(s, st, now)
	if r.Public {
		return Verdict{Action: Allow, Reason: Public, Identified: v.Action == Allow}
	}
	v.Identified = v.Action == Allow
	return v
}

func (r *Route) check(s *Session, st Standing, now time.Time) Verdict {
	if reason := alive(s, st, now); reason != "" {
		return Verdict{Action: Login, Reason: reason}
	}
	if r.stale(s.Level, st.Staleness) {
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

func (r *Route) stale(l identity.Level, age time.Duration) bool {
	rule := r.Levels[l] // an unknown level gets the zero rule: no staleness tolerated, deny
	return age > rule.MaxStaleness && rule.Past != PastAllow
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

// emailUnmet compares without case. An address with more than one @ matches nothing: mail systems disagree about
// which part is the domain.
func emailUnmet(want []string, s *Session) Reason {
	if !s.EmailVerified {
		return EmailUnverified
	}
	local, domain, ok := strings.Cut(s.Email, "@")
	if !ok || local == "" || domain == "" || strings.Contains(domain, "@") {
		return EmailMismatch
	}
	for _, w := range want {
		if d, any := strings.CutPrefix(w, "*@"); any && strings.EqualFold(d, domain) || strings.EqualFold(w, s.Email) {
			return ""
		}
	}
	return EmailMismatch
}

// Select names the groups and claims that the routes ask about; only those are kept in sessions.
func Select(routes []*Route) (groups, claims []string, sel Selection) {
	g, c := map[string]bool{}, map[string]bool{}
	for _, r := range routes {
		for _, name := range r.Groups {
			g[name] = true
		}
		for _, rule := range r.Claims {
			c[rule.Name] = true
		}
	}
	groups, claims = sorted(g), sorted(c)
	d := identity.Digest("edgeauth selection", append(append(groups[:len(groups):len(groups)], "\x00"), claims...)...)
	return groups, claims, Selection(d[:8])
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for name := range set {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
