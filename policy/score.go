package policy

import "math"

// The score follows D. M. Freeman et al., "Who Are You? A Statistical Approach to Measuring User Authenticity" (NDSS 2016,
// doi 10.14722/ndss.2016.23240): it sums, over what is compared, the logarithm of how much more common a value is among everybody
// than with this user. Where the paper interpolates between a value and the larger class it lies in (an address and its
// network), a chain is used here, from the largest class to the value: each step asks only how the value is distributed
// within the class before it,
//
//	points = weight * ln( p (n + m) / (k + m p) )
//
// n being the sightings in the class, k those with the value, p how common the value is among everybody within the class, and m
// how many sightings it takes to outweigh that. For a value never seen (k = 0) it is ln(1 + n/m): the more is known of the user,
// the more a new value means, and how common it is elsewhere does not matter. In a class never seen (n = 0) it is 0: a new network
// in a new country is one surprise, not two. So every term can be read by itself.

// comparison is one step of a chain.
type comparison struct {
	feature Feature
	within  Feature // the class in which the population is counted; empty: everybody
	assumed float64 // p where the population does not tell
	doubt   float64 // m
	fresh   Reason  // for k = 0
	seen    Reason
	unknown Reason
}

const (
	fewest = 1e-6 // the least p: whatever was seen once is not impossible
	steps  = 5    // of the longest chain
)

func networkChain() [4]comparison {
	return [4]comparison{
		{FeatureCountry, "", 0.05, 1, NewCountry, KnownCountry, CountryUnknown},
		{FeatureASN, FeatureCountry, 0.05, 1, NewASN, KnownASN, ASNUnknown},
		{FeaturePrefix, FeatureASN, 0.05, 4, NewPrefix, KnownPrefix, AddressUnknown},
		{FeatureAddress, FeaturePrefix, 0.05, 8, NewAddress, KnownAddress, AddressUnknown},
	}
}

func clientChain() [5]comparison {
	return [5]comparison{
		{FeatureKind, "", 0.4, 1, NewKind, KnownKind, ClientUnknown},
		{FeatureOS, FeatureKind, 0.2, 1, NewOS, KnownOS, ClientUnknown},
		{FeatureBrowser, "", 0.2, 1, NewBrowser, KnownBrowser, ClientUnknown},
		{FeatureVersion, FeatureBrowser, 0.2, 8, NewVersion, KnownVersion, ClientUnknown},
		{FeatureAgent, FeatureVersion, 0.5, 8, NewAgent, KnownAgent, ClientUnknown},
	}
}

func helloChain() [1]comparison {
	return [1]comparison{{FeatureJA4, "", 0.1, 3, NewJA4, KnownJA4, JA4Unknown}}
}

// compare adds the terms of the score.
func (t *tally) compare() {
	if t.facts.Population == nil {
		t.unknown = append(t.unknown, PopulationUnknown)
	}
	network, client, hello := networkChain(), clientChain(), helloChain()
	t.chain(network[:])
	t.chain(client[:])
	t.chain(hello[:])
	t.hour()
}

// chain compares the steps one within the other. A value that is unknown, now or then, neither fits nor differs.
func (t *tally) chain(chain []comparison) {
	var in, same [steps]int
	now, past := &t.facts.Now, t.facts.past()
	family := family(now.Client.Browser)
	for i := range past {
		s := &past[i]
		for j := range chain {
			if !usual(s) {
				break
			}
			known, equal := s.compare(now, chain[j].feature, family)
			if !known {
				continue
			}
			in[j]++
			if !equal {
				break
			}
			same[j]++
		}
	}
	for j := range chain {
		t.step(&chain[j], in[j], same[j], len(past) > 0)
	}
}

func (t *tally) step(c *comparison, n, k int, compared bool) {
	value := t.facts.Now.value(c.feature)
	if value == "" {
		t.unknown = append(t.unknown, c.unknown)
		return
	}
	weight := t.rules.Weights[c.feature]
	if n == 0 || weight == 0 || !compared {
		return
	}
	p := t.common(c, value)
	code := c.seen
	if k == 0 {
		code = c.fresh
	}
	from := len(t.text)
	t.writeCount(c.feature, value, k, n)
	t.likelihood(code, weight, math.Log(p*(float64(n)+c.doubt)/(float64(k)+c.doubt*p)), from)
}

// likelihood notes a term of the score within its caps.
func (t *tally) likelihood(code Reason, weight, ratio float64, from int) {
	if t.exempt(code) {
		t.text = t.text[:from]
		return
	}
	points := min(max(weight*finite(ratio), -t.rules.Caps.Lower), t.rules.Caps.Term)
	t.note(code, points, weight, from)
}

// common is how common a value is among everybody, within its class: one sighting of what is assumed is mixed in, so that
// nothing is impossible.
func (t *tally) common(c *comparison, value string) float64 {
	if t.facts.Population == nil {
		return c.assumed
	}
	count, total, _ := t.facts.Population.Frequency(c.feature, value)
	if c.within != "" {
		total, _, _ = t.facts.Population.Frequency(c.within, t.facts.Now.value(c.within))
	}
	if !(count >= 0 && total >= 0) || math.IsInf(count, 0) || math.IsInf(total, 0) {
		return c.assumed
	}
	return min(max((count+c.assumed)/(total+1), fewest), 1)
}

func (t *tally) writeCount(f Feature, value string, k, n int) {
	if f.readable() {
		t.writeString(value)
		t.writeString(": ")
	}
	t.writeInt(k)
	t.writeString(" of ")
	t.writeInt(n)
}
