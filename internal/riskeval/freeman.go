package main

import (
	"math"

	"github.com/edgeauth/edgeauth/policy"
)

// part is one feature of Freeman's model with the classes that its values lie in, and the weight of each.
type part struct {
	features []policy.Feature
	weights  []float64
}

// freemanParts are the two features and the weights of the open implementation (das-group/rba-algorithm, MIT), which were
// fitted to the published data set.
func freemanParts() []part {
	return []part{
		{[]policy.Feature{policy.FeatureAddress, policy.FeatureASN, policy.FeatureCountry}, []float64{0.6, 0.3, 0.1}},
		{[]policy.Feature{policy.FeatureAgent, policy.FeatureVersion, policy.FeatureOS, policy.FeatureKind},
			[]float64{0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525}},
	}
}

// freeman is the baseline: equation 7 of Freeman et al. (NDSS 2016) without data on attackers, with the smoothing and the edge
// case (a value of which the user's history has nothing in common at any level counts four times) of the open
// implementation, written anew from its description. It returns the logarithm of the risk score.
func freeman(now *Login, past []Login, c *Counts) float64 {
	score := math.Log(c.logins) - math.Log(float64(len(c.users))) - math.Log(float64(len(past)))
	for _, p := range freemanParts() {
		everybody, user := 0.0, 0.0
		for i, f := range p.features {
			everybody += p.weights[i] * p.common(i, f, now, c)
			user += p.weights[i] * share(f, now, past)
		}
		if user == 0 {
			user = everybody / 4
		}
		score += math.Log(everybody) - math.Log(user)
	}
	return score
}

// common is how common a value is among everybody. Only the finest one is smoothed: as many unseen values are assumed as
// there are distinct values of the larger classes, and one.
func (p *part) common(i int, f policy.Feature, now *Login, c *Counts) float64 {
	count, _, _ := c.Frequency(f, valueOf(f, &now.Sighting))
	if i > 0 {
		return count / c.logins
	}
	unseen := 1.0
	for _, g := range p.features[1:] {
		unseen += float64(len(c.values[g]))
	}
	if count == 0 {
		return 1 / (c.logins + unseen)
	}
	own := float64(len(p.features)) // of the value itself: one of each class, and one
	return count / (count + own) * count / (c.logins + unseen)
}

func share(f policy.Feature, now *Login, past []Login) float64 {
	n := 0
	for i := range past {
		if same(f, &past[i].Sighting, &now.Sighting) {
			n++
		}
	}
	return float64(n) / float64(len(past))
}

func same(f policy.Feature, a, b *policy.Sighting) bool {
	switch f {
	case policy.FeatureAddress:
		return a.Network.Address == b.Network.Address
	case policy.FeatureASN:
		return a.Network.ASN == b.Network.ASN
	case policy.FeatureCountry:
		return a.Place.Country == b.Place.Country
	case policy.FeatureAgent:
		return a.Client.Agent == b.Client.Agent
	case policy.FeatureVersion:
		return a.Client.Browser == b.Client.Browser
	case policy.FeatureOS:
		return a.Client.OS == b.Client.OS
	}
	return a.Client.Kind == b.Client.Kind
}

func valueOf(want policy.Feature, s *policy.Sighting) (value string) {
	s.Each(func(f policy.Feature, v string) {
		if f == want {
			value = v
		}
	})
	return value
}
