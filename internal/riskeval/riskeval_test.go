package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/policy"
)

// few is a population small enough for a test. No test asserts how good a model is on it.
func few(seed uint64) Plan {
	return Plan{Seed: seed, Users: 120, Days: 200, Errors: usualErrors()}
}

func logins(p *Population) (out []Login) {
	for _, l := range p.Logins {
		out = append(out, *l)
	}
	return out
}

func TestEqualSeedsMakeEqualPopulations(t *testing.T) {
	a, b := logins(Generate(few(5))), logins(Generate(few(5)))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(a, logins(Generate(few(6)))) {
		t.Error("another seed makes the same")
	}
}

func TestLoginsAreInOrderAndMinutesApart(t *testing.T) {
	p := Generate(few(1))
	if !slices.IsSortedFunc(p.Logins, func(a, b *Login) int { return a.Sighting.At.Compare(b.Sighting.At) }) {
		t.Error("not in the order of time")
	}
	for u := range p.People {
		list := p.People[u].Logins
		for i := range list {
			if list[i].User != u {
				t.Fatal("a login of somebody else's")
			}
			if i > 0 && list[i].Sighting.At.Sub(list[i-1].Sighting.At) < 5*time.Minute {
				t.Errorf("user %d: two logins within %v", u, list[i].Sighting.At.Sub(list[i-1].Sighting.At))
			}
		}
	}
}

func TestAnErrorRateChangesOnlyWhatItConcerns(t *testing.T) {
	plan := few(1)
	plan.Errors.CookieLost = 0.5
	a, b := logins(Generate(few(1))), logins(Generate(plan))
	changed := 0
	for i := range a {
		if a[i].Sighting.Device != b[i].Sighting.Device {
			changed++
		}
		for _, l := range []*Login{&a[i], &b[i]} {
			l.Sighting.Device, l.Sighting.DeviceSince = policy.Hash{}, time.Time{}
		}
	}
	if diff := cmp.Diff(a, b); diff != "" || changed == 0 {
		t.Errorf("%d cookies differ, and %s", changed, diff)
	}
}

func TestAttackersKnowNoMoreThanTheirModelSays(t *testing.T) {
	p := Generate(few(1))
	away, sameClient := [4]int{}, [4]int{}
	for u, n := range victims(p) {
		if n == 0 {
			continue
		}
		before := p.People[u].Logins[n-1].Sighting
		for _, a := range Attackers() {
			l := p.draw(a, u, n)
			if cmp.Equal(l.Sighting.Device, before.Device) && a != VeryTargeted {
				t.Errorf("the %s attacker holds the cookie", a)
			}
			if l.Sighting.Place.Country != atlas[p.People[u].Home.country].code {
				away[a]++
			}
			if l.Sighting.Client.Agent == before.Client.Agent {
				sameClient[a]++
			}
			if !l.Sighting.At.After(before.At) {
				t.Errorf("the %s attacker comes before the login that they replace", a)
			}
		}
	}
	if away[Naive] == 0 || away[VPN]+away[Targeted]+away[VeryTargeted] != 0 {
		t.Errorf("attacks from other countries: %v", away)
	}
	if sameClient[VeryTargeted] <= sameClient[Targeted] {
		t.Errorf("attacks with the victim's client: %v", sameClient)
	}
}

func TestNothingOfAStrippedSignalIsLeft(t *testing.T) {
	p := Generate(few(1))
	q := p.Without(noBoth)
	if len(q.Logins) != len(p.Logins) {
		t.Fatalf("%d logins of %d", len(q.Logins), len(p.Logins))
	}
	for i, l := range q.Logins {
		if s := &l.Sighting; s.Client.JA4 != "" || !s.Device.IsZero() || s.Client.Contradicts {
			t.Fatalf("%+v", s)
		}
		if l.User != p.Logins[i].User || !p.Logins[i].Sighting.At.Equal(l.Sighting.At) || p.Logins[i].Sighting.Client.JA4 == "" {
			t.Fatal("another login, or the first population was changed")
		}
	}
	for u, n := range victims(q) {
		if n > 0 && q.draw(VeryTargeted, u, n).Sighting.Client.JA4 != "" {
			t.Fatal("an attacker brings what the edge cannot see")
		}
	}
}

func TestEveryModelScoresEveryLoginButTheFirst(t *testing.T) {
	p := Generate(few(2))
	want, attacked := 0, 0
	for i := range p.People {
		want += max(0, len(p.People[i].Logins)-1)
		if len(p.People[i].Logins) > 1 {
			attacked++
		}
	}
	for _, set := range settings() {
		r := Replay(p, set.Model())
		if len(r.Honest) != want {
			t.Errorf("%s: %d logins scored, want %d", set.Name, len(r.Honest), want)
		}
		for _, a := range Attackers() {
			if len(r.Attacks[a]) != attacked {
				t.Errorf("%s: %d %s attacks, want %d", set.Name, len(r.Attacks[a]), a, attacked)
			}
		}
		for _, s := range slices.Concat(r.Honest, r.Attacks[0], r.Attacks[3]) {
			if math.IsNaN(s.Score) || math.IsInf(s.Score, 0) {
				t.Fatalf("%s: the score is %v", set.Name, s.Score)
			}
		}
	}
}

// The worked example has 2 users; one logged in three times, with two addresses of one network and one client.
func TestTheBaselineIsTheOpenImplementationsFormula(t *testing.T) {
	login := func(user, host int, browser int) Login {
		s := system{0, homeLine, 1}
		return Login{User: user, Sighting: policy.Sighting{At: dayOne, Network: s.network(1, host), Place: center(0).sighted(), Client: catalog[browser].client(0, 0, 0)}}
	}
	past := []Login{login(0, 1, 0), login(0, 1, 0), login(0, 2, 0)}
	c := newCounts()
	for _, l := range append(slices.Clone(past), login(1, 9, 0)) {
		c.Count(&l)
	}
	now := login(0, 1, 0)
	// Of 4 logins: address 2, system and country 4, client 4. Unseen values: 1 system + 1 country + 1, and 3 + 1 for clients.
	address := 0.6*(2.0/(2+3))*(2.0/(4+3)) + 0.3 + 0.1
	weights := freemanParts()[1].weights
	client := weights[0]*(4.0/(4+4))*(4.0/(4+4)) + weights[1] + weights[2] + weights[3]
	want := address / (0.6*2/3 + 0.4) * client / 1 * (1.0 / 2) / (3.0 / 4)
	if got := math.Exp(freeman(&now, past, c)); math.Abs(got-want) > 1e-9 {
		t.Errorf("score %v, want %v", got, want)
	}
	other := login(0, 1, len(catalog)-1) // a kind of client never seen counts four times
	if got, want := freeman(&other, past, c)-freeman(&now, past, c), math.Log(4/client); math.Abs(got-want) > 1e-9 {
		t.Errorf("an unseen client adds %v, want %v", got, want)
	}
}

func TestThresholdsCatchAndSpareWhatTheySay(t *testing.T) {
	var list []Scored
	for i := range 200 {
		list = append(list, Scored{Score: float64(i / 2)})
	}
	if got := caught(list, catching(list, 0.99)); got < 0.99 || got > 1 {
		t.Errorf("caught %v", got)
	}
	for _, share := range []float64{0.05, 0.1} {
		if got := caught(list, sparing(list, share)); got > share || got < share-0.02 {
			t.Errorf("stepped up %v, want %v", got, share)
		}
	}
	if got := sparing([]Scored{{Score: 1}, {Score: 1}}, 0.5); got <= 1 {
		t.Errorf("of equal scores some are stepped up at %v", got)
	}
}

func TestTheAreaUnderTheCurveCountsPairs(t *testing.T) {
	s := func(v ...float64) (list []Scored) {
		for _, x := range v {
			list = append(list, Scored{Score: x})
		}
		return list
	}
	for _, c := range []struct {
		honest, attacks []Scored
		want            float64
	}{{s(1, 2), s(3, 4), 1}, {s(3, 4), s(1, 2), 0}, {s(1, 2), s(1, 2), 0.5}, {s(1, 3), s(2), 0.5}, {s(1, 2, 3, 4), s(3, 5), 0.8125}} {
		if got := auc(c.honest, c.attacks); got != c.want {
			t.Errorf("auc %v, want %v", got, c.want)
		}
	}
}

func TestRatesCountAUsersFirstLogins(t *testing.T) {
	r := &Result{Users: []User{{Logins: 4}, {Logins: 4}, {Logins: 3}}}
	for _, at := range [][3]int{{0, 1, 9}, {0, 2, 0}, {0, 3, 9}, {1, 1, 0}, {1, 2, 0}, {1, 3, 0}, {2, 1, 9}} {
		r.Honest = append(r.Honest, Scored{User: at[0], Index: at[1], Score: float64(at[2])})
	}
	want := Rates{Users: 2, Median: 0.5, Mean: 0.25, Latest: 0.5}
	if diff := cmp.Diff(want, ratesAt(r, 4, above(5), everybody)); diff != "" {
		t.Error(diff)
	}
}

func TestTheGoalIsHalfOfWhatIsPublishedAndForNaiveAttackersAlsoAMean(t *testing.T) {
	for _, c := range []struct {
		a            Attacker
		median, mean float64
		want         bool
	}{
		{Naive, 0.085, 0.05, true}, {Naive, 0.086, 0.01, false}, {Naive, 0, 0.051, false},
		{VPN, 0.125, 0.9, true}, {VPN, 0.126, 0, false}, {VeryTargeted, 0.29, 0.3, true}, {VeryTargeted, 0.3, 0.3, false},
	} {
		if got := reached(c.a, &row{Median12: c.median, Mean12: c.mean}); got != c.want {
			t.Errorf("%s, median %v, mean %v: %v", c.a, c.median, c.mean, got)
		}
	}
}

func TestTripsAreCountedByStepUps(t *testing.T) {
	r := &Result{Honest: []Scored{{User: 1, Trip: 1, Score: 9}, {User: 1, Trip: 1, Score: 9}, {User: 1, Trip: 2}, {User: 2, Trip: 1, Score: 9}, {User: 2, Score: 9}}}
	if diff := cmp.Diff(Trips{All: 3, None: 1, Once: 1, More: 1}, trips(r, above(5))); diff != "" {
		t.Error(diff)
	}
}

func readColumns(t *testing.T, rows int) *Dataset {
	t.Helper()
	f, err := os.Open("testdata/columns.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadDataset(f, rows)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestThePublishedColumnsAreRead(t *testing.T) {
	d := readColumns(t, 0)
	if len(d.People) != 4 || len(d.Takeovers) != 1 || d.Failed != 4 || d.Skipped != 2 || len(d.Logins) != 34 {
		t.Fatalf("%d people, %d takeovers, %d failed, %d skipped, %d logins", len(d.People), len(d.Takeovers), d.Failed, d.Skipped, len(d.Logins))
	}
	s := d.Logins[0].Sighting
	if want := time.Date(2020, 2, 3, 6, 15, 3, 111e6, time.UTC); !s.At.Equal(want) {
		t.Errorf("the first login was at %v, want %v", s.At, want)
	}
	if s.Place.Country != "NO" || s.Client.OS == "" || s.Network.ASN.IsZero() || !s.Device.IsZero() || s.Place.Radius != 0 {
		t.Errorf("%+v", s)
	}
	if k := d.Takeovers[0].Sighting.Client.Kind; k != "" {
		t.Errorf("an unknown kind of device is %q", k)
	}
	if few := readColumns(t, 5); len(few.Logins) > 5 {
		t.Errorf("%d logins of 5 rows", len(few.Logins))
	}
}

func TestAnAddressLiesInItsPrefixAndAHostInItsSixtyFour(t *testing.T) {
	read := func(addr string) policy.Network {
		t.Helper()
		rows := strings.Join(columns(), ",") + "\n2020-02-03 12:00:00.000,1," + addr + ",NO,1,a,b 1,c,desktop,True,False,False\n"
		d, err := ReadDataset(strings.NewReader(rows), 0)
		if err != nil || len(d.Logins) != 1 {
			t.Fatal(err)
		}
		return d.Logins[0].Sighting.Network
	}
	if a, b := read("2001:db8:1:2::1"), read("2001:db8:1:2:ffff::9"); a != b {
		t.Error("two addresses of one /64 are two")
	}
	if a, b := read("2001:db8:1:2::1"), read("2001:db8:1:3::1"); a.Address == b.Address || a.Prefix != b.Prefix {
		t.Error("two /64 of one /48")
	}
	if a, b := read("192.0.2.1"), read("::ffff:192.0.2.1"); a != b {
		t.Error("an IPv4 address written as IPv6 is another")
	}
}

func TestWhatIsNoDataSetIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "other columns": "a,b\n1,2\n", "a short row": strings.Join(columns(), ",") + "\n1,2\n", "a broken quote": strings.Join(columns(), ",") + "\n\"",
	} {
		if _, err := ReadDataset(strings.NewReader(text), 0); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestADataSetIsEvaluated(t *testing.T) {
	var out bytes.Buffer
	if err := evaluate(&out, "testdata/columns.csv", 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4 users, 34 logins, 1 takeovers", "Freeman port", "very targeted", "Takeovers that the data knows of"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := evaluate(&out, filepath.Join(t.TempDir(), "none"), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestEverythingIsWrittenAndThePlotsAreWellFormed(t *testing.T) {
	study := &Study{Plan: Plan{Users: 40, Days: 120, Errors: usualErrors()}, Fixed: 1, Seeds: []uint64{2}}
	dir := t.TempDir()
	if err := study.publish(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"roc.svg", "history.svg", "ablation.svg", "sweep.svg"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if text := string(b); !strings.Contains(text, "prefers-color-scheme: dark") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s cannot be read everywhere", name)
		}
		dec := xml.NewDecoder(bytes.NewReader(b))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "figures.md"))
	if err != nil || !strings.Contains(string(b), "All of it is synthetic") {
		t.Errorf("figures.md: %v", err)
	}
}
