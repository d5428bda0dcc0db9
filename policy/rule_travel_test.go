package policy_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func TestNobodyIsFasterThanAnAirliner(t *testing.T) {
	whole := policy.DefaultRules().Points[policy.ImpossibleTravel]
	on := func(c city, change func(*policy.Sighting)) policy.Sighting {
		s := seen(noon, c)
		change(&s)
		return s
	}
	ago := func(d time.Duration, c city, change func(*policy.Sighting)) []policy.Sighting {
		s := on(c, change)
		s.At = noon.Add(-d)
		return append([]policy.Sighting{s}, habit(20, berlin)...)
	}
	as := func(*policy.Sighting) {}
	elsewhere := func(s *policy.Sighting) { s.Network = policy.Network{Prefix: hash("hotel"), ASN: hash("hotel")} }
	// Berlin to Tokyo is 8,918 km; 8,818 between the circles of 50 km.
	for name, c := range map[string]struct {
		now     policy.Sighting
		history []policy.Sighting
		want    float64
	}{
		"an hour later":                           {on(tokyo, as), ago(time.Hour, berlin, as), whole},
		"8.8 hours later, 1002 km/h":              {on(tokyo, as), ago(8*time.Hour+48*time.Minute, berlin, as), whole},
		"9 hours later, 980 km/h: half":           {on(tokyo, as), ago(9*time.Hour, berlin, as), whole / 2},
		"10.9 hours later, 809 km/h: half":        {on(tokyo, as), ago(10*time.Hour+54*time.Minute, berlin, as), whole / 2},
		"11 hours later, 802 km/h":                {on(tokyo, as), ago(11*time.Hour, berlin, as), 0},
		"near, however fast":                      {on(hamburg, as), ago(time.Second, berlin, as), 0},
		"the circles nearly meet":                 {on(paris, func(s *policy.Sighting) { s.Place.Radius = 400 }), ago(time.Minute, berlin, as), 0},
		"the same moment counts as a minute":      {on(tokyo, as), ago(0, berlin, as), whole},
		"from tomorrow, as clocks may jump":       {on(tokyo, as), ago(-24*time.Hour, berlin, as), whole},
		"of two from the future, the farther":     {on(tokyo, as), append(ago(-48*time.Hour, tokyo, elsewhere), ago(-24*time.Hour, berlin, as)...), whole},
		"to a network seen before":                {on(tokyo, func(s *policy.Sighting) { s.Network.Prefix = seen(noon, berlin).Network.Prefix }), ago(time.Hour, berlin, as), 0},
		"roaming, on a known device":              {on(berlin, func(s *policy.Sighting) { s.Network.Prefix = hash("carrier's") }), ago(time.Hour, tokyo, as), 0},
		"on the known network, but a new device":  {on(berlin, func(s *policy.Sighting) { s.Network.Prefix, s.Device = hash("carrier's"), hash("new") }), ago(time.Hour, tokyo, as), whole},
		"home, after somewhere that was proven":   {on(berlin, as), ago(time.Hour, tokyo, as), 0},
		"home, after somebody who proved nothing": {on(berlin, as), ago(time.Hour, tokyo, func(s *policy.Sighting) { s.Unproven = true }), whole},
		"now behind a hosting network":            {on(tokyo, func(s *policy.Sighting) { s.Network.Hosting = true }), ago(time.Hour, berlin, as), 0},
		"now behind an egress":                    {on(tokyo, func(s *policy.Sighting) { s.Network.Egress = true }), ago(time.Hour, berlin, as), 0},
		"now at a Tor exit":                       {on(tokyo, func(s *policy.Sighting) { s.Network.Tor = true }), ago(time.Hour, berlin, as), whole},
		"no point now":                            {on(tokyo, func(s *policy.Sighting) { s.Place.Radius = 0 }), ago(time.Hour, berlin, as), 0},
		"a latitude that is none":                 {on(tokyo, func(s *policy.Sighting) { s.Place.Lat = 999 }), ago(time.Hour, berlin, as), 0},
		"a longitude that is no number":           {on(tokyo, func(s *policy.Sighting) { s.Place.Lon = math.NaN() }), ago(time.Hour, berlin, as), 0},
		"at no known time before":                 {on(tokyo, as), []policy.Sighting{seen(time.Time{}, berlin)}, 0},
		"a hosting network in between hides none": {on(tokyo, as), append(ago(time.Minute, tokyo, func(s *policy.Sighting) {
			s.Network = policy.Network{Hosting: true, Prefix: hash("vpn"), ASN: hash("vpn")}
		}), seen(noon.Add(-time.Hour), berlin)), whole},
		"an unknown place in between hides none":   {on(tokyo, as), append(ago(time.Minute, tokyo, func(s *policy.Sighting) { s.Place.Radius, s.Network = 0, policy.Network{Prefix: hash("lost")} }), seen(noon.Add(-time.Hour), berlin)), whole},
		"of two at one moment, the farther counts": {on(tokyo, as), append(ago(time.Hour, newYork, as), seen(noon.Add(-time.Hour), tokyo)), 0}, // Tokyo's network was seen
	} {
		t.Run(name, func(t *testing.T) {
			a := assess(facts(c.now, c.history...))
			if got := points(a, policy.ImpossibleTravel); got != c.want {
				t.Errorf("%v points, want %v: %+v", got, c.want, a.Terms)
			}
			if c.want == whole && (rank(t, a.Level) < rank(t, identity.Elevated) || a.Level == identity.Elevated && !slices.Contains(a.Reasons, policy.ImpossibleTravel)) {
				t.Errorf("level %s for %v", a.Level, a.Reasons)
			}
		})
	}
}

func TestOppositeEndsOfTheEarthHaveADistance(t *testing.T) {
	now, before := seen(noon, berlin), seen(noon.Add(-time.Hour), berlin)
	now.Network = policy.Network{Prefix: hash("elsewhere")}
	now.Place.Lat, now.Place.Lon, before.Place.Lat, before.Place.Lon = 90, 180, -90, -180
	if points(assess(facts(now, before)), policy.ImpossibleTravel) == 0 {
		t.Error("from pole to pole in an hour")
	}
}
