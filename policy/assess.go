package policy

import (
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Assess says how far a login, or a change within a session, differs from what is usual for its subject, and which level
// that asks for. It is a function of the rules and the facts alone; equal facts give an equal assessment, in whatever
// order sightings of the same moment stand. Facts and Rules are only read and may be shared. No value in them, however odd,
// makes it panic or return anything but finite numbers.
//
// A rule that has a level of its own (Zones, Travel, Require) acts always; what the score asks for acts once the subject's
// learning period is over. Both only ever raise. What is unknown counts neither way and is listed.
func (r *Rules) Assess(f *Facts) Assessment {
	t := tally{rules: r, facts: f, terms: make([]Term, 0, 24), spans: make([]span, 0, 24), text: make([]byte, 0, 512)}
	var room [64]time.Duration
	t.ago = t.ages(room[:0])
	t.unread()
	t.clocks()
	t.zones()
	t.travel()
	t.client()
	t.failures()
	t.networks()
	t.compare()
	t.device()
	t.credits()
	return t.result()
}

// tally is what one assessment has found so far.
type tally struct {
	rules   *Rules
	facts   *Facts
	ago     []time.Duration // of each sighting, how long before now
	terms   []Term
	spans   []span // of each term's detail within text, which is made a string once
	text    []byte
	unknown []Reason
	rank    int // of the level so far
	reasons []Reason
	lowered float64
	known   bool // the device
}

type span struct{ from, to int }

// result settles the score and the level.
func (t *tally) result() Assessment {
	t.bound()
	text := string(t.text)
	for i := range t.terms {
		t.terms[i].Detail = text[t.spans[i].from:t.spans[i].to]
	}
	slices.SortFunc(t.terms, before)
	a := Assessment{Terms: t.terms, At: t.facts.Now.At}
	for i := range a.Terms {
		a.Score += a.Terms[i].Points
	}
	t.thresholds(a.Score)
	a.Level, a.Reasons, a.Unknown = t.rules.at(t.rank), t.reasons, append(t.unknown, t.facts.Unknown...)
	slices.Sort(a.Unknown)
	a.Unknown = slices.Compact(a.Unknown)
	return a
}

// before orders the terms: greatest points first, and last what only settles an account.
func before(a, b Term) int {
	switch {
	case (a.Code == LoweringCapped) != (b.Code == LoweringCapped):
		if b.Code == LoweringCapped {
			return -1
		}
		return 1
	case a.Points > b.Points:
		return -1
	case a.Points < b.Points:
		return 1
	case a.Code < b.Code:
		return -1
	case a.Code > b.Code:
		return 1
	}
	return 0
}

// bound takes back what the lowering terms lowered beyond Caps.Total, with a term of its own, so that the terms still add
// up.
func (t *tally) bound() {
	if excess := t.lowered - t.rules.Caps.Total; excess > 0 && !t.exempt(LoweringCapped) {
		from := len(t.text)
		t.writeString("no more than ")
		t.writeFloat(t.rules.Caps.Total)
		t.writeString(" points are taken away")
		t.note(LoweringCapped, excess, 0, from)
	}
}

// thresholds raises to the levels whose least score is reached, unless the subject is still new.
func (t *tally) thresholds(score float64) {
	rank := 0
	for i, level := range t.rules.levels() {
		if least, ok := t.threshold(level); ok && score >= least {
			rank = i
		}
	}
	if rank == 0 {
		return
	}
	if t.learning() {
		t.reasons = append(t.reasons, Learning)
		return
	}
	t.raise(rank, ScoreReached)
}

// learning reports whether too little is known of the subject for its score to mean anything. A history that could not be
// read is no new user's.
func (t *tally) learning() bool {
	f, l := t.facts, &t.rules.Learning
	if !f.HistoryKnown {
		return false
	}
	logins, first := 0, f.Now.At
	for i := range f.History {
		if s := &f.History[i]; usual(s) {
			if s.Login {
				logins++
			}
			if s.At.Before(first) && !s.At.IsZero() {
				first = s.At
			}
		}
	}
	return logins < l.Logins && (l.Days <= 0 || logins == 0 || f.Now.At.Sub(first) < time.Duration(l.Days)*24*time.Hour)
}

// usual reports whether a sighting tells what is usual for the subject. One whose assessment asked for more than was
// proven may be an attacker's: it counts for the rules of movement alone.
func usual(s *Sighting) bool { return !s.Unproven }

// require raises to a rule's own level, if it has one.
func (t *tally) require(level identity.Level, why Reason) {
	if level == "" {
		return
	}
	t.raise(t.rules.Rank(level), why)
}

// raise makes the level at least the one of this rank; the reasons are those for the level that it came to.
func (t *tally) raise(rank int, why Reason) {
	if rank > t.rank {
		t.rank, t.reasons = rank, t.reasons[:0]
	}
	if rank == t.rank && rank > 0 && !slices.Contains(t.reasons, why) {
		t.reasons = append(t.reasons, why)
	}
}

// unread marks a history that could not be read: nothing can be compared, which is not what a new user looks like.
func (t *tally) unread() {
	if t.facts.HistoryKnown {
		return
	}
	t.unknown = append(t.unknown, HistoryUnread)
	if !t.exempt(HistoryUnread) {
		t.require(t.rules.Require[HistoryUnread], HistoryUnread)
	}
}

// clocks marks sightings from further ahead than clocks may differ: a clock jumped, here or where they were made. Nobody
// can tell how long ago they were. The rules of movement take them for sightings of this moment, which can only raise.
func (t *tally) clocks() {
	for i := range t.ago {
		if t.ahead(i) {
			t.unknown = append(t.unknown, ClockAhead)
			return
		}
	}
}

// ages measures how long ago each sighting was.
func (t *tally) ages(ago []time.Duration) []time.Duration {
	past := t.facts.past()
	for i := range past {
		ago = append(ago, t.facts.Now.At.Sub(past[i].At))
	}
	return ago
}

// ahead reports whether a sighting of the history is from the future.
func (t *tally) ahead(i int) bool { return t.ago[i] < -identity.MaxClockSkew }

// past is the history as far as it could be read.
func (f *Facts) past() []Sighting {
	if !f.HistoryKnown {
		return nil
	}
	return f.History
}
