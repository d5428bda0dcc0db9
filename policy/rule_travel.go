package policy

import (
	"math"
	"time"
)

const (
	earthRadius = 6371.0 // km, the mean one (IUGG)
	shortest    = time.Minute
)

// travel compares the place with that of the newest earlier sighting whose place says something: not of a hosting network
// or an egress. A pair that the subject is known for is left out: a network that was seen before, after a sighting that
// nothing was left to prove of. A phone that roams has an address of its carrier's network at home, while the next one, of a
// hotel, is where the phone is; so on a known device it is enough that the autonomous system was seen before. Tor exits are
// not left out, so that being one never lowers.
func (t *tally) travel() {
	rule, now := &t.rules.Travel, &t.facts.Now
	if !now.Place.located() {
		t.unknown = append(t.unknown, PlaceUnknown)
		return
	}
	if rule.MaxSpeed <= 0 || !placed(now) {
		return
	}
	speed, km := t.fastest()
	times := 0.0
	switch {
	case speed > rule.MaxSpeed:
		times = 1
	case rule.HalfFrom > 0 && speed >= rule.HalfFrom:
		times = 0.5
	}
	if times == 0 || t.exempt(ImpossibleTravel) {
		return
	}
	from := len(t.text)
	t.writeFloat(km)
	t.writeString(" km at ")
	t.writeFloat(speed)
	t.writeString(" km/h at least")
	t.ruleNoted(ImpossibleTravel, times, from)
	if times == 1 {
		t.require(rule.Level, ImpossibleTravel)
	}
}

// fastest returns the speed in km/h, and the distance, that it would have taken to get here since the newest sighting that can
// be compared; the greatest, where several are the newest.
func (t *tally) fastest() (speed, km float64) {
	now, past := &t.facts.Now, t.facts.past()
	known, newest := t.networkKnown(), t.newest()
	for i := range past {
		s := &past[i]
		if !placed(s) || s.At.IsZero() || t.since(i) != newest || known && usual(s) {
			continue
		}
		d := max(0, distance(&s.Place, &now.Place)-s.Place.Radius-now.Place.Radius)
		v := d / max(newest, shortest).Hours()
		if d > t.rules.Travel.MinDistance && (v > speed || v == speed && d > km) {
			speed, km = v, d
		}
	}
	return speed, km
}

// newest is how long ago the newest sighting was that can be compared.
func (t *tally) newest() time.Duration {
	past, least := t.facts.past(), time.Duration(math.MaxInt64)
	for i := range past {
		if s := &past[i]; placed(s) && !s.At.IsZero() {
			least = min(least, t.since(i))
		}
	}
	return least
}

// since is how long ago a sighting was: no time at all, if it is from the future.
func (t *tally) since(i int) time.Duration { return max(0, t.ago[i]) }

// networkKnown reports whether the subject was seen in this prefix, or on this device and in this autonomous system.
func (t *tally) networkKnown() bool {
	now, past := &t.facts.Now, t.facts.past()
	device, asn := false, false
	for i := range past {
		s := &past[i]
		if !usual(s) {
			continue
		}
		if !s.Network.Prefix.IsZero() && s.Network.Prefix == now.Network.Prefix {
			return true
		}
		device = device || !s.Device.IsZero() && s.Device == now.Device
		asn = asn || !s.Network.ASN.IsZero() && s.Network.ASN == now.Network.ASN
	}
	return device && asn && !t.facts.Rekeyed
}

func placed(s *Sighting) bool {
	return s.Place.located() && !s.Network.Hosting && !s.Network.Egress
}

// located reports whether p names a point on earth.
func (p *Place) located() bool {
	return p.Radius > 0 && !math.IsInf(p.Radius, 0) && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180
}

// distance is the great-circle distance in kilometres by the haversine formula (R. W. Sinnott, Sky and Telescope 68(2),
// 1984), which unlike the law of cosines is exact for near points.
func distance(a, b *Place) float64 {
	const rad = math.Pi / 180
	sinLat, sinLon := math.Sin((b.Lat-a.Lat)*rad/2), math.Sin((b.Lon-a.Lon)*rad/2)
	h := sinLat*sinLat + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*sinLon*sinLon
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}
