package policy

import (
	"slices"

	"github.com/edgeauth/edgeauth/identity"
)

// Outlook says of an assessment what it would take for another level.
type Outlook struct {
	Assessment
	Thresholds map[identity.Level]float64 // that hold for the subject
	Learning   bool                       // the subject is too little known for the score to act
	Changes    []Without                  // that lead to a lower level, the smallest first
}

// Without is an assessment that leaves reasons out, and the lower level that it comes to.
type Without struct {
	Reasons []Reason
	Points  float64 // that they added
	Level   identity.Level
	Score   float64
}

// Explain assesses facts as Assess does, and says what would change the level: each change was tried, with an exception that
// leaves those reasons out.
func (r *Rules) Explain(f *Facts) Outlook {
	t := tally{rules: r, facts: f}
	out := Outlook{Assessment: r.Assess(f), Thresholds: r.ThresholdsFor(f), Learning: t.learning()}
	out.Changes = r.lower(f, &out.Assessment)
	return out
}

// lower leaves out single reasons, and where none of them suffices as many as it takes, the greatest first.
func (r *Rules) lower(f *Facts, a *Assessment) (out []Without) {
	if r.Rank(a.Level) == 0 {
		return nil
	}
	codes, points := raising(a)
	for _, code := range codes {
		if w, lower := r.without(f, a, points, code); lower {
			out = append(out, w)
		}
	}
	for n := 2; len(out) == 0 && n <= len(codes); n++ {
		if w, lower := r.without(f, a, points, codes[:n]...); lower {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b Without) int { return before(Term{Points: -a.Points}, Term{Points: -b.Points}) })
	return out
}

// raising lists what speaks against the subject: the rules that decided, and the terms that added.
func raising(a *Assessment) (codes []Reason, points map[Reason]float64) {
	points = map[Reason]float64{}
	for _, code := range a.Reasons {
		if code != ScoreReached && code != Learning {
			codes = append(codes, code)
		}
	}
	for _, term := range a.Terms {
		if term.Points <= 0 || term.Code == LoweringCapped {
			continue
		}
		points[term.Code] += term.Points
		if !slices.Contains(codes, term.Code) {
			codes = append(codes, term.Code)
		}
	}
	return codes, points
}

func (r *Rules) without(f *Facts, a *Assessment, points map[Reason]float64, codes ...Reason) (Without, bool) {
	b := r.Excepting(codes...).Assess(f)
	w := Without{Reasons: slices.Clone(codes), Level: b.Level, Score: b.Score}
	for _, code := range codes {
		w.Points += points[code]
	}
	return w, r.Rank(b.Level) < r.Rank(a.Level)
}

// Excepting returns the rules with these reasons left out for everybody.
func (r *Rules) Excepting(codes ...Reason) *Rules {
	out := *r
	out.Exceptions = append(slices.Clone(r.Exceptions), Exception{Exempt: codes})
	return &out
}
