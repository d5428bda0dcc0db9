package policy

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Past is what happens to a level's sessions when the log is older than the level's bound.
type Past uint8

// What can happen past the bound. The zero value refuses.
const (
	PastDeny Past = iota
	PastAllow
	PastDowngrade // nothing but what every session may have: what asks for a level or a proof, or what a level can close, refuses
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

// Levels holds the rule of each level. A stricter level must block all that a weaker one blocks, tolerate no older log and
// let sessions live no longer: then no raise ever opens anything. A session of a level without a rule is asked to log in
// again: that level is no longer configured, and waiting would not bring it back. A floor of such a level counts as one of
// the highest.
type Levels map[identity.Level]LevelRule

// strictest is the level of the greatest rank; of several the first by name.
func (l Levels) strictest() (top identity.Level) {
	rank := math.MinInt
	for name, r := range l {
		if r.Rank > rank || r.Rank == rank && name < top {
			top, rank = name, r.Rank
		}
	}
	return top
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

// ID tells one proof from another, the same on every edge: it is how a login link names what a route asks for.
func (p Proof) ID() [4]byte {
	parts := []string{strconv.Itoa(len(p.ACR)), p.MaxAge.String(), strconv.FormatBool(p.NewAuthenticator)}
	d := identity.Digest("edgeauth proof", slices.Concat(parts, p.ACR, p.AMR)...)
	return [4]byte(d[:4])
}

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

// Meets reports whether an authentication is strong and new enough for a need. What proves a stricter level proves a
// weaker one: the two need not name the same acr and amr.
func (l Levels) Meets(n *Need, a *Authentication, now time.Time) bool {
	if n.MetBy(a, now) {
		return true
	}
	want, known := l[n.Level]
	if !known {
		return false
	}
	for _, rule := range l {
		if rule.Rank <= want.Rank || len(rule.Proof.ACR) == 0 && len(rule.Proof.AMR) == 0 {
			continue
		}
		stricter := *n
		stricter.ACR, stricter.AMR = rule.Proof.ACR, rule.Proof.AMR
		if stricter.MetBy(a, now) {
			return true
		}
	}
	return false
}

// Burden is what levels mean for a session: the strictest that it is under, and the strictest that it has not proven.
type Burden struct {
	Rule   LevelRule // of the strictest level that the session has, or that it has not met
	Need   Need      // what would lift the strictest unproven level; if all are proven, that of the session's own
	Proven bool
	Raised bool   // Need is that of a floor, not of the session's own level
	Why    string // of that floor

	unproven LevelRule     // of Need.Level
	latest   time.Time     // when the session was last raised to anything that it has not proven
	ends     time.Time     // when the session ends for what it has not proven; zero: only by itself
	idle     time.Duration // that such levels let it be without a request; 0: as any session
	idles    time.Time     // when it will have been for so long; zero: never
}

// Weigh finds the burden of a session: its own level, and the floors in force that it does not meet. Among unproven levels
// of one rank the later counts. It fails for a session whose level is not configured.
func (l Levels) Weigh(s *Session, st *Standing, now time.Time) (Burden, bool) {
	own, known := l[s.Level]
	if !known {
		return Burden{}, false
	}
	b := Burden{Rule: own, Need: Need{Level: s.Level, Proof: own.Proof, Since: s.RaisedAt}, unproven: own}
	b.Proven = own.Proof.IsZero() && s.RaisedAt.IsZero() || l.Meets(&b.Need, &s.Authentication, now)
	if !b.Proven {
		b.left(s.RaisedAt, s, &own)
	}
	for i := range st.Floors {
		l.raise(&b, s, &st.Floors[i], now)
	}
	return b, true
}

// raise adds a floor to the burden, if it is in force and not met.
func (l Levels) raise(b *Burden, s *Session, f *Floor, now time.Time) {
	level, rule := l.of(f)
	if !f.inForce(&rule, s.Epoch, now) {
		return
	}
	need := Need{Level: level, Proof: rule.Proof, Since: f.Since}
	if l.Meets(&need, &s.Authentication, now) {
		return
	}
	b.left(f.Since, s, &rule)
	if rule.Rank > b.Rule.Rank {
		b.Rule = rule
	}
	if b.Proven || rule.Rank > b.unproven.Rank || rule.Rank == b.unproven.Rank && need.Since.After(b.Need.Since) {
		b.Need, b.Proven, b.Raised, b.Why, b.unproven = need, false, true, f.Reason, rule
	}
}

// left notes a level that is left to prove. The session lasts no longer than its lifetime from when it was raised to that, or
// from its own login if that came after it: whoever logs in while a level is held has as much time to prove it as those who
// were there before. Nor does it last longer without a request than the level lets it.
func (b *Burden) left(raised time.Time, s *Session, rule *LevelRule) {
	if raised.After(b.latest) {
		b.latest = raised
	}
	if raised.IsZero() {
		return
	}
	b.idling(raised, s, rule.Idle)
	if rule.Lifetime <= 0 {
		return
	}
	if s.Epoch.After(raised.Add(identity.MaxClockSkew)) {
		raised = s.Epoch
	}
	b.ends = sooner(b.ends, raised.Add(rule.Lifetime))
}

// Weakest is the level of the least rank; of several the first by name.
func (l Levels) Weakest() (level identity.Level) {
	least := math.MaxInt
	for name, rule := range l {
		if rule.Rank < least || rule.Rank == least && name < level {
			level, least = name, rule.Rank
		}
	}
	return level
}

// Strictest returns the strictest floor in force for a login at epoch, whether it is met or not, with a level that is
// configured; of those of one rank the latest. A session under it takes its level.
func (l Levels) Strictest(st *Standing, epoch, now time.Time) (top Floor, found bool) {
	for _, f := range st.Floors {
		level, rule := l.of(&f)
		if f.Level = level; !f.inForce(&rule, epoch, now) {
			continue
		}
		if !found || rule.Rank > l[top.Level].Rank || rule.Rank == l[top.Level].Rank && f.Since.After(top.Since) {
			top, found = f, true
		}
	}
	return top, found
}

// of is the level of a floor, the strictest if it is not configured here.
func (l Levels) of(f *Floor) (identity.Level, LevelRule) {
	level := l.Known(f.Level)
	return level, l[level]
}

// Known is the level itself if it is configured, and the strictest that is if not: what demands an unknown level demands
// much.
func (l Levels) Known(level identity.Level) identity.Level {
	if _, known := l[level]; known {
		return level
	}
	return l.strictest()
}

// Covers reports whether a floor demands at least a level of everyone who logs in now, and goes on to for as long as such
// a session could last: then there is no need for another, which would only undo what was proven since.
func (l Levels) Covers(st *Standing, level identity.Level, now time.Time) bool {
	_, want := l.of(&Floor{Level: level})
	return slices.ContainsFunc(st.Floors, func(f Floor) bool {
		_, rule := l.of(&f)
		end := f.Since.Add(rule.Hold - want.Lifetime)
		return rule.Rank >= want.Rank && now.Before(end) && now.Before(f.Until.Add(-want.Lifetime))
	})
}

// Stricter reports whether a is a stricter level than b. A level that is not configured is stricter than all.
func (l Levels) Stricter(a, b identity.Level) bool {
	x, known := l[a]
	y, comparable := l[b]
	return comparable && (!known || x.Rank > y.Rank)
}

// Ends is when a session under this burden ends at the latest: by its own time, or when it has lived as long as the levels
// permit that it has not proven.
func (b *Burden) Ends(s *Session) time.Time {
	if !b.ends.IsZero() && b.ends.Before(s.Expires) {
		return b.ends
	}
	return s.Expires
}

// blocks reports whether the burden closes routes of any of these classes.
func (b *Burden) blocks(classes []string) bool {
	return !b.Proven && len(classes) > 0 && overlap(classes, b.unproven.Blocks)
}

func (b *Burden) reason() Reason {
	if b.Raised {
		return Raised
	}
	return LevelUnproven
}
