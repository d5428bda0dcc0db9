package main

import "github.com/edgeauth/edgeauth/policy"

// Counts are of everybody's logins so far. They implement policy.Population, without decay.
type Counts struct {
	values map[policy.Feature]map[string]float64
	totals map[policy.Feature]float64
	users  map[int]bool
	logins float64
}

func newCounts() *Counts {
	c := &Counts{values: map[policy.Feature]map[string]float64{}, totals: map[policy.Feature]float64{}, users: map[int]bool{}}
	for _, f := range policy.Features() {
		c.values[f] = map[string]float64{}
	}
	return c
}

// Count adds one login.
func (c *Counts) Count(l *Login) {
	l.Sighting.Each(func(f policy.Feature, value string) {
		c.values[f][value]++
		c.totals[f]++
	})
	c.users[l.User] = true
	c.logins++
}

// Frequency is that of policy.Population.
func (c *Counts) Frequency(f policy.Feature, value string) (count, total float64, distinct int) {
	return c.values[f][value], c.totals[f], len(c.values[f])
}
