package policy

import (
	"math"
	"strconv"
)

// grain is what points are multiples of: sums of them are exact, in whatever order they are added.
const grain = 1.0 / 64

// note notes a term whose detail is what was written to t.text since from. A term of no points says nothing and is left out,
// but may ask for a level all the same.
func (t *tally) note(code Reason, points, weight float64, from int) {
	t.require(t.rules.Require[code], code)
	points = math.Round(finite(points)/grain) * grain
	if points == 0 {
		t.text = t.text[:from]
		return
	}
	if points < 0 {
		t.lowered -= points
	}
	t.terms = append(t.terms, Term{Code: code, Points: points, Weight: finite(weight)})
	t.spans = append(t.spans, span{from, len(t.text)})
}

// rule adds the points that the rules give a reason, times so much.
func (t *tally) rule(code Reason, times float64, text string) {
	from := len(t.text)
	t.text = append(t.text, text...)
	t.ruleNoted(code, times, from)
}

func (t *tally) ruleNoted(code Reason, times float64, from int) {
	if t.exempt(code) {
		t.text = t.text[:from]
		return
	}
	each := finite(t.rules.Points[code])
	points := min(each*times, max(each, t.rules.Caps.Term))
	t.note(code, points, each, from)
}

// finite is v, or nothing where v is no number that could be added up.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.Abs(v) > 1e9 {
		return 0
	}
	return v
}

func (t *tally) writeInt(v int)       { t.text = strconv.AppendInt(t.text, int64(v), 10) }
func (t *tally) writeString(s string) { t.text = append(t.text, s...) }

// writeFloat writes a number as people read it: without decimals.
func (t *tally) writeFloat(v float64) { t.text = strconv.AppendFloat(t.text, finite(v), 'f', 0, 64) }
