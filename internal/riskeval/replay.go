package main

import (
	"math/rand/v2"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Scored is what a model said of one login.
type Scored struct {
	User  int
	Index int // which login of the user it is, or replaces; from 0
	Trip  int
	Score float64
	Level identity.Level // as shipped: with thresholds and the learning period
}

// User is what the cohorts and the rates go by. A result outlives its population, which is large.
type User struct {
	Traveller, VPN bool
	Logins         int
}

// Result is what a model said of a whole population.
type Result struct {
	Users   []User
	Honest  []Scored // without everybody's first
	Attacks [4][]Scored

	Takeovers []Scored // of users with any history
}

// Model scores a login against the user's earlier ones, oldest first, and everybody's.
type Model func(now *Login, past []Login, c *Counts) (float64, identity.Level)

// Baseline is the plain Freeman port.
func Baseline(now *Login, past []Login, c *Counts) (float64, identity.Level) {
	return freeman(now, past, c), ""
}

// certain is added where a rule acts whatever the score: it comes before every score.
const certain = 100

// Ours is policy.Rules.Assess, with a history as the store keeps it: 50 sightings, 180 days.
func Ours(rules *policy.Rules) Model {
	history := make([]policy.Sighting, 0, 50)
	return func(now *Login, past []Login, c *Counts) (float64, identity.Level) {
		history = history[:0]
		oldest := now.Sighting.At.Add(-180 * 24 * time.Hour)
		for i := len(past) - 1; i >= 0 && len(history) < cap(history) && past[i].Sighting.At.After(oldest); i-- {
			history = append(history, past[i].Sighting)
		}
		a := rules.Assess(&policy.Facts{Now: now.Sighting, History: history, HistoryKnown: true, Failures: now.Failures, Population: c})
		if hard(rules, &a) {
			return a.Score + certain, a.Level
		}
		return a.Score, a.Level
	}
}

func hard(rules *policy.Rules, a *policy.Assessment) bool {
	for _, t := range a.Terms {
		if t.Code == policy.TimeZones || t.Code == policy.ImpossibleTravel && t.Points >= rules.Points[policy.ImpossibleTravel] {
			return true
		}
	}
	return false
}

// Replay shows the model all logins in their order, and in place of one login of each user each attacker once. The model never
// sees an attack in a history: a session that was asked for more and did not prove it says nothing about its user.
func Replay(p *Population, model Model) *Result {
	r := &Result{Users: make([]User, len(p.People))}
	for i := range p.People {
		r.Users[i] = User{p.People[i].Traveller, p.People[i].VPN, len(p.People[i].Logins)}
	}
	counts, seen, victims := newCounts(), make([]int, len(p.People)), victims(p)
	takeovers := p.Takeovers
	for _, l := range p.Logins {
		for ; len(takeovers) > 0 && takeovers[0].Sighting.At.Before(l.Sighting.At); takeovers = takeovers[1:] {
			r.takeover(p, model, &takeovers[0], seen[takeovers[0].User], counts)
		}
		n := seen[l.User]
		past := p.People[l.User].Logins[:n]
		if n > 0 {
			score, level := model(l, past, counts)
			r.Honest = append(r.Honest, Scored{l.User, n, l.Trip, score, level})
		}
		if n > 0 && n == victims[l.User] {
			r.attack(p, model, l.User, n, counts)
		}
		counts.Count(l)
		seen[l.User]++
	}
	for i := range takeovers {
		r.takeover(p, model, &takeovers[i], seen[takeovers[i].User], counts)
	}
	return r
}

func (r *Result) takeover(p *Population, model Model, l *Login, n int, counts *Counts) {
	if n > 0 {
		score, level := model(l, p.People[l.User].Logins[:n], counts)
		r.Takeovers = append(r.Takeovers, Scored{User: l.User, Index: n, Score: score, Level: level})
	}
}

func (r *Result) attack(p *Population, model Model, user, n int, counts *Counts) {
	for _, a := range Attackers() {
		l := p.draw(a, user, n)
		score, level := model(&l, p.People[user].Logins[:n], counts)
		r.Attacks[a] = append(r.Attacks[a], Scored{User: user, Index: n, Score: score, Level: level})
	}
}

// victims draws which login of each user the attackers replace: any but the first; 0 for those with one login.
func victims(p *Population) []int {
	rnd := rand.New(rand.NewPCG(p.Plan.Seed, 1<<50))
	out := make([]int, len(p.People))
	for i := range p.People {
		if n := len(p.People[i].Logins); n > 1 {
			out[i] = 1 + rnd.IntN(n-1)
		}
	}
	return out
}

// Without returns the population with signals taken out of every login, as if the edge could not see them. Attacks made from it
// lack them, too.
func (p *Population) Without(strip func(*policy.Sighting)) *Population {
	q := &Population{Plan: p.Plan, People: make([]Person, len(p.People))}
	q.draw = func(a Attacker, user, n int) Login {
		l := p.draw(a, user, n)
		strip(&l.Sighting)
		return l
	}
	for i, person := range p.People {
		person.Logins = append([]Login(nil), person.Logins...)
		for j := range person.Logins {
			strip(&person.Logins[j].Sighting)
		}
		q.People[i] = person
	}
	q.order()
	return q
}

func noJA4(s *policy.Sighting)    { s.Client.JA4, s.Client.Contradicts = "", false }
func noDevice(s *policy.Sighting) { s.Device, s.DeviceSince = policy.Hash{}, time.Time{} }
func noBoth(s *policy.Sighting)   { noJA4(s); noDevice(s) }
