package config

import (
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/config/internal/suggestion"
	"github.com/edgeauth/edgeauth/policy"
)

func (v validator) risk() {
	r := v.Risk
	v.level("risk.time_zones.level", r.TimeZones.Level)
	v.level("risk.travel.level", r.Travel.Level)
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
		v.inOrder(path+".thresholds", e.Thresholds)
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
