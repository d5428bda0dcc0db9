package config_test

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/policy"
)

// What this package let through and policy refused would have no place in the file.
func TestWeightsAndPointsMayBeWhatPolicyTakesAndNoMore(t *testing.T) {
	bounds := map[string]strict.Field{}
	for _, f := range strict.FieldsOf(reflect.TypeFor[config.Risk]()) {
		bounds[f.Key] = f
	}
	for name, try := range map[string]func(*policy.Rules, float64){
		"weights": func(r *policy.Rules, n float64) { r.Weights[policy.FeatureASN] = n },
		"points":  func(r *policy.Rules, n float64) { r.Points[pointsOf(n)] = n },
	} {
		low, err := strconv.ParseFloat(bounds[name].Min, 64)
		if err != nil {
			t.Fatal(err)
		}
		high, err := strconv.ParseFloat(bounds[name].Max, 64)
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[float64]bool{low: true, high: true, low - 0.1: false, high + 0.1: false} {
			rules := policy.DefaultRules()
			try(rules, n)
			if got := rules.Check() == nil; got != want {
				t.Errorf("%s of %v: accepted %v", name, n, got)
			}
		}
	}
}

// pointsOf is a rule that can have points of that sign.
func pointsOf(n float64) policy.Reason {
	if n < 0 {
		return policy.LongKnownDevice
	}
	return policy.NewTor
}
