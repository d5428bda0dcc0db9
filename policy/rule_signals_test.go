package policy_test

import (
	"slices"
	"testing"

	"github.com/edgeauth/edgeauth/policy"
)

func TestHidingPlacesCountWhenTheyAreNew(t *testing.T) {
	tor := func(s policy.Sighting) policy.Sighting { s.Network.Tor = true; return s }
	vpn := func(s policy.Sighting, asn string) policy.Sighting {
		s.Network.Hosting, s.Network.ASN = true, hash(asn)
		return s
	}
	unproven := func(s policy.Sighting) policy.Sighting { s.Unproven = true; return s }
	before := seen(noon.AddDate(0, 0, -1), berlin)
	for name, c := range map[string]struct {
		now    policy.Sighting
		before policy.Sighting
		code   policy.Reason
		want   bool
	}{
		"Tor for the first time":            {tor(seen(noon, berlin)), before, policy.NewTor, true},
		"Tor by habit":                      {tor(seen(noon, berlin)), tor(before), policy.NewTor, false},
		"Tor after somebody's unproven Tor": {tor(seen(noon, berlin)), unproven(tor(before)), policy.NewTor, true},
		"a VPN for the first time":          {vpn(seen(noon, berlin), "m"), before, policy.NewHosting, true},
		"another VPN":                       {vpn(seen(noon, berlin), "m"), vpn(before, "n"), policy.NewHosting, true},
		"the usual VPN":                     {vpn(seen(noon, berlin), "m"), vpn(before, "m"), policy.NewHosting, false},
		"the usual VPN, by its prefix":      {vpn(seen(noon, berlin), ""), vpn(before, ""), policy.NewHosting, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := points(assess(facts(c.now, c.before)), c.code) > 0; got != c.want {
				t.Errorf("%s is found: %v", c.code, got)
			}
		})
	}
}

func TestFailuresCountByDoublings(t *testing.T) {
	for _, c := range []struct {
		n    float64
		want float64
	}{{0, 0}, {3, 0}, {6, 1}, {12, 2}, {24, 3}, {48, 4}, {96, 4}, {1e300, 4}} {
		f := facts(seen(noon, berlin), habit(20, berlin)...)
		f.Failures.Subject = c.n
		if got := points(assess(f), policy.SubjectFailures); got != c.want {
			t.Errorf("%v failures add %v, want %v", c.n, got, c.want)
		}
	}
}

func TestUnknownFailuresAreReported(t *testing.T) {
	f := facts(seen(noon, berlin), habit(20, berlin)...)
	f.Failures.Network = -1
	if a := assess(f); !slices.Contains(a.Unknown, policy.FailuresUnknown) || points(a, policy.NetworkFailures) != 0 {
		t.Errorf("%+v", a)
	}
}

func TestARekeyedDeviceSpeaksForNobody(t *testing.T) {
	f := facts(seen(noon, berlin), habit(20, berlin)...)
	if a := assess(f); points(a, policy.KnownDevice) >= 0 || points(a, policy.LongKnownDevice) >= 0 {
		t.Fatalf("a long known device: %+v", a.Terms)
	}
	f.Rekeyed = true
	if a := assess(f); points(a, policy.KnownDevice) != 0 || points(a, policy.LongKnownDevice) != 0 || points(a, policy.Rekeyed) <= 0 {
		t.Errorf("%+v", a.Terms)
	}
}
