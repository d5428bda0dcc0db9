package policy_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// stranger is a login that looks like a thief's, at a subject with so many logins before.
func stranger(n int) *policy.Facts {
	f := facts(seen(noon, newYork), habit(n, berlin)...)
	f.Now.Device, f.Now.Client.OS, f.Now.Client.JA4 = hash("thief's"), "Ubuntu", "another"
	f.Now.Network.Hosting = true // so that travel is not what is judged
	return f
}

func TestTheScoreDoesNotActWhileASubjectIsNew(t *testing.T) {
	r := policy.DefaultRules()
	for name, c := range map[string]struct {
		f    *policy.Facts
		want bool // that it acts
	}{
		"nobody was seen yet":           {stranger(0), false},
		"one login less than it takes":  {stranger(r.Learning.Logins - 1), false},
		"as many logins as it takes":    {stranger(r.Learning.Logins), true},
		"few logins, but for long":      {with(stranger(3), func(f *policy.Facts) { f.History[2].At = noon.AddDate(0, 0, -r.Learning.Days) }), true},
		"few logins, and nearly long":   {with(stranger(3), func(f *policy.Facts) { f.History[2].At = noon.AddDate(0, 0, -r.Learning.Days).Add(1) }), false},
		"sightings within one session":  {with(stranger(20), func(f *policy.Facts) { within(f.History[2:]) }), false},
		"logins that were never proven": {with(stranger(20), func(f *policy.Facts) { unproven(f.History[2:]) }), false},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.Assess(c.f)
			if acts := a.Level != identity.Normal; acts != c.want {
				t.Errorf("%s at %v for %v", a.Level, a.Score, a.Reasons)
			}
			if held := slices.Contains(a.Reasons, policy.Learning); held && c.want {
				t.Error("and yet it says that it is learning")
			}
		})
	}
	if a := r.Assess(stranger(r.Learning.Logins - 1)); !slices.Contains(a.Reasons, policy.Learning) {
		t.Errorf("held back without saying so: %+v", a)
	}
	if r.Learning.Days = 0; r.Assess(with(stranger(3), func(f *policy.Facts) { f.History[2].At = noon.AddDate(-1, 0, 0) })).Level != identity.Normal {
		t.Error("without a number of days only logins count")
	}
}

func within(list []policy.Sighting) {
	for i := range list {
		list[i].Login = false
	}
}

func unproven(list []policy.Sighting) {
	for i := range list {
		list[i].Unproven = true
	}
}

func TestAnExceptionHoldsForWhomItNames(t *testing.T) {
	for name, c := range map[string]struct {
		e    policy.Exception
		want bool // that it holds for alice of staff
	}{
		"for everybody":           {policy.Exception{}, true},
		"of her provider":         {policy.Exception{Issuer: issuer}, true},
		"of another":              {policy.Exception{Issuer: issuer + "/"}, false},
		"for her group":           {policy.Exception{Groups: []string{"admin", "staff"}}, true},
		"for another group":       {policy.Exception{Groups: []string{"Staff"}}, false},
		"for both":                {policy.Exception{Issuer: issuer, Groups: []string{"staff"}}, true},
		"for her group elsewhere": {policy.Exception{Issuer: "x", Groups: []string{"staff"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := stranger(40)
			f.Groups = []string{"staff"}
			r := policy.DefaultRules()
			c.e.Exempt = []policy.Reason{policy.NewDevice}
			r.Exceptions = []policy.Exception{c.e}
			if exempt := points(r.Assess(f), policy.NewDevice) == 0; exempt != c.want {
				t.Errorf("exempt from a term: %v", exempt)
			}
			r.Exceptions[0].Exempt, r.Exceptions[0].Thresholds = nil, map[identity.Level]float64{identity.Elevated: 90, identity.High: 95}
			if a := r.Assess(f); (a.Level == identity.Normal) != c.want {
				t.Errorf("with other thresholds: %s", a.Level)
			}
		})
	}
}

func TestOfSeveralExceptionsTheStrictestThresholdCounts(t *testing.T) {
	r := policy.DefaultRules()
	r.Exceptions = []policy.Exception{
		{Thresholds: map[identity.Level]float64{identity.Elevated: 90, identity.High: 95}}, {Thresholds: map[identity.Level]float64{identity.Elevated: 0.5}},
	}
	if a := r.Assess(stranger(40)); a.Level != identity.Elevated {
		t.Errorf("%s at %v", a.Level, a.Score)
	}
}

func TestSomeoneExemptFromARuleIsNotRaisedByIt(t *testing.T) {
	r := policy.DefaultRules()
	r.Exceptions = []policy.Exception{{Exempt: []policy.Reason{policy.TimeZones, policy.ImpossibleTravel, policy.HistoryUnread}}}
	f := facts(seen(noon, saoPaulo), append(trail(50*time.Minute, berlin, 20*time.Minute, tokyo), seen(noon.Add(-time.Minute), saoPaulo))...)
	if a := r.Assess(f); a.Level != identity.Normal {
		t.Errorf("%+v", a)
	}
	if a := r.Assess(&policy.Facts{Now: f.Now}); a.Level != identity.Normal {
		t.Errorf("%+v", a)
	}
}

func TestAReasonCanAskForALevelByItself(t *testing.T) {
	r := policy.DefaultRules()
	r.Thresholds = nil
	r.Require[policy.NewTor] = identity.High
	f := facts(seen(noon, berlin), habit(2, berlin)...) // still new: such a rule acts all the same
	f.Now.Network.Tor = true
	if a := r.Assess(f); a.Level != identity.High || !slices.Equal(a.Reasons, []policy.Reason{policy.NewTor}) {
		t.Errorf("%+v", a)
	}
}

func TestALevelThatIsNoneIsTakenForTheHighest(t *testing.T) {
	r := policy.DefaultRules()
	r.Zones.Level = "biometric"
	if a := r.Assess(facts(seen(noon, saoPaulo), trail(50*time.Minute, berlin, 20*time.Minute, tokyo)...)); a.Level != identity.High {
		t.Errorf("%+v", a)
	}
}

func TestLevelsHaveTheNamesAndTheOrderThatAreConfigured(t *testing.T) {
	r := policy.DefaultRules()
	r.Levels = []identity.Level{"blue", "amber", "red"}
	r.Thresholds, r.Travel.Level, r.Zones.Level = map[identity.Level]float64{"amber": 1, "red": 50}, "amber", "red"
	if a := r.Assess(facts(seen(noon, berlin), habit(40, berlin)...)); a.Level != "blue" {
		t.Errorf("a usual login is %s", a.Level)
	}
	if a := r.Assess(stranger(40)); a.Level != "amber" {
		t.Errorf("a stranger is %s", a.Level)
	}
}

func TestTheShippedRulesHoldForLevelsOfOtherNames(t *testing.T) {
	shipped, named := policy.DefaultRules(), policy.DefaultRulesFor([3]identity.Level{"base", "raised", "locked"})
	if err := named.Check(); err != nil {
		t.Error(err)
	}
	calls := map[identity.Level]identity.Level{identity.Normal: "base", identity.Elevated: "raised", identity.High: "locked"}
	unread := with(stranger(20), func(f *policy.Facts) { f.HistoryKnown = false })
	come := map[identity.Level]bool{}
	zones := facts(seen(noon, saoPaulo), trail(50*time.Minute, berlin, 20*time.Minute, tokyo)...)
	for _, f := range []*policy.Facts{facts(seen(noon, berlin), habit(40, berlin)...), facts(seen(noon, tokyo), habit(40, berlin)...), stranger(40), unread, zones} {
		want, got := shipped.Assess(f), named.Assess(f)
		come[want.Level] = true
		if want.Level = calls[want.Level]; got.Level != want.Level || got.Score != want.Score || !slices.Equal(got.Reasons, want.Reasons) {
			t.Errorf("it is %s at %v for %v, want %s at %v for %v", got.Level, got.Score, got.Reasons, want.Level, want.Score, want.Reasons)
		}
	}
	if len(come) != len(calls) {
		t.Errorf("only %v were come to", come)
	}
}

func TestTheShippedRulesAreSound(t *testing.T) {
	if err := policy.DefaultRules().Check(); err != nil {
		t.Error(err)
	}
	if err := (&policy.Rules{}).Check(); err != nil {
		t.Errorf("no rules at all: %v", err)
	}
}

func TestRulesThatCannotBeMeantAreFound(t *testing.T) {
	for want, change := range map[string]func(*policy.Rules){
		`no level "top"`:                 func(r *policy.Rules) { r.Zones.Level = "top" },
		`travel: there is no level`:      func(r *policy.Rules) { r.Travel.Level = "top" },
		`no reason "new_shoes"`:          func(r *policy.Rules) { r.Require["new_shoes"] = identity.High },
		`"shoes" is not compared`:        func(r *policy.Rules) { r.Weights["shoes"] = 1 },
		`-1 for "asn"`:                   func(r *policy.Rules) { r.Weights[policy.FeatureASN] = -1 },
		`NaN for "asn"`:                  func(r *policy.Rules) { r.Weights[policy.FeatureASN] = math.NaN() },
		`-3 is nothing for "new_tor"`:    func(r *policy.Rules) { r.Points[policy.NewTor] = -3 },
		`1 is nothing for "long_known"`:  func(r *policy.Rules) { r.Points[policy.LongKnownDevice] = 1 },
		`reached before the level below`: func(r *policy.Rules) { r.Thresholds[identity.High] = 0.5 },
		`would hold for everybody`:       func(r *policy.Rules) { r.Thresholds[identity.Elevated] = 0 },
		`exceptions: there is no reason`: func(r *policy.Rules) { r.Exceptions = []policy.Exception{{Exempt: []policy.Reason{"x"}}} },
		`"score" counts nothing`: func(r *policy.Rules) {
			r.Exceptions = []policy.Exception{{Exempt: []policy.Reason{policy.ScoreReached}}}
		},
		`exceptions: there is no level "top"`: func(r *policy.Rules) {
			r.Exceptions = []policy.Exception{{Thresholds: map[identity.Level]float64{"top": 1}}}
		},
		`-1 is no count`:   func(r *policy.Rules) { r.Caps.Term = -1 },
		`+Inf is no count`: func(r *policy.Rules) { r.Travel.MaxSpeed = math.Inf(1) },
	} {
		r := policy.DefaultRules()
		change(r)
		if err := r.Check(); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "long_known_device", "long_known"), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestWhoGetsTheShippedRulesOwnsThem(t *testing.T) {
	policy.DefaultRules().Weights[policy.FeatureASN] = 9
	policy.DefaultRules().Levels[0] = "x"
	if r := policy.DefaultRules(); r.Weights[policy.FeatureASN] == 9 || r.Levels[0] == "x" {
		t.Error("two callers share them")
	}
}

func TestEveryReasonIsExplainedToOperators(t *testing.T) {
	page, err := os.ReadFile("../docs/risk.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range policy.RiskReasons() {
		if !strings.Contains(string(page), "`"+string(code)+"`") {
			t.Errorf("docs/risk.md does not name %s", code)
		}
	}
}

// Nobody is taken for a new user because a store is away: what the score can still tell acts.
func TestAHistoryThatCannotBeReadIsNoLearningPeriod(t *testing.T) {
	f := facts(seen(noon, berlin))
	f.HistoryKnown = false
	f.Now.Network.Tor, f.Now.Client.Contradicts = true, true
	if a := assess(f); a.Level != identity.High || !slices.Contains(a.Reasons, policy.ScoreReached) {
		t.Errorf("%s because of %v, %v points", a.Level, a.Reasons, a.Score)
	}
}
