package risk

import (
	"math"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

const (
	// halfLife is how long it takes until a count weighs half: what is common changes with browsers' releases.
	halfLife = 30 * 24 * time.Hour
	// maxValues bounds the values of one feature; beyond it the rarest are forgotten.
	maxValues = 20_000
)

// Population counts what is common among the logins of everybody at this edge. Counts decay, and are kept in memory only:
// an edge that starts knows nothing of it, which makes every value equally common, and learns. It is safe for concurrent
// use.
type Population struct {
	now func() time.Time

	mu       sync.RWMutex // guards what follows
	start    time.Time
	features map[policy.Feature]*values
}

// values are the counts of one feature, in units of the moment of start: one login counts for more the later it is, which
// is the same as letting the earlier ones decay.
type values struct {
	counts map[string]float64
	total  float64
}

// NewPopulation returns an empty population.
func NewPopulation(now func() time.Time) *Population {
	return &Population{now: now, start: now(), features: map[policy.Feature]*values{}}
}

// Frequency implements policy.Population.
func (p *Population) Frequency(f policy.Feature, value string) (count, total float64, distinct int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	scale := 1 / p.weight()
	v := p.features[f]
	if v == nil {
		return 0, 0, 0
	}
	return v.counts[value] * scale, v.total * scale, len(v.counts)
}

// weight is what a login counts now. The caller holds mu.
func (p *Population) weight() float64 {
	return math.Exp2(float64(p.now().Sub(p.start)) / float64(halfLife))
}

func (p *Population) count(s *policy.Sighting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.weight()
	s.Each(func(f policy.Feature, value string) {
		v := p.features[f]
		if v == nil {
			v = &values{counts: map[string]float64{}}
			p.features[f] = v
		}
		v.counts[value] += w
		v.total += w
		if len(v.counts) > maxValues {
			v.forgetRare(w)
		}
	})
	if w > math.MaxFloat32 {
		p.rescale(w)
	}
}

// forgetRare drops what was seen the least, until there is room again. What it drops was seen once or twice.
func (v *values) forgetRare(w float64) {
	for least := w; len(v.counts) > maxValues*9/10; least *= 2 {
		for value, n := range v.counts {
			if n <= least {
				v.total -= n
				delete(v.counts, value)
			}
		}
	}
}

// rescale begins the units anew, after some ten years.
func (p *Population) rescale(w float64) {
	p.start = p.now()
	for _, v := range p.features {
		v.total /= w
		for value := range v.counts {
			v.counts[value] /= w
		}
	}
}
