package policy_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// crowd is a population that says something odd about every value.
type crowd struct{ count, total float64 }

func (c crowd) Frequency(policy.Feature, string) (float64, float64, int) { return c.count, c.total, 3 }

// odd are numbers that no honest source gives.
var odd = []float64{0, 1, -1, 999, 90, -180, 1e-300, 1e300, math.Inf(1), math.Inf(-1), math.NaN()}

// drawFacts makes facts out of a seed: mostly plausible, everything missing or absurd now and then.
func drawFacts(seed uint64) *policy.Facts {
	rnd := rand.New(rand.NewPCG(seed, 2))
	chance := func(n int) bool { return rnd.IntN(n) == 0 }
	number := func(usual float64) float64 {
		if chance(12) {
			return odd[rnd.IntN(len(odd))]
		}
		return usual
	}
	cities := []city{berlin, hamburg, paris, london, tokyo, saoPaulo, newYork}
	sighting := func(at time.Time) policy.Sighting {
		s := seen(at, cities[min(rnd.IntN(12), len(cities)-1)])
		s.Login, s.Unproven = !chance(4), chance(9)
		s.Place.Lat, s.Place.Radius = number(s.Place.Lat), number(s.Place.Radius)
		s.Network.Tor, s.Network.Hosting, s.Network.Egress = chance(15), chance(8), chance(9)
		s.Client.Contradicts = chance(10)
		for _, blank := range []func(){
			func() { s.Place.Country = "" }, func() { s.Place.Zone = "" }, func() { s.Network.ASN = policy.Hash{} }, func() { s.Network = policy.Network{} },
			func() { s.Client = policy.Client{} }, func() { s.Device = policy.Hash{} }, func() { s.At = time.Time{} }, func() { s.Client.JA4 = "" },
			func() { s.Device = hash("phone") }, func() { s.Client.Browser = "Chrome 1" }, func() { s.DeviceSince = at.Add(time.Hour) },
			func() { s.Assurance.AMR = []string{"pwd", "hwk"} }, func() { s.At = at.AddDate(5000, 0, 0) }, func() { s.Place.Offset = time.Duration(rnd.Int64()) },
		} {
			if chance(14) {
				blank()
			}
		}
		return s
	}
	f := facts(sighting(noon))
	if chance(4) { // somebody with habits, who comes with a few things changed
		f.Now, f.History = seen(noon, berlin), habit(40, berlin)
		for _, change := range []func(){
			func() { f.Now.Network.Address = hash("another address") }, func() { f.Now.Client.Agent = hash("another agent") }, func() { f.Now.Client.JA4 = "another" },
			func() { f.Now.Client.OS = "another" }, func() { f.Now.Client.Kind = "another" }, func() { f.Now.Client.Browser = "Firefox 141" },
		} {
			if chance(5) {
				change()
			}
		}
	}
	at := noon.Add(2 * time.Minute)
	for range rnd.IntN(60) {
		if !chance(3) {
			at = at.Add(-time.Duration(rnd.Int64N(int64(30 * time.Hour))))
		}
		f.History = append(f.History, sighting(at))
	}
	f.HistoryKnown, f.Rekeyed, f.Groups = !chance(10), chance(10), []string{"staff"}
	f.Failures = policy.Failures{Subject: number(float64(rnd.IntN(9))), Network: number(float64(rnd.IntN(40))), ASN: number(float64(rnd.IntN(900)))}
	if chance(2) {
		f.Population = crowd{number(float64(rnd.IntN(50))), number(1000)}
	}
	if chance(2) {
		f.Unknown = []policy.Reason{policy.HostingUnknown, policy.TorUnknown, policy.EgressUnknown}
	}
	return f
}

func rank(t *testing.T, level identity.Level) int {
	t.Helper()
	i := slices.Index([]identity.Level{identity.Normal, identity.Elevated, identity.High}, level)
	if i < 0 {
		t.Fatalf("there is no level %q", level)
	}
	return i
}

// soundAssessment checks what holds for every assessment.
func soundAssessment(t *testing.T, r *policy.Rules, f *policy.Facts) policy.Assessment {
	t.Helper()
	a := r.Assess(f)
	if diff := cmp.Diff(a, r.Assess(f)); diff != "" {
		t.Fatalf("assessed twice, two results: %s", diff)
	}
	if math.IsNaN(a.Score) || math.IsInf(a.Score, 0) {
		t.Fatalf("the score is %v", a.Score)
	}
	var forth, back float64
	for i := range a.Terms {
		forth, back = forth+a.Terms[i].Points, back+a.Terms[len(a.Terms)-1-i].Points
		if a.Terms[i].Points == 0 || i > 0 && a.Terms[i].Points > a.Terms[i-1].Points && a.Terms[i].Code != policy.LoweringCapped {
			t.Fatalf("term %d stands in the wrong place: %+v", i, a.Terms)
		}
	}
	if forth != a.Score || back != a.Score {
		t.Fatalf("the terms add up to %v and %v, the score is %v", forth, back, a.Score)
	}
	for _, term := range a.Terms {
		if !slices.Contains(policy.RiskReasons(), term.Code) {
			t.Fatalf("%q is in no vocabulary", term.Code)
		}
	}
	for _, code := range slices.Concat(a.Reasons, a.Unknown) {
		if !slices.Contains(policy.RiskReasons(), code) {
			t.Fatalf("%q is in no vocabulary", code)
		}
	}
	if raised := rank(t, a.Level) > 0; raised == (len(a.Reasons) == 0) && !slices.Contains(a.Reasons, policy.Learning) {
		t.Fatalf("level %s for %v", a.Level, a.Reasons)
	}
	return a
}

// notLower fails if the second assessment is milder than the first.
func notLower(t *testing.T, what string, a, b policy.Assessment) {
	t.Helper()
	if b.Score < a.Score || rank(t, b.Level) < rank(t, a.Level) {
		t.Fatalf("%s lowers %s %v to %s %v:\n%+v\n%+v", what, a.Level, a.Score, b.Level, b.Score, a.Terms, b.Terms)
	}
}

func with(f *policy.Facts, change func(*policy.Facts)) *policy.Facts {
	c := *f
	c.History = slices.Clone(f.History)
	change(&c)
	return &c
}

// aggravations are known-bad facts.
func aggravations() map[string]func(*policy.Facts) {
	more := func(v float64) float64 {
		if math.IsNaN(v) || v < 0 {
			return 5
		}
		return v*2 + 3
	}
	return map[string]func(*policy.Facts){
		"a Tor exit":              func(f *policy.Facts) { f.Now.Network.Tor = true },
		"a contradicting client":  func(f *policy.Facts) { f.Now.Client.Contradicts = true },
		"a key made anew":         func(f *policy.Facts) { f.Rekeyed = true },
		"failures of the subject": func(f *policy.Facts) { f.Failures.Subject = more(f.Failures.Subject) },
		"failures of the network": func(f *policy.Facts) { f.Failures.Network = more(f.Failures.Network) },
		"failures of the system":  func(f *policy.Facts) { f.Failures.ASN = more(f.Failures.ASN) },
		"all together": func(f *policy.Facts) {
			f.Now.Network.Tor, f.Now.Client.Contradicts, f.Rekeyed, f.Failures = true, true, true, policy.Failures{Subject: 1e9, Network: 1e9, ASN: 1e9}
		},
	}
}

// blanks take one signal away.
func blanks() map[string]func(*policy.Sighting) {
	return map[string]func(*policy.Sighting){
		"country": func(s *policy.Sighting) { s.Place.Country = "" }, "asn": func(s *policy.Sighting) { s.Network.ASN = policy.Hash{} },
		"zone": func(s *policy.Sighting) { s.Place.Zone = "" }, "coordinates": func(s *policy.Sighting) { s.Place.Radius = 0 },
		"client": func(s *policy.Sighting) { s.Client = policy.Client{} }, "ja4": func(s *policy.Sighting) { s.Client.JA4 = "" },
		"device": func(s *policy.Sighting) { s.Device, s.DeviceSince = policy.Hash{}, time.Time{} },
		"prefix": func(s *policy.Sighting) { s.Network.Prefix, s.Network.Address = policy.Hash{}, policy.Hash{} },
	}
}

// honest checks the properties of assessing on one set of facts.
func honest(t *testing.T, r *policy.Rules, f *policy.Facts, seed uint64) policy.Assessment {
	t.Helper()
	a := soundAssessment(t, r, f)
	shuffled := with(f, func(f *policy.Facts) {
		rand.New(rand.NewPCG(seed, 3)).Shuffle(len(f.History), func(i, j int) { f.History[i], f.History[j] = f.History[j], f.History[i] })
	})
	if diff := cmp.Diff(a, r.Assess(shuffled)); diff != "" {
		t.Fatalf("the order of the history matters: %s", diff)
	}
	for name, worse := range aggravations() {
		notLower(t, name, a, soundAssessment(t, r, with(f, worse)))
	}
	for name, blank := range blanks() {
		absent := soundAssessment(t, r, with(f, func(f *policy.Facts) {
			blank(&f.Now)
			for i := range f.History {
				blank(&f.History[i])
			}
		}))
		unknown := soundAssessment(t, r, with(f, func(f *policy.Facts) { blank(&f.Now) }))
		notLower(t, "an unknown "+name+" against none at all", absent, unknown)
	}
	return a
}

func TestAssessingIsMonotoneFiniteAndIndifferentToOrder(t *testing.T) {
	codes := map[policy.Reason]bool{}
	for seed := range uint64(600) {
		a := honest(t, policy.DefaultRules(), drawFacts(seed), seed)
		for _, term := range a.Terms {
			codes[term.Code] = true
		}
		for _, code := range slices.Concat(a.Reasons, a.Unknown) {
			codes[code] = true
		}
	}
	for _, code := range policy.RiskReasons() {
		if !codes[code] {
			t.Errorf("no facts were drawn that show %s", code)
		}
	}
}

func TestASightingOfWhichNothingIsKnownChangesNothing(t *testing.T) {
	for seed := range uint64(500) {
		f := drawFacts(seed)
		a := assess(f)
		b := assess(with(f, func(f *policy.Facts) { f.History = append(f.History, policy.Sighting{}) }))
		if diff := cmp.Diff(a.Terms, b.Terms); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestAssessingLeavesItsFactsAlone(t *testing.T) {
	for seed := range uint64(50) {
		f := drawFacts(seed)
		f.Failures, f.Population = policy.Failures{}, nil
		before := with(f, func(*policy.Facts) {})
		assess(f)
		if diff := cmp.Diff(before, f, equateNaN); diff != "" {
			t.Fatal(diff)
		}
	}
}

var equateNaN = cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })

func TestRulesWithoutAnythingFindNothing(t *testing.T) {
	for seed := range uint64(500) {
		if a := (&policy.Rules{}).Assess(drawFacts(seed)); a.Level != identity.Normal || a.Score != 0 || len(a.Terms) != 0 {
			t.Fatalf("%+v", a)
		}
	}
}

func FuzzAssess(f *testing.F) {
	f.Add(uint64(1), 52.5, 13.4, 50.0, int64(time.Hour), int64(0), 3.0, "Firefox 140", 100.0)
	f.Add(uint64(2), math.NaN(), 999.0, math.Inf(1), int64(math.MinInt64), int64(math.MaxInt64), -1.0, " 1", math.NaN())
	f.Fuzz(func(t *testing.T, seed uint64, lat, lon, radius float64, offset, away int64, failures float64, browser string, count float64) {
		facts := drawFacts(seed)
		s := &facts.Now
		s.Place.Lat, s.Place.Lon, s.Place.Radius, s.Place.Offset = lat, lon, radius, time.Duration(offset)
		s.At = s.At.Add(time.Duration(away))
		s.Client.Browser, facts.Failures.Network, facts.Population = browser, failures, crowd{count, failures}
		honest(t, policy.DefaultRules(), facts, seed)
	})
}

// BenchmarkAssess has the longest history that the store keeps: fifty sightings of someone with two devices in three places.
func BenchmarkAssess(b *testing.B) {
	f := longFacts()
	r := policy.DefaultRules()
	b.ReportAllocs()
	for b.Loop() {
		if a := r.Assess(f); a.Level != identity.Normal {
			b.Fatal(a)
		}
	}
}

func longFacts() *policy.Facts {
	f := facts(seen(noon, berlin), habit(50, berlin)...)
	for i := range f.History {
		s := &f.History[i]
		switch i % 5 {
		case 1:
			s.Device, s.Client.OS, s.Client.Kind, s.Client.Browser, s.Client.Agent = hash("phone"), "Android 14", "mobile", "Chrome Mobile 130", hash("android")
		case 2:
			s.Network.Prefix = hash(string(rune('a' + i%9)))
		case 3:
			s.Client.Browser = "Firefox 13" + string(rune('0'+i%10))
		}
	}
	f.Population = crowd{20, 1000}
	return f
}
