package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// hash is a hash that is not zero for any name but "".
func hash(name string) (h policy.Hash) {
	if name != "" {
		d := identity.Digest("test", name)
		copy(h[:], d[:])
		h[0] |= 1
	}
	return h
}

// city is somewhere a person can be.
type city struct {
	country, zone string
	offset        time.Duration
	lat, lon      float64
}

var (
	berlin   = city{"DE", "Europe/Berlin", time.Hour, 52.52, 13.40}
	hamburg  = city{"DE", "Europe/Berlin", time.Hour, 53.55, 9.99}
	paris    = city{"FR", "Europe/Paris", time.Hour, 48.86, 2.35}
	rome     = city{"IT", "Europe/Rome", time.Hour, 41.90, 12.50}
	london   = city{"GB", "Europe/London", 0, 51.51, -0.13}
	tokyo    = city{"JP", "Asia/Tokyo", 9 * time.Hour, 35.68, 139.69}
	saoPaulo = city{"BR", "America/Sao_Paulo", -3 * time.Hour, -23.55, -46.63}
	newYork  = city{"US", "America/New_York", -5 * time.Hour, 40.71, -74.01}
)

// seen is a login from a city's usual network, on the person's usual computer.
func seen(at time.Time, c city) policy.Sighting {
	return policy.Sighting{
		At: at, Login: true, Device: hash("laptop"), DeviceSince: noon.AddDate(0, -3, 0),
		Network: policy.Network{Address: hash(c.country + " address"), Prefix: hash(c.zone + " prefix"), ASN: hash(c.country + " asn")},
		Place:   policy.Place{Country: c.country, Lat: c.lat, Lon: c.lon, Radius: 50, Zone: c.zone, Offset: c.offset},
		Client:  policy.Client{Agent: hash("firefox 140"), Browser: "Firefox 140", OS: "Windows 11", Kind: "desktop", JA4: "t13d1717h2_5b57614c22b0_3cbfd9057e0d"},
	}
}

// habit is a history of so many logins from a city, one a day, the newest a day before noon.
func habit(n int, c city) []policy.Sighting {
	list := make([]policy.Sighting, n)
	for i := range list {
		list[i] = seen(noon.AddDate(0, 0, -1-i), c)
	}
	return list
}

func facts(now policy.Sighting, history ...policy.Sighting) *policy.Facts {
	return &policy.Facts{Subject: identity.Subject{Issuer: issuer, Sub: "alice"}, Now: now, History: history, HistoryKnown: true}
}

func assess(f *policy.Facts) policy.Assessment { return policy.DefaultRules().Assess(f) }

func points(a policy.Assessment, code policy.Reason) float64 {
	for _, t := range a.Terms {
		if t.Code == code {
			return t.Points
		}
	}
	return 0
}

// trail is a history that ends before noon with sightings so long ago in these cities.
func trail(steps ...any) []policy.Sighting {
	var list []policy.Sighting
	for i := 0; i < len(steps); i += 2 {
		list = append(list, seen(noon.Add(-steps[i].(time.Duration)), steps[i+1].(city)))
	}
	slices.SortFunc(list, func(a, b policy.Sighting) int { return b.At.Compare(a.At) })
	return append(list, habit(20, berlin)...)
}

func TestThreeTimeZonesWithinAnHourAreHigh(t *testing.T) {
	const least = 1
	offline := func(s policy.Sighting) policy.Sighting { s.Place.Zone = ""; return s }
	egress := func(s policy.Sighting) policy.Sighting { s.Network.Egress = true; return s }
	tor := func(s policy.Sighting) policy.Sighting { s.Network.Tor, s.Network.Hosting = true, true; return s }
	summer := func(s policy.Sighting) policy.Sighting { s.Place.Offset = 0; return s }
	now := seen(noon, saoPaulo)
	for name, c := range map[string]struct {
		now     policy.Sighting
		history []policy.Sighting
		want    bool
	}{
		"Berlin, Tokyo, São Paulo":               {now, trail(50*time.Minute, berlin, 20*time.Minute, tokyo), true},
		"exactly an hour":                        {now, trail(time.Hour, berlin, 20*time.Minute, tokyo), true},
		"just over an hour":                      {now, trail(time.Hour+time.Nanosecond, berlin, 20*time.Minute, tokyo), false},
		"two zones":                              {now, trail(50*time.Minute, berlin, 20*time.Minute, hamburg), false},
		"Berlin, Paris and Rome are one":         {seen(noon, rome), trail(50*time.Minute, berlin, 20*time.Minute, paris), false},
		"and with Tokyo and New York, three":     {seen(noon, newYork), trail(50*time.Minute, berlin, 40*time.Minute, paris, 20*time.Minute, tokyo), true},
		"one name, two offsets":                  {summer(seen(noon, berlin)), trail(50*time.Minute, berlin, 20*time.Minute, tokyo), true},
		"London in winter is not Berlin":         {seen(noon, london), trail(50*time.Minute, berlin, 20*time.Minute, tokyo), true},
		"now unknown, three before":              {offline(now), trail(50*time.Minute, berlin, 40*time.Minute, saoPaulo, 20*time.Minute, tokyo), true},
		"now unknown, two before":                {offline(now), trail(50*time.Minute, berlin, 20*time.Minute, tokyo), false},
		"one of them unknown":                    {now, append([]policy.Sighting{offline(seen(noon.Add(-time.Minute), tokyo))}, trail(50*time.Minute, berlin)...), false},
		"one of them an egress of one's own":     {egress(now), trail(50*time.Minute, berlin, 20*time.Minute, tokyo), false},
		"one of them Tor":                        {tor(now), trail(50*time.Minute, berlin, 20*time.Minute, tokyo), true},
		"one a little ahead":                     {now, trail(-30*time.Second, berlin, 20*time.Minute, tokyo), true},
		"one from tomorrow, as clocks may jump":  {now, trail(-24*time.Hour, berlin, 20*time.Minute, tokyo), true},
		"one at no known time":                   {now, []policy.Sighting{seen(time.Time{}, berlin), seen(noon.Add(-time.Minute), tokyo)}, false},
		"a new user, whom only hard rules judge": {now, []policy.Sighting{seen(noon.Add(-time.Minute), tokyo), seen(noon.Add(-2*time.Minute), berlin)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := assess(facts(c.now, c.history...))
			found := points(a, policy.TimeZones) >= least
			if found != c.want || c.want && (a.Level != identity.High || !slices.Contains(a.Reasons, policy.TimeZones)) {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestTheZonesAreNamedFromWestToEast(t *testing.T) {
	a := assess(facts(seen(noon, saoPaulo), trail(50*time.Minute, berlin, 45*time.Minute, paris, 20*time.Minute, tokyo)...))
	i := slices.IndexFunc(a.Terms, func(t policy.Term) bool { return t.Code == policy.TimeZones })
	if diff := cmp.Diff("America/Sao_Paulo, Europe/Berlin, Asia/Tokyo", a.Terms[i].Detail); diff != "" {
		t.Error(diff)
	}
}

func TestAHistoryThatCannotBeReadIsNotThatOfANewUser(t *testing.T) {
	f := facts(seen(noon, tokyo))
	if a := assess(f); a.Level != identity.Normal || slices.Contains(a.Unknown, policy.HistoryUnread) {
		t.Errorf("a new user: %+v", a)
	}
	f.HistoryKnown = false
	if a := assess(f); a.Level != identity.Elevated || !slices.Contains(a.Unknown, policy.HistoryUnread) || !slices.Contains(a.Reasons, policy.HistoryUnread) {
		t.Errorf("an unread history: %+v", a)
	}
}
