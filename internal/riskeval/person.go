package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// Errors are how often the two signals that the studies did not have fail honest users. They are what the sweeps vary.
type Errors struct {
	CookieLost float64 // share of logins on which a device has lost its cookie
	JA4Changed float64 // share of logins whose hello differs from the browser's usual one
	Stolen     float64 // share of very targeted attackers who also hold a copy of the victim's cookie
	Moved      float64 // share of logins at home for which the line has an address in another prefix of its network
}

// Plan says what population to make.
type Plan struct {
	Seed   uint64
	Users  int
	Days   int
	Errors Errors
}

// Login is one login of the population, or of an attacker.
type Login struct {
	User     int
	Sighting policy.Sighting
	Failures policy.Failures
	Trip     int // which trip of the user it belongs to; 0: none
}

// Person is a user and what the cohorts go by.
type Person struct {
	Traveller, VPN bool
	Logins         []Login // in the order of time
	Home           place
	Systems        []system // usual ones: at home, mobile, at work
	Devices        []device
}

// Population is everybody, and everybody's logins in the order of time.
type Population struct {
	Plan   Plan
	People []Person
	Logins []*Login

	Takeovers []Login // logins that are known to be an attacker's, in the order of time; they stand in no history

	draw func(a Attacker, user, n int) Login // makes an attack in place of a user's n-th login, never the first
}

var dayOne = time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC) // a Monday

// Generate makes a population. Equal plans give equal populations; each user has a generator of random numbers of their own, so
// that changing one error rate changes only what it concerns.
func Generate(plan Plan) *Population {
	p := &Population{Plan: plan, People: make([]Person, plan.Users)}
	for i := range p.People {
		p.People[i] = newLife(plan, i).live()
	}
	p.draw = p.attack
	p.order()
	return p
}

// order makes the list of all logins in the order of time.
func (p *Population) order() {
	for i := range p.People {
		sort(p.People[i].Logins)
		for j := range p.People[i].Logins {
			p.Logins = append(p.Logins, &p.People[i].Logins[j])
		}
	}
	slices.SortStableFunc(p.Logins, func(a, b *Login) int {
		return cmp.Or(a.Sighting.At.Compare(b.Sighting.At), cmp.Compare(a.User, b.User))
	})
}

func sort(list []Login) {
	slices.SortStableFunc(list, func(a, b Login) int { return a.Sighting.At.Compare(b.Sighting.At) })
}

// device is one browser of a user.
type device struct {
	browser, lag, model int
	cookie              int // number of the cookie it holds; 0: none
	since               time.Time
	from                int // day
}

type trip struct{ from, to, country int }

// life is a user while being made.
type life struct {
	Person
	plan    Plan
	index   int
	rnd     *rand.Rand // what happens
	faults  *rand.Rand // what the error rates decide
	gap     float64    // days between logins
	clears  bool       // deletes cookies after every visit
	trips   []trip
	prefix  int // at home
	work    int
	exits   [3]int // countries of the VPN's exits that they use
	cookies int
}

func newLife(plan Plan, index int) *life {
	l := &life{plan: plan, index: index, rnd: rand.New(rand.NewPCG(plan.Seed, uint64(index))), faults: rand.New(rand.NewPCG(plan.Seed+1<<40, uint64(index)))}
	l.frequency()
	c := pick(l.rnd, atlas, func(c *country) float64 { return c.users })
	l.Home = home(l.rnd, c)
	l.Systems = []system{
		{c, homeLine, zipf(l.rnd, systemsOf[homeLine])}, {c, mobile, zipf(l.rnd, systemsOf[mobile])}, {c, homeLine, zipf(l.rnd, systemsOf[homeLine])},
	}
	l.prefix, l.work = l.rnd.IntN(prefixesOf[homeLine]), -1
	if l.chance(0.4) {
		l.work = l.rnd.IntN(prefixesOf[homeLine])
	}
	l.Traveller, l.VPN, l.clears = l.chance(0.12), l.chance(0.06), l.chance(0.08)
	l.exits = [3]int{c, l.rnd.IntN(len(atlas)), l.rnd.IntN(len(atlas))}
	for range 1 + zipf(l.rnd, 3) {
		l.Devices = append(l.Devices, l.newDevice(0))
	}
	l.plans()
	return l
}

func (l *life) chance(p float64) bool { return l.rnd.Float64() < p }

// frequency draws how often the user logs in: from daily to a few times a year.
func (l *life) frequency() {
	u := l.rnd.Float64()
	for _, c := range []struct{ share, gap float64 }{{0.03, 1}, {0.09, 2.5}, {0.20, 7}, {0.43, 25}, {0.25, 80}} {
		if u -= c.share; u < 0 || c.gap == 80 {
			l.gap = c.gap
			return
		}
	}
}

func (l *life) newDevice(day int) device {
	b := pick(l.rnd, catalog, func(b *browser) float64 { return b.share })
	return device{browser: b, lag: lag(l.rnd), model: zipf(l.rnd, catalog[b].models), from: day}
}

// plans draws the trips of a traveller: two to five a year, of 3 to 12 days.
func (l *life) plans() {
	if !l.Traveller {
		return
	}
	for day := l.rnd.IntN(90); day < l.plan.Days; day += 12 + l.rnd.IntN(150) {
		to := pick(l.rnd, atlas, func(c *country) float64 { return c.visits })
		if to != l.Home.country {
			l.trips = append(l.trips, trip{day, day + 3 + l.rnd.IntN(10), to})
		}
	}
}

// live draws all logins.
func (l *life) live() Person {
	start := float64(l.rnd.IntN(l.plan.Days/2 + 1))
	habit := 8 + l.rnd.Float64()*12 // hour of the day
	for at := start; ; {
		at += l.rnd.ExpFloat64() * l.gap
		if at >= float64(l.plan.Days) {
			return l.Person
		}
		hour := habit + l.rnd.NormFloat64()*3
		day := int(at)
		when := dayOne.AddDate(0, 0, day).Add(time.Duration(hour * float64(time.Hour)))
		if n := len(l.Logins); n > 0 && when.Before(l.Logins[n-1].Sighting.At.Add(5*time.Minute)) {
			when = l.Logins[n-1].Sighting.At.Add(5 * time.Minute)
		}
		l.Logins = append(l.Logins, l.login(day, when))
	}
}

func (l *life) login(day int, when time.Time) Login {
	out := Login{User: l.index, Sighting: policy.Sighting{At: when, Login: true}}
	s := &out.Sighting
	if l.chance(0.001 * l.gap) { // about once in three years
		l.Devices[l.rnd.IntN(len(l.Devices))] = l.newDevice(day)
	}
	d := &l.Devices[zipf(l.rnd, len(l.Devices))]
	if l.chance(0.004) { // somebody else's device
		other := l.newDevice(day)
		d = &other
	}
	s.Client = catalog[d.browser].client(day, d.lag, d.model)
	s.Network, s.Place, out.Trip = l.where(day, catalog[d.browser].kind == "mobile")
	l.cookie(d, s)
	if l.faults.Float64() < l.plan.Errors.JA4Changed {
		s.Client.JA4 += "'"
	}
	if l.chance(0.06) {
		out.Failures.Subject = float64(1 + l.rnd.IntN(3))
	}
	return out
}

// cookie gives the sighting the cookie that the device holds, and the device one that it keeps. A device without one is
// seen with the cookie that it is given.
func (l *life) cookie(d *device, s *policy.Sighting) {
	if lost := l.faults.Float64() < l.plan.Errors.CookieLost; lost || l.clears || d.cookie == 0 {
		l.cookies++
		d.cookie, d.since = l.cookies, s.At
	}
	s.Device, s.DeviceSince = name(5, l.index, d.cookie), d.since
}

// where draws the network and what place databases give for it.
func (l *life) where(day int, handheld bool) (policy.Network, policy.Place, int) {
	if l.VPN && l.chance(0.6) {
		to := l.exits[zipf(l.rnd, len(l.exits))]
		exit := system{to, hosting, l.index % 4} // a few providers serve them all
		return exit.network(l.rnd.IntN(3), l.rnd.IntN(40)), center(to).sighted(), l.tripOn(day)
	}
	if n := l.tripOn(day); n > 0 {
		return l.abroad(l.trips[n-1].country, day, handheld, n)
	}
	switch {
	case handheld && l.chance(0.5):
		return l.Systems[1].network(l.rnd.IntN(prefixesOf[mobile]), l.rnd.IntN(200)), center(l.Home.country).sighted(), 0
	case l.work >= 0 && l.chance(0.4):
		return l.Systems[2].network(l.work, 1), l.Home.sighted(), 0
	case l.chance(0.04): // a train, a café, friends
		s := system{l.Home.country, homeLine, zipf(l.rnd, systemsOf[homeLine])}
		return s.network(l.rnd.IntN(prefixesOf[homeLine]), l.rnd.IntN(200)), home(l.rnd, l.Home.country).sighted(), 0
	}
	lease := day / 30
	prefix := (l.prefix + lease%3) % prefixesOf[homeLine]
	if l.faults.Float64() < l.plan.Errors.Moved {
		prefix = l.faults.IntN(prefixesOf[homeLine])
	}
	return l.Systems[0].network(prefix, host(l.index, lease)), l.Home.sighted(), 0
}

// host is the number that a home line gets with a lease.
func host(index, lease int) int { return int(name(6, index, lease)[0]) }

// abroad: a phone roams half the time, through the network at home; else it is a hotel.
func (l *life) abroad(to, day int, handheld bool, n int) (policy.Network, policy.Place, int) {
	if handheld && l.chance(0.5) {
		return l.Systems[1].network(l.rnd.IntN(prefixesOf[mobile]), l.rnd.IntN(200)), center(l.Home.country).sighted(), n
	}
	s := system{to, homeLine, int(name(7, l.index, n)[0]) % systemsOf[homeLine]}
	return s.network(int(name(8, l.index, n)[0]), l.rnd.IntN(20)), center(to).sighted(), n
}

func center(c int) place { return place{c, atlas[c].lat, atlas[c].lon} }

func (l *life) tripOn(day int) int {
	for i, t := range l.trips {
		if day >= t.from && day < t.to {
			return i + 1
		}
	}
	return 0
}
