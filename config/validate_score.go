package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/policy"
)

// scores checks what weights and points are given to, and that the levels are reached in their order.
func (v validator) scores(r Risk) {
	for _, name := range sortedKeys(r.Weights) {
		v.reference(strict.Key("risk.weights", name), name, "comparison", texts(policy.Features()))
	}
	shipped := policy.DefaultRules()
	rules := texts(slices.Sorted(maps.Keys(shipped.Points)))
	for _, name := range sortedKeys(r.Points) {
		own := strict.Key("risk.points", name)
		v.reference(own, name, "rule", rules)
		v.points(own, policy.Reason(name), r.Points[name])
	}
	names := v.Levels.Names()
	least := func(rank int) float64 {
		if n, given := r.Thresholds[names[rank]]; given {
			return n
		}
		return shipped.Thresholds[shipped.Levels[rank]]
	}
	for i := 1; i < len(names); i++ {
		if least(i) < least(i-1) {
			v.report("risk.thresholds", fmt.Sprintf("%s would be reached at %v, before %s at %v", names[i], least(i), names[i-1], least(i-1)),
				"a level that is not given keeps its shipped threshold")
		}
	}
}

// points refuses those that would turn a rule round.
func (v validator) points(path string, rule policy.Reason, n float64) {
	switch {
	case n > 0 && rule.Lowers():
		v.report(path, "must be 0 or less, because it speaks for the person", "")
	case n < 0 && !rule.Lowers():
		v.report(path, "must be 0 or more, because it speaks against the person", "0 turns the points off")
	}
}

func (v validator) thresholds(path string, least map[string]float64) {
	for _, name := range sortedKeys(least) {
		own := strict.Key(path, name)
		v.level(own, name)
		if slices.Index(v.Levels.Names(), name) == 0 {
			v.report(own, "is the weakest level: nothing is needed for it", "")
		}
		if !(least[name] > 0) {
			v.report(own, "would hold for everybody", "a score above 0 is needed")
		}
	}
}

// inOrder checks that of the levels that are given none is reached before a weaker one.
func (v validator) inOrder(path string, least map[string]float64) {
	weaker := ""
	for _, name := range v.Levels.Names() {
		n, given := least[name]
		if !given {
			continue
		}
		if weaker != "" && n < least[weaker] {
			v.report(strict.Key(path, name), fmt.Sprintf("%s would be reached at %v, before %s at %v", name, n, weaker, least[weaker]), "")
		}
		weaker = name
	}
}
