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

// LevelRule is what one security level means for the sessions that have it, or that a floor has raised to it.
type LevelRule struct {
	Rank         int // its place in the order of levels; a greater one is stricter
	MaxStaleness time.Duration
	Past         Past

	Proof    Proof         // what proves that the right person is there
	Blocks   []string      // classes of routes that are closed until it is proven
	Lifetime time.Duration // of a session at this level, at most; 0: that of any session
	Idle     time.Duration // without a request; 0: that of any session

	// Hold is how long a floor of this level is demanded of logins that came after it, too. Sessions from before it have to
	// meet it for as long as they live, whatever Hold is.
	Hold time.Duration
}

// Levels holds the rule of each level. A session of a level without a rule is asked to log in again: that level is no
// longer configured, and waiting would not bring it back. A floor of such a level counts as one of the highest.
type Levels map[identity.Level]LevelRule

// strictest returns the level of the greatest rank.
func (l Levels) strictest() (top identity.Level, rule LevelRule) {
	rule.Rank = -1
	for name, r := range l {
		if r.Rank > rule.Rank {
			top, rule = name, r
		}
	}
	return top, rule
}

// Proof is how someone has to have authenticated (OpenID Connect Core 1.0, section 2: acr, amr, auth_time). It can name
// both acr and amr, because the acr alone proves little: providers were seen to issue it to someone who had just enrolled
// an authenticator with a stolen password.
type Proof struct {
	ACR    []string      // one of these; empty: any
	AMR    []string      // and one of these; empty: any
	MaxAge time.Duration // and no longer ago; 0: any time

	// NewAuthenticator permits one that was enrolled on the spot after the level was raised.
	NewAuthenticator bool
}

// IsZero reports whether p asks for nothing.
func (p Proof) IsZero() bool { return len(p.ACR) == 0 && len(p.AMR) == 0 && p.MaxAge == 0 }

// Need is what a request lacks: a proof, and where a level was raised, one that came after it was.
type Need struct {
	Level identity.Level // whose proof it is; empty: the route's own
	Proof
	Since time.Time // the authentication must not be older; zero: any
}

// Authentication is how a session's person authenticated, and what is known against it.
type Authentication struct {
	identity.Assurance
	// Enrolled is when an authenticator was enrolled on the spot, with nothing but what it should have strengthened; zero:
	// never. It proves nothing against a level that was raised before.
	Enrolled time.Time
	// ClockSkew is how far the provider's clock may be off.
	ClockSkew time.Duration
}

// precision is that of auth_time, which counts whole seconds.
const precision = time.Second

// MetBy reports whether an authentication is strong and new enough. What the provider did not say is never in favour:
// without auth_time no age is short enough.
func (n *Need) MetBy(a *Authentication, now time.Time) bool {
	if len(n.ACR) > 0 && !slices.Contains(n.ACR, a.ACR) || len(n.AMR) > 0 && !overlap(n.AMR, a.AMR) {
		return false
	}
	if n.MaxAge == 0 && n.Since.IsZero() {
		return true
	}
	if a.AuthTime.IsZero() || a.AuthTime.Sub(now) > MaxAhead {
		return false
	}
	if n.MaxAge > 0 && now.Sub(a.AuthTime) > n.MaxAge {
		return false
	}
	return n.Since.IsZero() || n.answeredBy(a)
}

// answeredBy reports whether the authentication came after the level was raised, and not by an authenticator that did.
func (n *Need) answeredBy(a *Authentication) bool {
	if !n.NewAuthenticator && !a.Enrolled.IsZero() && !a.Enrolled.Before(n.Since) {
		return false
	}
	return !a.AuthTime.Add(precision + a.ClockSkew).Before(n.Since)
}

// Floor is a level that the log demands of a subject's sessions.
type Floor struct {
	Level  identity.Level
	Since  time.Time
	Until  time.Time // past it the log has forgotten it
	Reason string
}

// inForce reports whether the floor speaks of a session whose login was at epoch.
func (f *Floor) inForce(rule *LevelRule, epoch, now time.Time) bool {
	if !now.Before(f.Until) {
		return false
	}
	return !epoch.After(f.Since.Add(identity.MaxClockSkew)) || now.Before(f.Since.Add(rule.Hold))
}

// burden is the strictest level that a session is under, and what would lift it.
type burden struct {
	rule   LevelRule
	need   Need
	proven bool
	reason Reason
}

// weigh finds the burden of a session: its own level, and the floors in force that it does not meet. Among levels of one
// rank the unproven and then the later counts.
func (l Levels) weigh(s *Session, st *Standing, now time.Time) (burden, bool) {
	own, known := l[s.Level]
	if !known {
		return burden{}, false
	}
	b := burden{rule: own, need: Need{Level: s.Level, Proof: own.Proof, Since: s.RaisedAt}, reason: LevelUnproven}
	b.proven = own.Proof.IsZero() && s.RaisedAt.IsZero() || b.need.MetBy(&s.Authentication, now)
	for i := range st.Floors {
		l.raise(&b, s, &st.Floors[i], now)
	}
	return b, true
}

func (l Levels) raise(b *burden, s *Session, f *Floor, now time.Time) {
	level := f.Level
	rule, known := l[level]
	if !known {
		level, rule = l.strictest()
	}
	if !f.inForce(&rule, s.Epoch, now) {
		return
	}
	need := Need{Level: level, Proof: rule.Proof, Since: f.Since}
	if need.MetBy(&s.Authentication, now) {
		return
	}
	if rule.Rank > b.rule.Rank || rule.Rank == b.rule.Rank && (b.proven || need.Since.After(b.need.Since)) {
		*b = burden{rule: rule, need: need, reason: Raised}
	}
}

// outlived reports whether a session under this burden has lived as long as the level permits since it was raised.
func (b *burden) outlived(now time.Time) bool {
	return !b.proven && b.rule.Lifetime > 0 && !b.need.Since.IsZero() && !now.Before(b.need.Since.Add(b.rule.Lifetime))
}

// blocks reports whether the burden closes routes of any of these classes.
func (b *burden) blocks(classes []string) bool {
	return !b.proven && len(classes) > 0 && overlap(classes, b.rule.Blocks)
}

// proves reports whether an authentication proves a level: by the proof of that level or of a stricter one that asks for
// anything.
func (l Levels) proves(level identity.Level, a *Authentication, now time.Time) bool {
	want, known := l[level]
	if !known {
		return false
	}
	for name, rule := range l {
		if name != level && (rule.Rank <= want.Rank || rule.Proof.IsZero()) {
			continue
		}
		if n := (Need{Proof: rule.Proof}); n.MetBy(a, now) {
			return true
		}
	}
	return false
}
