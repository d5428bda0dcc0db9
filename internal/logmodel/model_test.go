package logmodel_test

import (
	"fmt"
	"testing"

	"github.com/edgeauth/edgeauth/internal/logmodel"
)

func Test_no_order_of_steps_and_faults_breaks_the_promise(t *testing.T) {
	for _, row := range []struct {
		revocations int
		faults      logmodel.Faults
	}{
		{2, logmodel.Faults{Fail: 1}},
		{1, logmodel.Faults{Empty: 1, Crash: 1}},
		{1, logmodel.Faults{Lag: 1, Crash: 1}},
		{1, logmodel.Faults{Empty: 1, Lag: 1}},
		{2, logmodel.Faults{Trim: 1}},
	} {
		t.Run(fmt.Sprintf("%d %+v", row.revocations, row.faults), func(t *testing.T) {
			r := logmodel.Explore(row.revocations, row.faults, logmodel.Whole())
			t.Logf("%d states", r.States)
			if r.Problem != "" {
				t.Error(r.Problem)
				for _, w := range r.Trace {
					t.Log(w)
				}
			}
		})
	}
}

// Test_each_rule_is_needed leaves one rule out and expects the model to find out. A model that finds nothing then would
// prove nothing.
func Test_each_rule_is_needed(t *testing.T) {
	for name, row := range map[string]struct {
		leave       func(*logmodel.Rules)
		revocations int
		faults      logmodel.Faults
	}{
		"gap":            {func(r *logmodel.Rules) { r.Gap = false }, 2, logmodel.Faults{Trim: 1}},
		"life":           {func(r *logmodel.Rules) { r.Life = false }, 2, logmodel.Faults{Lag: 1}},
		"complete":       {func(r *logmodel.Rules) { r.Complete = false }, 1, logmodel.Faults{Empty: 1, Lag: 1}},
		"give back":      {func(r *logmodel.Rules) { r.GiveBack = false }, 1, logmodel.Faults{Empty: 1}},
		"mark":           {func(r *logmodel.Rules) { r.Mark = false }, 1, logmodel.Faults{Empty: 2, Crash: 1}},
		"check snapshot": {func(r *logmodel.Rules) { r.CheckSnapshot = false }, 1, logmodel.Faults{Empty: 1, Crash: 2}},
		"second probe":   {func(r *logmodel.Rules) { r.SecondProbe = false }, 2, logmodel.Faults{Trim: 1}},
		"outbox":         {func(r *logmodel.Rules) { r.Outbox = false }, 1, logmodel.Faults{Fail: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := logmodel.Whole()
			row.leave(&rules)
			r := logmodel.Explore(row.revocations, row.faults, rules)
			if r.Problem == "" {
				t.Fatalf("%d states, and nothing is wrong in any", r.States)
			}
			t.Logf("found in %d steps: %s", len(r.Trace), r.Problem)
		})
	}
}
