package policy

import (
	"slices"

	"github.com/edgeauth/edgeauth/identity"
)

func shippedLevels() [3]identity.Level {
	return [3]identity.Level{identity.Normal, identity.Elevated, identity.High}
}

// levels returns the levels in their order.
func (r *Rules) levels() []identity.Level {
	if len(r.Levels) == 0 {
		shipped := shippedLevels()
		return shipped[:]
	}
	return r.Levels
}

// Rank is a level's place, from 0 for the weakest. A name that is not among the levels is taken for the strictest: what
// demands is never read as less.
func (r *Rules) Rank(level identity.Level) int {
	if i := slices.Index(r.levels(), level); i >= 0 {
		return i
	}
	return len(r.levels()) - 1
}

// Weakest is the level that an assessment comes to when nothing asks for more.
func (r *Rules) Weakest() identity.Level { return r.at(0) }

func (r *Rules) at(rank int) identity.Level { return r.levels()[rank] }
