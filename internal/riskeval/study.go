package main

import (
	"slices"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Study says what is measured. Thresholds are fixed on the first seed and reported on the others.
type Study struct {
	Plan  Plan // without a seed
	Fixed uint64
	Seeds []uint64
}

// Setting is a model and what it can see.
type Setting struct {
	Name  string
	Strip func(*policy.Sighting) // nil: nothing
	Model func() Model
}

func settings() []Setting {
	ours := func() Model { return Ours(policy.DefaultRules()) }
	return []Setting{
		{"Freeman port", nil, func() Model { return Baseline }},
		{"ours", nil, ours},
		{"ours, no JA4", noJA4, ours},
		{"ours, no device cookie", noDevice, ours},
		{"ours, neither", noBoth, ours},
	}
}

// Outcome is a setting's results: of the seed on which thresholds are fixed, and of each other.
type Outcome struct {
	Setting
	Fixed  *Result
	Others []*Result
}

// Run replays a setting on every seed.
func (s *Study) Run(set Setting) *Outcome {
	o := &Outcome{Setting: set}
	for _, seed := range append([]uint64{s.Fixed}, s.Seeds...) {
		plan := s.Plan
		plan.Seed = seed
		p := Generate(plan)
		if set.Strip != nil {
			p = p.Without(set.Strip)
		}
		r := Replay(p, set.Model())
		if seed == s.Fixed {
			o.Fixed = r
			continue
		}
		o.Others = append(o.Others, r)
	}
	return o
}

// threshold is what it takes to catch this attacker as often as is aimed at, on the seed where thresholds are fixed.
func (o *Outcome) threshold(a Attacker) float64 { return catching(o.Fixed.Attacks[a], goal(a)) }

// mean is the mean of a figure over the other seeds.
func (o *Outcome) mean(figure func(*Result) float64) float64 {
	sum := 0.0
	for _, r := range o.Others {
		sum += figure(r)
	}
	return sum / float64(len(o.Others))
}

// row is what the main table says of one attacker.
type row struct {
	TPR                                float64
	Median12, Mean12, Median40, Mean40 float64
}

func (o *Outcome) row(a Attacker) row {
	t := o.threshold(a)
	at := func(logins int, pick func(Rates) float64) float64 {
		return o.mean(func(r *Result) float64 { return pick(ratesAt(r, logins, above(t), everybody)) })
	}
	median, mean := func(r Rates) float64 { return r.Median }, func(r Rates) float64 { return r.Mean }
	return row{
		TPR:      o.mean(func(r *Result) float64 { return caught(r.Attacks[a], t) }),
		Median12: at(12, median), Mean12: at(12, mean), Median40: at(40, median), Mean40: at(40, mean),
	}
}

// atRate is the true-positive rate with the threshold that stepped up this share of the honest logins on the first seed.
func (o *Outcome) atRate(a Attacker, rate float64) float64 {
	t := sparing(o.Fixed.Honest, rate)
	return o.mean(func(r *Result) float64 { return caught(r.Attacks[a], t) })
}

func (o *Outcome) auc(a Attacker) float64 {
	return o.mean(func(r *Result) float64 { return auc(r.Honest, r.Attacks[a]) })
}

// cohort is a group of users that step-ups could hit more than others.
type cohort struct {
	name string
	of   func(*User) bool
}

func cohorts() []cohort {
	return []cohort{
		{"everybody", everybody},
		{"VPN users", func(u *User) bool { return u.VPN }},
		{"travellers", func(u *User) bool { return u.Traveller }},
		{"neither", func(u *User) bool { return !u.VPN && !u.Traveller }},
	}
}

// stepRate is the share of a cohort's logins that are stepped up.
func stepRate(r *Result, stepped func(*Scored) bool, of func(*User) bool) float64 {
	n, all := 0, 0
	for i := range r.Honest {
		if h := &r.Honest[i]; of(&r.Users[h.User]) {
			all++
			if stepped(h) {
				n++
			}
		}
	}
	return ratio(n, all)
}

// raised is a step-up as shipped.
func raised(s *Scored) bool { return s.Level != identity.Normal }

// ablations are the rules with one signal less each.
func ablations() []Setting {
	list := []Setting{settings()[1]}
	without := func(name string, change func(*policy.Rules)) {
		list = append(list, Setting{"without " + name, nil, func() Model {
			r := policy.DefaultRules()
			change(r)
			return Ours(r)
		}})
	}
	weights := func(name string, features ...policy.Feature) {
		without(name, func(r *policy.Rules) {
			for _, f := range features {
				r.Weights[f] = 0
			}
		})
	}
	weights("country", policy.FeatureCountry)
	weights("autonomous system", policy.FeatureASN)
	weights("prefix and address", policy.FeaturePrefix, policy.FeatureAddress)
	weights("kind of client and system", policy.FeatureKind, policy.FeatureOS)
	weights("browser and version", policy.FeatureBrowser, policy.FeatureVersion)
	weights("User-Agent line", policy.FeatureAgent)
	weights("JA4", policy.FeatureJA4)
	weights("device cookie", policy.FeatureDevice)
	weights("hour of the week", policy.FeatureHour)
	without("rules of movement", func(r *policy.Rules) { r.Zones, r.Travel = policy.Zones{}, policy.Travel{} })
	for _, p := range []struct {
		name  string
		codes []policy.Reason
	}{
		{"contradictions", []policy.Reason{policy.ClientContradicts}}, {"hosting and Tor", []policy.Reason{policy.NewHosting, policy.NewTor}},
		{"failures", []policy.Reason{policy.SubjectFailures, policy.NetworkFailures, policy.ASNFailures}}, {"age of devices", []policy.Reason{policy.LongKnownDevice}},
	} {
		without(p.name, func(r *policy.Rules) {
			for _, code := range p.codes {
				delete(r.Points, code)
			}
		})
	}
	return list
}

// sweep is one error rate going up while the others stay.
type sweep struct {
	name   string
	values []float64
	set    func(*Errors, float64)
}

func sweeps() []sweep {
	return []sweep{
		{"device cookie lost, per login", []float64{0, 0.01, 0.05, 0.1, 0.2, 0.4}, func(e *Errors, v float64) { e.CookieLost = v }},
		{"JA4 changed, per login", []float64{0, 0.03, 0.1, 0.2, 0.4}, func(e *Errors, v float64) { e.JA4Changed = v }},
		{"home line in another prefix, per login", []float64{0, 0.05, 0.2, 0.5, 1}, func(e *Errors, v float64) { e.Moved = v }},
		{"very targeted attacker holds the cookie", []float64{0, 0.02, 0.05, 0.1, 0.2}, func(e *Errors, v float64) { e.Stolen = v }},
	}
}

// curve is the true-positive rate over the re-authentication rate, from the other seeds together.
func (o *Outcome) curve(a Attacker) (points [][2]float64) {
	var honest, attacks []Scored
	for _, r := range o.Others {
		honest, attacks = append(honest, r.Honest...), append(attacks, r.Attacks[a]...)
	}
	h, s := scores(honest), scores(attacks)
	for rate := 0.001; rate <= 1; rate *= 1.1 {
		t := h[max(0, len(h)-1-int(rate*float64(len(h))))]
		i, _ := slices.BinarySearch(s, t)
		points = append(points, [2]float64{rate, 1 - float64(i)/float64(len(s))})
	}
	return points
}
