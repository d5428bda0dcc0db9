package logmodel_test

import (
	"fmt"
	"testing"

	"github.com/edgeauth/edgeauth/internal/logmodel"
)

func Test_no_order_of_steps_and_faults_breaks_the_promise(t *testing.T) {
	for _, row := range []struct {
		size   logmodel.Size
		faults logmodel.Faults
	}{
		{logmodel.Size{Revocations: 2}, logmodel.Faults{Fail: 1}},
		{logmodel.Size{Revocations: 1}, logmodel.Faults{Empty: 1, Crash: 1}},
		{logmodel.Size{Revocations: 1}, logmodel.Faults{Lag: 1, Crash: 1}},
		{logmodel.Size{Revocations: 1}, logmodel.Faults{Empty: 1, Lag: 1}},
		{logmodel.Size{Revocations: 2}, logmodel.Faults{Trim: 1}},
		{logmodel.Size{Revocations: 2}, logmodel.Faults{Stray: 1, Crash: 1}},
		{logmodel.Size{Revocations: 1, Disks: 1}, logmodel.Faults{Empty: 1, Crash: 1}},
		{logmodel.Size{Revocations: 1, Disks: 1}, logmodel.Faults{Fail: 1, Crash: 1}},
		{logmodel.Size{Revocations: 1, Disks: 1, Saves: 1}, logmodel.Faults{Lag: 1, Crash: 1}},
	} {
		t.Run(fmt.Sprintf("%+v %+v", row.size, row.faults), func(t *testing.T) {
			r := logmodel.Explore(row.size, row.faults, logmodel.Whole())
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
		leave  func(*logmodel.Rules)
		size   logmodel.Size
		faults logmodel.Faults
	}{
		"gap":            {func(r *logmodel.Rules) { r.Gap = false }, logmodel.Size{Revocations: 2}, logmodel.Faults{Trim: 1}},
		"life":           {func(r *logmodel.Rules) { r.Life = false }, logmodel.Size{Revocations: 2}, logmodel.Faults{Lag: 1}},
		"complete":       {func(r *logmodel.Rules) { r.Complete = false }, logmodel.Size{Revocations: 1}, logmodel.Faults{Empty: 1, Lag: 1}},
		"give back":      {func(r *logmodel.Rules) { r.GiveBack = false }, logmodel.Size{Revocations: 1}, logmodel.Faults{Empty: 1}},
		"mark":           {func(r *logmodel.Rules) { r.Mark = false }, logmodel.Size{Revocations: 1}, logmodel.Faults{Empty: 2, Crash: 1}},
		"check snapshot": {func(r *logmodel.Rules) { r.CheckSnapshot = false }, logmodel.Size{Revocations: 1}, logmodel.Faults{Empty: 1, Crash: 2}},
		"second probe":   {func(r *logmodel.Rules) { r.SecondProbe = false }, logmodel.Size{Revocations: 2}, logmodel.Faults{Trim: 1}},
		"outbox":         {func(r *logmodel.Rules) { r.Outbox = false }, logmodel.Size{Revocations: 1}, logmodel.Faults{Fail: 1}},
		"retained":       {func(r *logmodel.Rules) { r.Retained = false }, logmodel.Size{Revocations: 1, Disks: 1}, logmodel.Faults{Empty: 1, Crash: 1}},
		"cursor":         {func(r *logmodel.Rules) { r.Cursor = false }, logmodel.Size{Revocations: 2}, logmodel.Faults{Stray: 1}},
		"before":         {func(r *logmodel.Rules) { r.Before = false }, logmodel.Size{Revocations: 1, Disks: 1, Saves: 1}, logmodel.Faults{Empty: 1, Crash: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := logmodel.Whole()
			row.leave(&rules)
			r := logmodel.Explore(row.size, row.faults, rules)
			if r.Problem == "" {
				t.Fatalf("%d states, and nothing is wrong in any", r.States)
			}
			t.Logf("found in %d steps: %s", len(r.Trace), r.Problem)
		})
	}
}
