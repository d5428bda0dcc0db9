package policy

import "math"

// The score follows D. M. Freeman et al., "Who Are You? A Statistical Approach to Measuring User Authenticity" (NDSS 2016,
// doi 10.14722/ndss.2016.23240): it sums, over what is compared, the logarithm of how much more common a value is among everybody
// than with this user. Where the paper interpolates between a value and the larger class it lies in (an address and its
// network), a chain is used here, from the largest class to the value: each step asks only how the value is distributed
// within the class before it,
//
//	points = weight * ln( p (n + t) / (k + t p) )
//
// n being the sightings in the class, k those with the value, t how many different values they had, and p how common the value is
// among everybody within the class: the estimate of I. H. Witten and T. C. Bell (IEEE Transactions on Information Theory 37(4),
// 1991), which takes the chance of something new from how often there was something new before. For a value never seen (k = 0) it
// is ln(1 + n/t): the more is known of the user, the more a new value means; the more the user wanders, the less; and how common it
// is elsewhere does not matter. In a class never seen (n = 0) it is 0: a new network in a new country is one surprise, not two. So
// every term can be read by itself.

// comparison is one step of a chain.
type comparison struct {
	feature Feature
	what    attribute
	within  Feature // the class in which the population is counted; empty: everybody
	assumed float64 // p where the population does not tell
	fresh   Reason  // for k = 0
	seen    Reason
	unknown Reason
}

const (
	fewest = 1e-6 // the least p: whatever was seen once is not impossible
	steps  = 5    // of the longest chain
	most   = 12   // other values told apart; who had more wanders anyway
)

func networkChain() [4]comparison {
	return [4]comparison{
		{FeatureCountry, byCountry, "", 0.05, NewCountry, KnownCountry, CountryUnknown},
		{FeatureASN, byASN, FeatureCountry, 0.05, NewASN, KnownASN, ASNUnknown},
		{FeaturePrefix, byPrefix, FeatureASN, 0.05, NewPrefix, KnownPrefix, AddressUnknown},
		{FeatureAddress, byAddress, FeaturePrefix, 0.05, NewAddress, KnownAddress, AddressUnknown},
	}
}

func clientChain() [5]comparison {
	return [5]comparison{
		{FeatureKind, byKind, "", 0.4, NewKind, KnownKind, ClientUnknown},
		{FeatureOS, byOS, FeatureKind, 0.2, NewOS, KnownOS, ClientUnknown},
		{FeatureBrowser, byBrowser, "", 0.2, NewBrowser, KnownBrowser, ClientUnknown},
		{FeatureVersion, byVersion, FeatureBrowser, 0.2, NewVersion, KnownVersion, ClientUnknown},
		{FeatureAgent, byAgent, FeatureVersion, 0.5, NewAgent, KnownAgent, ClientUnknown},
	}
}

func helloChain() [1]comparison {
	return [1]comparison{{FeatureJA4, byJA4, "", 0.1, NewJA4, KnownJA4, JA4Unknown}}
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

// share is what the history says of one step.
type share struct {
	in, same int          // sightings in the class, and those with the value
	others   int          // different values beside it
	first    [most]uint16 // where in the history each of those stood first
}

// values is how many different values were seen.
func (sh *share) values() int { return sh.others + min(sh.same, 1) }

// chain compares the steps one within the other. A value that is unknown, now or then, neither fits nor differs.
func (t *tally) chain(chain []comparison) {
	var shares [steps]share
	past := t.facts.past()
	for i := range past {
		if usual(&past[i]) {
			t.sort(chain, &shares, i)
		}
	}
	for j := range chain {
		t.step(&chain[j], &shares[j])
	}
}

// sort counts one sighting in the classes that it lies in.
func (t *tally) sort(chain []comparison, shares *[steps]share, i int) {
	past := t.facts.past()
	for j := range chain {
		known, equal := past[i].compare(&t.facts.Now, chain[j].what)
		if !known {
			continue
		}
		sh := &shares[j]
		sh.in++
		if !equal {
			sh.distinguish(past, i, chain[j].what)
			return
		}
		sh.same++
	}
}

// distinguish counts a value that no sighting before it had.
func (sh *share) distinguish(past []Sighting, i int, what attribute) {
	if sh.others == most || i > math.MaxUint16 {
		return
	}
	for _, at := range sh.first[:sh.others] {
		if _, equal := past[i].compare(&past[at], what); equal {
			return
		}
	}
	sh.first[sh.others] = uint16(i)
	sh.others++
}

func (t *tally) step(c *comparison, sh *share) {
	value := t.facts.Now.value(c.feature)
	if value == "" {
		t.unknown = append(t.unknown, c.unknown)
		return
	}
	weight := t.rules.Weights[c.feature]
	if sh.in == 0 || weight == 0 {
		return
	}
	code := c.seen
	if sh.same == 0 {
		code = c.fresh
	}
	from := len(t.text)
	t.writeCount(c.feature, value, sh.same, sh.in)
	p, n, k, values := t.common(c, value), float64(sh.in), float64(sh.same), float64(sh.values())
	t.likelihood(code, weight, math.Log(p*(n+values)/(k+values*p)), from)
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
