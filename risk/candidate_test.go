package risk_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
)

func TestACandidateIsAssessedBesideAndRaisesNothing(t *testing.T) {
	strict, lenient := policy.DefaultRules(), policy.DefaultRules()
	strict.Zones.Count = 2
	lenient.Zones.Count = 0
	lenient.Travel.Level = ""
	named := [3]identity.Level{"base", "raised", "locked"}
	stricterByName := policy.DefaultRulesFor(named)
	stricterByName.Zones.Count = 2
	for name, row := range map[string]struct {
		candidate risk.Candidate
		want      []risk.Difference
	}{
		"the same":                        {risk.Candidate{Rules: policy.DefaultRules(), Enforce: true}, nil},
		"stricter":                        {risk.Candidate{Rules: strict, Enforce: true}, []risk.Difference{{Live: identity.Elevated, Candidate: identity.High, Reason: policy.TimeZones}}},
		"more lenient":                    {risk.Candidate{Rules: lenient, Enforce: true}, []risk.Difference{{Live: identity.Elevated, Candidate: identity.Normal, Reason: policy.ImpossibleTravel}}},
		"not enforced":                    {risk.Candidate{Rules: strict}, []risk.Difference{{Live: identity.Elevated, Candidate: identity.Normal, Reason: policy.ImpossibleTravel}}},
		"the same by other names":         {risk.Candidate{Rules: policy.DefaultRulesFor(named), Enforce: true}, nil},
		"stricter by other names":         {risk.Candidate{Rules: stricterByName, Enforce: true}, []risk.Difference{{Live: identity.Elevated, Candidate: "locked", Reason: policy.TimeZones}}},
		"not enforced and by other names": {risk.Candidate{Rules: stricterByName}, []risk.Difference{{Live: identity.Elevated, Candidate: "base", Reason: policy.ImpossibleTravel}}},
		"a report that panics":            {risk.Candidate{Rules: strict, Enforce: true, Report: func(context.Context, risk.Visit, risk.Difference) { panic("no log") }}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []risk.Difference
			if row.candidate.Report == nil {
				row.candidate.Report = func(_ context.Context, v risk.Visit, d risk.Difference) {
					if v.Subject != alice {
						t.Errorf("told of %v", v.Subject)
					}
					got = append(got, d)
				}
			}
			b, plain := open(t, func(o *risk.Options) { o.Candidate = &row.candidate }), open(t)
			for _, city := range []string{"berlin", "tokyo"} {
				want, found := plain.login(city), b.login(city)
				want.At, found.At = b.clock, b.clock
				if diff := cmp.Diff(want, found); diff != "" {
					t.Errorf("with a candidate the finding of %s is another: %s", city, diff)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
