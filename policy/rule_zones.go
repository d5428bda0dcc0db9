package policy

import (
	"cmp"
	"slices"
	"time"
)

// zone is one offset from UTC and the name it is shown by.
type zone struct {
	offset time.Duration
	name   string
}

// zones finds someone who was seen in too many time zones within too short a time. Unknown zones count as none, and so do
// egress-listed networks, whose place says nothing about the person's. Tor exits and hosting networks do count: someone
// whose traffic leaves in three zones within the hour is either not one person or hides well, and both should prove more.
func (t *tally) zones() {
	z, now := &t.rules.Zones, &t.facts.Now
	if now.Place.Zone == "" {
		t.unknown = append(t.unknown, ZoneUnknown)
	}
	if z.Count <= 0 {
		return
	}
	var room [8]zone
	seen := appendZone(room[:0], now)
	past := t.facts.past()
	for i := range past {
		if s := &past[i]; t.within(i, z.Within) && !s.At.IsZero() {
			seen = appendZone(seen, s)
		}
	}
	if len(seen) < z.Count || t.exempt(TimeZones) {
		return
	}
	from := len(t.text)
	t.writeZones(seen)
	t.ruleNoted(TimeZones, 1, from)
	t.require(z.Level, TimeZones)
}

// writeZones names the zones, from west to east.
func (t *tally) writeZones(seen []zone) {
	slices.SortFunc(seen, func(a, b zone) int { return cmp.Compare(a.offset, b.offset) })
	for i, z := range seen {
		if i > 0 {
			t.writeString(", ")
		}
		t.writeString(z.name)
	}
}

// within reports whether a sighting was no longer ago. One from the future may have been at any time since.
func (t *tally) within(i int, d time.Duration) bool { return t.ahead(i) || t.ago[i] <= d }

// appendZone adds the zone of a sighting unless its offset is there already. Which name an offset is shown by does not
// depend on the order.
func appendZone(seen []zone, s *Sighting) []zone {
	if s.Place.Zone == "" || s.Network.Egress {
		return seen
	}
	for i := range seen {
		if seen[i].offset == s.Place.Offset {
			seen[i].name = min(seen[i].name, s.Place.Zone)
			return seen
		}
	}
	return append(seen, zone{s.Place.Offset, s.Place.Zone})
}
