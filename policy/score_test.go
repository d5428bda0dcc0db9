package policy_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// only are the rules with one comparison, of weight 1, and no caps that matter.
func only(f policy.Feature) *policy.Rules {
	return &policy.Rules{Weights: map[policy.Feature]float64{f: 1}, Caps: policy.Caps{Term: 100, Lower: 100, Total: 100}}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1.0/64 {
		t.Errorf("%s: %v points, want %v", what, got, want)
	}
}

// tally is a population in which values have been seen as often as it says.
type tally map[policy.Feature]map[string]float64

func (p tally) Frequency(f policy.Feature, value string) (count, total float64, distinct int) {
	for _, n := range p[f] {
		total += n
	}
	return p[f][value], total, len(p[f])
}

func TestACountryCountsByHowLongOthersWereUsual(t *testing.T) {
	people := tally{policy.FeatureCountry: {"DE": 89, "JP": 9, "FR": 1}} // with what is assumed, DE 0.9 and JP 0.09
	for name, c := range map[string]struct {
		now     city
		history []policy.Sighting
		want    float64
	}{
		"new after 10":                {tokyo, habit(10, berlin), math.Log(11)},
		"new after 40":                {tokyo, habit(40, berlin), math.Log(41)},
		"new for one who wanders":     {tokyo, append(habit(10, berlin), habit(10, paris)...), math.Log(11)},
		"always here, as most are":    {berlin, habit(20, berlin), math.Log(0.8905 * 21 / 20.8905)},
		"half there, as few are":      {tokyo, append(habit(10, berlin), habit(10, tokyo)...), math.Log(0.0905 * 22 / 10.181)},
		"once there is half forgiven": {tokyo, append(habit(20, berlin), habit(1, tokyo)...), math.Log(0.0905 * 23 / 1.181)},
		"nothing before":              {tokyo, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts(seen(noon, c.now), c.history...)
			f.Population = people
			near(t, name, only(policy.FeatureCountry).Assess(f).Score, c.want)
		})
	}
}

func TestANewNetworkInANewCountryIsOneSurprise(t *testing.T) {
	f := facts(seen(noon, tokyo), habit(40, berlin)...)
	for _, feature := range []policy.Feature{policy.FeatureASN, policy.FeaturePrefix, policy.FeatureAddress} {
		if a := only(feature).Assess(f); a.Score != 0 {
			t.Errorf("%s adds %v", feature, a.Score)
		}
	}
	f.Now.Place.Country = "DE"
	near(t, "a new network in a known country", only(policy.FeatureASN).Assess(f).Score, math.Log(41))
}

func TestWhoChangesNetworksAllTheTimeIsNotSurprising(t *testing.T) {
	f := facts(seen(noon, berlin), habit(40, berlin)...)
	f.Now.Network.Prefix = hash("new")
	steady := only(policy.FeaturePrefix).Assess(f).Score
	for i := range f.History {
		f.History[i].Network.Prefix = hash(string(rune('a' + i)))
	}
	if wandering := only(policy.FeaturePrefix).Assess(f).Score; wandering > steady/2 {
		t.Errorf("%v for one who wanders, %v for one who does not", wandering, steady)
	}
}

// An IPv6 address counts as its /64: the caller hashes that, so hopping inside it changes nothing.
func TestHoppingInsideASixtyFourChangesNothing(t *testing.T) {
	f := facts(seen(noon, berlin), habit(40, berlin)...)
	a := only(policy.FeatureAddress).Assess(f)
	if a.Score >= 0 || a.Terms[0].Code != policy.KnownAddress {
		t.Errorf("%+v", a)
	}
}

func TestABrowserUpdateIsNoNewBrowser(t *testing.T) {
	f := facts(seen(noon, berlin), habit(40, berlin)...)
	f.Now.Client.Browser, f.Now.Client.Agent = "Firefox 141", hash("firefox 141")
	a := assess(f)
	if points(a, policy.NewBrowser) != 0 || points(a, policy.KnownBrowser) >= 0 || points(a, policy.NewVersion) <= 0 || points(a, policy.NewAgent) != 0 {
		t.Errorf("%+v", a.Terms)
	}
	if a.Level != identity.Normal {
		t.Errorf("an update alone: %s, %v", a.Level, a.Score)
	}
}

func TestADeviceCountsByHowOftenItsOwnerHasNewOnes(t *testing.T) {
	device := func(n int, name func(i int) string, now string) float64 {
		f := facts(seen(noon, berlin), habit(n, berlin)...)
		for i := range f.History {
			f.History[i].Device = hash(name(i))
		}
		f.Now.Device = hash(now)
		return only(policy.FeatureDevice).Assess(f).Score
	}
	one := func(int) string { return "laptop" }
	each := func(i int) string { return string(rune('a' + i)) }
	near(t, "known, after 38 on it", device(38, one, "laptop"), math.Log(0.02/(1-0.5/40)))
	near(t, "new, after 38 on one", device(38, one, "another"), math.Log(0.98/(0.5/40)))
	near(t, "no cookie, after 38 on one", device(38, one, ""), math.Log(0.98/(0.5/40)))
	near(t, "new, for one whose devices always are", device(38, each, "another"), math.Log(0.98/(37.5/40)))
}

func TestCookiesThatNobodyHasAreUnknown(t *testing.T) {
	f := facts(seen(noon, berlin), habit(10, berlin)...)
	for i := range f.History {
		f.History[i].Device = policy.Hash{}
	}
	if a := assess(f); points(a, policy.NewDevice) != 0 || !slices.Contains(a.Unknown, policy.DeviceUnknown) {
		t.Errorf("%+v", a)
	}
}

func TestAPhishingResistantLoginSpeaksForOneFromTheSecondTimeOn(t *testing.T) {
	for name, proof := range map[string]identity.Assurance{
		"hwk": {AMR: []string{"pwd", "hwk"}}, "swk": {AMR: []string{"swk"}}, "fido": {AMR: []string{"fido"}}, "phr": {ACR: "phr"}, "phrh": {ACR: "phrh"},
	} {
		f := facts(seen(noon, berlin), habit(20, berlin)...)
		f.Now.Assurance = proof
		if got := points(assess(f), policy.PhishingResistant); got != 0 {
			t.Errorf("%s for the first time: %v", name, got)
		}
		f.History[7].Assurance = proof
		if got := points(assess(f), policy.PhishingResistant); got >= 0 {
			t.Errorf("%s by habit: %v", name, got)
		}
		f.History[7].Unproven = true
		if got := points(assess(f), policy.PhishingResistant); got != 0 {
			t.Errorf("%s after somebody's unproven one: %v", name, got)
		}
	}
	f := facts(seen(noon, berlin), habit(20, berlin)...)
	f.Now.Assurance, f.History[3].Assurance = identity.Assurance{AMR: []string{"otp", "mfa", "HWK"}, ACR: "bio"}, identity.Assurance{AMR: []string{"hwk"}}
	if got := points(assess(f), policy.PhishingResistant); got != 0 {
		t.Errorf("a one-time code: %v", got)
	}
}

func TestWhatWasNotProvenIsNobodysHabit(t *testing.T) {
	thief := seen(noon.Add(-2*time.Hour), tokyo)
	thief.Unproven, thief.Device = true, hash("thief's")
	f := facts(seen(noon, tokyo), append([]policy.Sighting{thief}, habit(20, berlin)...)...)
	f.Now.Device = thief.Device
	a := assess(f)
	if points(a, policy.NewCountry) <= 0 || points(a, policy.NewDevice) <= 0 || a.Level == identity.Normal {
		t.Errorf("the second login of a thief: %+v", a)
	}
	f.History[0].Unproven = false
	if b := assess(f); b.Score >= a.Score {
		t.Errorf("proven, it is %v; unproven, %v", b.Score, a.Score)
	}
}

func TestTheUsualHourIsASmallMatter(t *testing.T) {
	f := facts(seen(noon, berlin), habit(40, berlin)...)
	day := points(assess(f), policy.UsualHour)
	f.Now.At = noon.Add(-9 * time.Hour)
	night := points(assess(f), policy.UnusualHour)
	if day >= 0 || night <= 0 || night > 0.7 {
		t.Errorf("by day %v, by night %v", day, night)
	}
}

func TestHoursAreAWeekRound(t *testing.T) {
	for _, at := range []time.Time{noon, {}, time.Unix(-1, 0), time.Date(1969, 7, 20, 20, 17, 0, 0, time.UTC), time.Date(292277, 1, 1, 0, 0, 0, 0, time.UTC)} {
		hour := ""
		s := policy.Sighting{At: at}
		s.Each(func(f policy.Feature, v string) { hour = v })
		if at.IsZero() == (hour != "") || len(hour) > 3 {
			t.Errorf("%v is in hour %q", at, hour)
		}
	}
	s := policy.Sighting{At: time.Date(2026, 3, 2, 1, 59, 0, 0, time.UTC)} // a Monday
	s.Each(func(f policy.Feature, v string) {
		if v != "1" {
			t.Errorf("%s %s", f, v)
		}
	})
}

func TestEachValueIsCountedUnderItsFeatureAndTheDeviceUnderNone(t *testing.T) {
	s := seen(noon, berlin)
	got := map[policy.Feature]string{}
	s.Each(func(f policy.Feature, v string) { got[f] = v })
	if got[policy.FeatureCountry] != "DE" || got[policy.FeatureBrowser] != "Firefox" || got[policy.FeatureVersion] != "Firefox 140" || len(got[policy.FeatureAddress]) != 16 {
		t.Errorf("%v", got)
	}
	if _, counted := got[policy.FeatureDevice]; counted || len(got) != len(policy.Features())-1 {
		t.Errorf("%d features: %v", len(got), got)
	}
}
