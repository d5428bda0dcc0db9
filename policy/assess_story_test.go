package policy_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/policy"
)

var updateStories = flag.Bool("update-stories", false, "write testdata/stories.golden anew")

// people is the population of the stories: most of them in Germany, at the network and with the browser of the stories' hero.
func people() tally {
	p := tally{
		policy.FeatureCountry: {"DE": 9000, "FR": 300, "JP": 60, "BR": 40, "US": 200, "NL": 100},
		policy.FeatureKind:    {"desktop": 6000, "mobile": 4000},
		policy.FeatureOS:      {"Windows 11": 4000, "Windows 10": 1000, "Android 14": 2000},
		policy.FeatureBrowser: {"Firefox": 1000, "Chrome": 6000},
		policy.FeatureVersion: {"Firefox 140": 400, "Firefox 141": 300, "Chrome 138": 2500},
	}
	often := map[policy.Feature]float64{
		policy.FeatureASN: 2500, policy.FeaturePrefix: 50, policy.FeatureAddress: 4, policy.FeatureAgent: 350, policy.FeatureJA4: 800,
	}
	hero := seen(noon, berlin)
	hero.Each(func(f policy.Feature, value string) {
		if n, ok := often[f]; ok {
			p[f] = map[string]float64{value: n, "others": 10_000 - n}
		}
	})
	return p
}

type story struct {
	name string
	tell func() *policy.Facts
}

// stories are what the people of docs/risk.md live through.
func stories() []story {
	usual := func(c city, change func(*policy.Facts)) *policy.Facts {
		f := facts(seen(noon, c), habit(40, berlin)...)
		f.Population = people()
		change(f)
		return f
	}
	return []story{
		{"an ordinary morning", func() *policy.Facts { return usual(berlin, func(*policy.Facts) {}) }},
		{"a browser update", func() *policy.Facts {
			return usual(berlin, func(f *policy.Facts) { f.Now.Client.Browser, f.Now.Client.Agent = "Firefox 141", hash("firefox 141") })
		}},
		{"a new computer at home", func() *policy.Facts {
			return usual(berlin, func(f *policy.Facts) {
				f.Now.Device, f.Now.DeviceSince = hash("new computer"), time.Time{}
				f.Now.Client.Browser, f.Now.Client.Agent, f.Now.Client.JA4 = "Chrome 138", hash("chrome 138"), "t13d1516h2_8daaf6152771_d8a2da3f94cd"
			})
		}},
		{"hopping inside a /64 at home", func() *policy.Facts {
			return usual(berlin, func(f *policy.Facts) { f.Now.At = noon.Add(3 * time.Hour) }) // the hash of an address is that of its /64
		}},
		{"Berlin, Tokyo and São Paulo within an hour", func() *policy.Facts {
			return usual(saoPaulo, func(f *policy.Facts) { f.History = trail(50*time.Minute, berlin, 20*time.Minute, tokyo) })
		}},
		{"a traveller's first evening in Tokyo", func() *policy.Facts {
			return usual(tokyo, func(f *policy.Facts) { f.History[0].At = noon.Add(-16 * time.Hour) })
		}},
		{"and the second, after nothing was asked", func() *policy.Facts {
			return usual(tokyo, func(f *policy.Facts) {
				f.Now.At = noon.AddDate(0, 0, 1)
				f.History = append([]policy.Sighting{seen(noon, tokyo)}, f.History...)
			})
		}},
		{"someone turns on a VPN for the first time", func() *policy.Facts {
			return usual(newYork, func(f *policy.Facts) {
				f.Now.Network.Hosting = true
				f.History = append([]policy.Sighting{seen(noon.Add(-10*time.Minute), berlin)}, f.History...)
			})
		}},
		{"someone who uses a VPN every other day", func() *policy.Facts {
			return usual(newYork, func(f *policy.Facts) {
				f.Now.Network.Hosting = true
				for i := range f.History {
					if i%2 == 1 {
						at := f.History[i].At
						f.History[i] = seen(at, newYork)
						f.History[i].Network.Hosting = true
					}
				}
			})
		}},
		{"a stolen password, from the same country", func() *policy.Facts {
			return usual(hamburg, func(f *policy.Facts) {
				f.Now.Device, f.Now.DeviceSince = hash("thief's"), time.Time{}
				f.Now.Network = policy.Network{Address: hash("t1"), Prefix: hash("t2"), ASN: hash("t3")}
				f.Now.Client = policy.Client{Agent: hash("chrome"), Browser: "Chrome 138", OS: "Windows 11", Kind: "desktop", JA4: "t13d1516h2_8daaf6152771_d8a2da3f94cd"}
			})
		}},
		{"a stolen password, tried by a script over Tor", func() *policy.Facts {
			return usual(newYork, func(f *policy.Facts) {
				f.Now.Device, f.Now.DeviceSince = policy.Hash{}, time.Time{}
				f.Now.Network = policy.Network{Address: hash("t1"), Prefix: hash("t2"), ASN: hash("t3"), Hosting: true, Tor: true}
				f.Now.Client = policy.Client{Agent: hash("chrome"), Browser: "Chrome 138", OS: "Windows 10", Kind: "desktop", JA4: "t13i190800_9dc949149365_97f8aa674fd9", Contradicts: true}
				f.Failures = policy.Failures{Subject: 6, Network: 80, ASN: -1}
			})
		}},
		{"a new user's second login, from elsewhere", func() *policy.Facts {
			return usual(paris, func(f *policy.Facts) { f.History, f.Now.Device = habit(1, berlin), policy.Hash{} })
		}},
		{"a history that cannot be read", func() *policy.Facts {
			return usual(berlin, func(f *policy.Facts) { f.History, f.HistoryKnown = nil, false })
		}},
	}
}

// explain writes an assessment as a person would read it.
func explain(b *strings.Builder, name string, a policy.Assessment) {
	fmt.Fprintf(b, "%s\n    %s, %.2f points", name, a.Level, a.Score)
	if len(a.Reasons) > 0 {
		fmt.Fprintf(b, ", because of %v", a.Reasons)
	}
	b.WriteString("\n")
	for _, t := range a.Terms {
		fmt.Fprintf(b, "    %s\n", strings.TrimRight(fmt.Sprintf("%+6.2f  %-20s %s", t.Points, t.Code, t.Detail), " "))
	}
	if len(a.Unknown) > 0 {
		fmt.Fprintf(b, "    unknown: %v\n", a.Unknown)
	}
	b.WriteString("\n")
}

func TestStoriesAreExplainedAsBefore(t *testing.T) {
	const golden = "testdata/stories.golden"
	var b strings.Builder
	for _, s := range stories() {
		explain(&b, s.name, assess(s.tell()))
	}
	if *updateStories {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("run with -update-stories if this is meant: %s", diff)
	}
}
