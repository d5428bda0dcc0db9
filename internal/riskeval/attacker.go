package main

import (
	"math/rand/v2"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// Attacker is how much someone with the right password knows of the victim (Wiefling et al. 2022, section 4).
type Attacker int

// The four models.
const (
	Naive        Attacker = iota // nothing: any network, any common client
	VPN                          // the country
	Targeted                     // the region, and what clients are common there
	VeryTargeted                 // the provider's network and the client as well
)

// Attackers returns all models.
func Attackers() []Attacker { return []Attacker{Naive, VPN, Targeted, VeryTargeted} }

func (a Attacker) String() string {
	return [...]string{"naive", "VPN", "targeted", "very targeted"}[a]
}

// attack makes a login with the victim's password in place of the victim's n-th login (from 0, never the first), as that
// attacker would do it.
func (p *Population) attack(a Attacker, user, n int) Login {
	v := &p.People[user]
	rnd := rand.New(rand.NewPCG(p.Plan.Seed+2<<40+uint64(a), uint64(user)))
	out := Login{User: user, Sighting: policy.Sighting{At: v.Logins[n].Sighting.At, Login: true}}
	s := &out.Sighting
	s.At = s.At.Add(-time.Minute) // logins are five minutes apart at least
	day := int(s.At.Sub(dayOne).Hours() / 24)
	s.Network, s.Place = a.network(rnd, v)
	s.Client = a.client(rnd, v.Logins[n-1].Sighting.Client, day)
	s.Device, s.DeviceSince = name(9, int(a), user), s.At
	if a == VeryTargeted && rnd.Float64() < p.Plan.Errors.Stolen {
		s.Device, s.DeviceSince = v.Logins[n-1].Sighting.Device, v.Logins[n-1].Sighting.DeviceSince
	}
	if a == Naive && rnd.Float64() < 0.5 { // tries many accounts from there
		out.Failures.Network = float64(rnd.IntN(200))
	}
	return out
}

func (a Attacker) network(rnd *rand.Rand, v *Person) (policy.Network, policy.Place) {
	c := v.Home.country
	switch a {
	case Naive:
		c = pick(rnd, atlas, func(c *country) float64 { return c.attacks })
		return anywhere(rnd, c, 0.6, 0.08)
	case VPN:
		return anywhere(rnd, c, 0.6, 0)
	case Targeted: // a residential proxy in the region, any provider
		s := system{c, homeLine, zipf(rnd, systemsOf[homeLine])}
		return s.network(rnd.IntN(prefixesOf[homeLine]), rnd.IntN(200)), v.Home.sighted()
	}
	return v.Systems[0].network(rnd.IntN(prefixesOf[homeLine]), rnd.IntN(200)), v.Home.sighted()
}

func anywhere(rnd *rand.Rand, c int, hosted, tor float64) (policy.Network, policy.Place) {
	kind := homeLine
	if rnd.Float64() < hosted {
		kind = hosting
	}
	s := system{c, kind, zipf(rnd, systemsOf[kind])}
	n := s.network(rnd.IntN(prefixesOf[kind]), rnd.IntN(200))
	n.Tor = kind == hosting && rnd.Float64() < tor/hosted
	return n, center(c).sighted()
}

// client draws what the attacker's program shows. A script has a hello of its own, whatever its User-Agent says, and the edge is
// assumed to notice three quarters of those.
func (a Attacker) client(rnd *rand.Rand, victim policy.Client, day int) policy.Client {
	b := &catalog[pick(rnd, catalog, func(b *browser) float64 { return b.share })]
	c := b.client(day, lag(rnd), zipf(rnd, b.models))
	if a == VeryTargeted {
		c = victim
	}
	scripted := [...]float64{Naive: 0.6, VPN: 0.4, Targeted: 0.2, VeryTargeted: 0.1}[a]
	if rnd.Float64() < scripted {
		c.JA4 = [...]string{"python", "go", "curl"}[rnd.IntN(3)]
		c.Contradicts = rnd.Float64() < 0.75
	}
	return c
}
