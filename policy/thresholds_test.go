package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func TestThresholdsAreThoseThatHoldForTheSubject(t *testing.T) {
	r := policy.DefaultRules()
	r.Thresholds = map[identity.Level]float64{identity.Elevated: 3, identity.High: 7}
	r.Exceptions = []policy.Exception{
		{Groups: []string{"travellers"}, Thresholds: map[identity.Level]float64{identity.Elevated: 5}},
		{Issuer: "https://partners.example", Thresholds: map[identity.Level]float64{identity.Elevated: 4, identity.High: 6}},
	}
	for _, c := range []struct {
		issuer         string
		groups         []string
		elevated, high float64
	}{
		{"https://corp.example", nil, 3, 7},
		{"https://corp.example", []string{"travellers"}, 5, 7},
		{"https://partners.example", []string{"travellers"}, 4, 6},
	} {
		got := r.ThresholdsFor(&policy.Facts{Subject: identity.Subject{Issuer: c.issuer, Sub: "a"}, Groups: c.groups})
		if diff := cmp.Diff(map[identity.Level]float64{identity.Elevated: c.elevated, identity.High: c.high}, got); diff != "" {
			t.Errorf("%s %v: %s", c.issuer, c.groups, diff)
		}
	}
	if got := (&policy.Rules{}).ThresholdsFor(&policy.Facts{}); len(got) != 0 {
		t.Errorf("no rules, but thresholds %v", got)
	}
}
