package policy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Rules are what an assessment goes by. The zero Rules find nothing and ask for nothing; DefaultRules are those that are
// shipped.
type Rules struct {
	Levels     []identity.Level           // lowest first; empty: normal, elevated, high
	Thresholds map[identity.Level]float64 // least score that asks for the level
	Zones      Zones
	Travel     Travel
	Failures   Bursts
	Require    map[Reason]identity.Level // level that a reason asks for by itself, whatever the score
	Weights    map[Feature]float64       // how much each comparison counts; 0: not at all
	Points     map[Reason]float64        // what each rule adds; below 0 for what speaks for the subject
	Caps       Caps
	Learning   Period
	KnownFor   time.Duration // from when on a device is LongKnownDevice
	Exceptions []Exception   // each that fits counts
}

// Zones is the rule that someone seen in too many time zones at once is several people. Zones are distinct if their
// offsets from UTC at the time of each sighting differ.
type Zones struct {
	Count  int // 0: the rule is off
	Within time.Duration
	Level  identity.Level
}

// Travel is the rule that nobody is faster than an airliner. Between HalfFrom and MaxSpeed it adds half its points and asks
// for no level.
type Travel struct {
	MinDistance float64 // km, beyond both places' radii
	MaxSpeed    float64 // km/h; 0: the rule is off
	HalfFrom    float64 // km/h; 0: there is no half
	Level       identity.Level
}

// Bursts are the numbers of recent failures that are nothing unusual. Each doubling beyond adds the points of the rule once
// more, up to Caps.Term.
type Bursts struct {
	Subject float64
	Network float64
	ASN     float64
}

// Caps bound what single terms can do. All are above 0.
type Caps struct {
	Term  float64 // what one term adds at most
	Lower float64 // what one comparison takes away at most
	Total float64 // what all that lowers takes away together at most
}

// Period is the time in which a subject is too little known for the score to act. It ends with either.
type Period struct {
	Logins int // that many were seen
	Days   int // or so long ago the first one was, however few there were since; 0: only the logins count
}

// Exception is what holds for some subjects in place of the general rules.
type Exception struct {
	Issuer     string                     // empty: of any
	Groups     []string                   // members of one of these; empty: anybody
	Exempt     []Reason                   // these terms, and rules, do not count
	Thresholds map[identity.Level]float64 // in place of the general ones; where several exceptions fit, the lowest
}

// DefaultRules returns the rules as shipped. The caller owns what it gets.
func DefaultRules() *Rules { return DefaultRulesFor(shippedLevels()) }

// DefaultRulesFor returns the rules as shipped for levels of these names, weakest first.
func DefaultRulesFor(levels [3]identity.Level) *Rules {
	elevated, high := levels[1], levels[2]
	return &Rules{
		Levels:     levels[:],
		Thresholds: map[identity.Level]float64{elevated: 1, high: 5},
		Zones:      Zones{Count: 3, Within: time.Hour, Level: high},
		Travel:     Travel{MinDistance: 500, MaxSpeed: 1000, HalfFrom: 805, Level: elevated},
		Failures:   Bursts{Subject: 3, Network: 10, ASN: 200},
		Require:    map[Reason]identity.Level{HistoryUnread: elevated},
		Weights: map[Feature]float64{
			FeatureCountry: 0.5, FeatureASN: 0.8, FeaturePrefix: 0.8, FeatureAddress: 0.2,
			FeatureKind: 0.4, FeatureOS: 0.6, FeatureBrowser: 0.8, FeatureVersion: 0.2, FeatureAgent: 0.2,
			FeatureJA4: 0.4, FeatureDevice: 1, FeatureHour: 0.2,
		},
		Points: map[Reason]float64{
			TimeZones: 4, ImpossibleTravel: 3, NewTor: 3, NewHosting: 1.5, ClientContradicts: 2.5, Rekeyed: 2,
			SubjectFailures: 1, NetworkFailures: 1, ASNFailures: 0.5, LongKnownDevice: -1, PhishingResistant: -3,
		},
		Caps:     Caps{Term: 4, Lower: 4, Total: 5},
		Learning: Period{Logins: 5, Days: 30},
		KnownFor: 30 * 24 * time.Hour,
	}
}

// fits reports whether the exception speaks of the subject.
func (e *Exception) fits(f *Facts) bool {
	return (e.Issuer == "" || e.Issuer == f.Subject.Issuer) && (len(e.Groups) == 0 || overlap(e.Groups, f.Groups))
}

func (t *tally) exempt(code Reason) bool {
	for i := range t.rules.Exceptions {
		if e := &t.rules.Exceptions[i]; slices.Contains(e.Exempt, code) && e.fits(t.facts) {
			return true
		}
	}
	return false
}

// threshold is the least score for a level that holds for the subject.
func (t *tally) threshold(level identity.Level) (least float64, ok bool) {
	excepted := false
	for i := range t.rules.Exceptions {
		e := &t.rules.Exceptions[i]
		if v, has := e.Thresholds[level]; has && e.fits(t.facts) && (!excepted || v < least) {
			least, excepted = v, true
		}
	}
	if excepted {
		return least, true
	}
	least, ok = t.rules.Thresholds[level]
	return least, ok
}

// Check returns everything in r that cannot be meant: names that do not exist, numbers that would turn a rule round.
func (r *Rules) Check() error {
	c := complaints{rules: r}
	c.thresholds("thresholds", r.Thresholds)
	c.level("zones", r.Zones.Level)
	c.level("travel", r.Travel.Level)
	for code, level := range r.Require {
		c.reason("require", code)
		c.level("require", level)
	}
	for feature, w := range r.Weights {
		c.check(feature.known(), "weights: %q is not compared", feature)
		c.check(w >= 0 && w <= maxWeight, "weights: %v for %q is not between 0 and %v", w, feature, maxWeight)
	}
	for code, p := range r.Points {
		c.reason("points", code)
		c.check(!math.IsNaN(p) && math.Abs(p) <= maxPoints && (p == 0 || code.Lowers() == (p < 0)), "points: %v is nothing for %q", p, code)
	}
	for i := range r.Exceptions {
		c.thresholds("exceptions", r.Exceptions[i].Thresholds)
		for _, code := range r.Exceptions[i].Exempt {
			c.reason("exceptions", code)
			c.check(code.Exemptable(), "exceptions: %q counts nothing that could be left out", code)
		}
	}
	c.numbers()
	return errors.Join(c.found...)
}

const (
	maxWeight = 10
	maxPoints = 100
)

type complaints struct {
	rules *Rules
	found []error
}

func (c *complaints) check(ok bool, format string, args ...any) {
	if !ok {
		c.found = append(c.found, fmt.Errorf(format, args...))
	}
}

func (c *complaints) numbers() {
	r := c.rules
	for _, v := range []float64{
		r.Travel.MinDistance, r.Travel.MaxSpeed, r.Travel.HalfFrom, r.Failures.Subject, r.Failures.Network, r.Failures.ASN,
		r.Caps.Term, r.Caps.Lower, r.Caps.Total, float64(r.Zones.Count), float64(r.Zones.Within), float64(r.Learning.Logins), float64(r.Learning.Days), float64(r.KnownFor),
	} {
		c.check(v >= 0 && !math.IsInf(v, 0), "%v is no count, length, speed or time", v)
	}
}

func (c *complaints) level(where string, level identity.Level) {
	c.check(level == "" || slices.Contains(c.rules.levels(), level), "%s: there is no level %q", where, level)
}

func (c *complaints) reason(where string, code Reason) {
	c.check(slices.Contains(RiskReasons(), code), "%s: there is no reason %q", where, code)
}

// thresholds complains of a stricter level that is easier to reach.
func (c *complaints) thresholds(where string, least map[identity.Level]float64) {
	for level, v := range least {
		c.level(where, level)
		c.check(!math.IsNaN(v) && v > 0, "%s: %v for %q would hold for everybody", where, v, level)
	}
	last := math.Inf(-1)
	for _, level := range c.rules.levels() {
		if v, ok := least[level]; ok {
			c.check(v >= last, "%s: %q is reached before the level below it", where, level)
			last = v
		}
	}
}
