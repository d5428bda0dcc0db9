package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/config/internal/suggestion"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func (v validator) risk() {
	r := v.Risk
	v.reference("risk.time_zones.level", r.TimeZones.Level, "level", LevelNames())
	v.reference("risk.travel.level", r.Travel.Level, "level", LevelNames())
	if r.TimeZones.Level == "" && r.TimeZones.Count > 0 {
		v.report("risk.time_zones.level", "is empty, so that the rule would do nothing", "count: 0 turns it off")
	}
	if r.TimeZones.Count == 1 {
		v.report("risk.time_zones.count", "one time zone is where everybody is", "3 is the default, 0 turns the rule off")
	}
	if r.Travel.HalfFrom > r.Travel.MaxSpeed && r.Travel.MaxSpeed > 0 {
		v.report("risk.travel.half_from_kmh", "is above max_speed_kmh", "")
	}
	v.thresholds("risk.thresholds", r.Thresholds)
	for i, e := range r.Exceptions {
		path := strict.Index("risk.exceptions", i)
		v.reference(path+".provider", e.Provider, "provider", v.providerNames)
		v.thresholds(path+".thresholds", e.Thresholds)
		for j, code := range e.Exempt {
			v.reason(strict.Index(path+".exempt", j), code)
		}
		if len(e.Exempt)+len(e.Thresholds) == 0 {
			v.warn(path, "changes nothing for anybody", "give it exempt or thresholds")
		}
	}
	v.scores(r)
	if len(r.Places.City) == 0 && r.Mode == RiskEnforce && v.r.Given("risk") {
		v.warn("risk.places.city", "names no file, so no rule about places acts", "name one, or set risk.mode to observe meanwhile")
	}
}

// scores checks the names that weights and points are given under, and that the levels are reached in their order.
func (v validator) scores(r Risk) {
	for _, name := range sortedKeys(r.Weights) {
		v.reference(strict.Key("risk.weights", name), name, "comparison", texts(policy.Features()))
	}
	rules := texts(slices.Sorted(maps.Keys(policy.DefaultRules().Points)))
	for _, name := range sortedKeys(r.Points) {
		v.reference(strict.Key("risk.points", name), name, "rule", rules)
	}
	shipped := policy.DefaultRules().Thresholds
	least := func(name string) float64 {
		if n, given := r.Thresholds[name]; given {
			return n
		}
		return shipped[identity.Level(name)]
	}
	for i, name := range LevelNames() {
		if i == 0 {
			continue
		}
		if weaker := LevelNames()[i-1]; least(name) < least(weaker) {
			v.report("risk.thresholds", fmt.Sprintf("%s would be reached at %v, before %s at %v", name, least(name), weaker, least(weaker)),
				"a level that is not given keeps its shipped threshold")
		}
	}
}

// reason checks a code that an exception leaves out. There are too many to list them all.
func (v validator) reason(path, code string) {
	if reason := policy.Reason(code); slices.Contains(policy.RiskReasons(), reason) {
		if !reason.Exemptable() {
			v.report(path, "counts nothing that could be left out", "thresholds say when the score acts; docs/risk.md lists what counts")
		}
		return
	}
	hint := "docs/risk.md lists them"
	if meant := suggestion.DidYouMean(code, texts(policy.RiskReasons())); meant != "" {
		hint = meant
	}
	v.report(path, "there is no reason of this name", hint)
}

func texts[T ~string](names []T) []string {
	var all []string
	for _, name := range names {
		all = append(all, string(name))
	}
	return all
}

func (v validator) thresholds(path string, least map[string]float64) {
	for _, name := range sortedKeys(least) {
		own := strict.Key(path, name)
		v.reference(own, name, "level", LevelNames())
		if slices.Index(LevelNames(), name) == 0 {
			v.report(own, "is the weakest level: nothing is needed for it", "")
		}
		if !(least[name] > 0) {
			v.report(own, "would hold for everybody", "a score above 0 is needed")
		}
	}
}
