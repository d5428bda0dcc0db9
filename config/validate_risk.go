package config

import (
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/strict"
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
	}
	if len(r.Places.City) == 0 && r.Mode == RiskEnforce && v.r.Given("risk") {
		v.warn("risk.places.city", "names no file, so no rule about places acts", "name one, or set risk.mode to observe meanwhile")
	}
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
