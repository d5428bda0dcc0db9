package geo

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Result is what the files tell of one address. Whatever they do not tell is zero and named in Unknown.
type Result struct {
	Addr    netip.Addr // as [Normal] has it
	Private bool       // lies nowhere on the Internet: private, loopback, behind a carrier's NAT, reserved

	Country string  // ISO 3166-1 alpha-2
	City    string  // English name, for people; databases spell one city in several ways
	Lat     float64 // degrees north; together with Lon, valid if Radius is above 0
	Lon     float64 // degrees east
	Radius  float64 // kilometres around the point within which the address probably is

	Zone string // IANA name of a time zone that time.LoadLocation knows

	ASN uint32 // of the autonomous system that announces the network
	Org string // its name, as it calls itself

	Hosting bool // listed as a data centre, VPN or proxy
	Tor     bool // listed as a Tor exit
	Egress  bool // listed as an egress of one's own organisation, or of a carrier whose place says nothing

	Unknown Unknown

	location *time.Location
}

// Offset returns what the clocks of the zone show beyond UTC at a moment, and whether the zone is known.
func (r Result) Offset(at time.Time) (time.Duration, bool) {
	if r.location == nil {
		return 0, false
	}
	_, seconds := at.In(r.location).Zone()
	return time.Duration(seconds) * time.Second, true
}

// String says it to people, without the address: "Berlin, DE (AS3320 Deutsche Telekom AG)", "DE", "private network",
// "unknown place".
func (r Result) String() string {
	place := strings.TrimPrefix(r.City+", "+r.Country, ", ")
	switch {
	case r.Private:
		place = "private network"
	case r.Country == "":
		place = "unknown place"
	}
	if r.ASN == 0 {
		return place
	}
	return fmt.Sprintf("%s (%s)", place, strings.TrimSpace(fmt.Sprintf("AS%d %s", r.ASN, r.Org)))
}

// Unknown is a set of questions that could not be answered: the source is missing or broken, or does not have the
// address.
type Unknown uint8

// The questions.
const (
	UnknownCountry Unknown = 1 << iota
	UnknownPoint           // Lat, Lon and Radius
	UnknownZone
	UnknownASN
	UnknownHosting // no list, or one of them was never read; likewise below
	UnknownTor
	UnknownEgress
)

// Has reports whether one of the questions is in the set.
func (u Unknown) Has(question Unknown) bool { return u&question != 0 }

// String names the questions: "zone, tor".
func (u Unknown) String() string {
	var names []string
	for i, name := range [...]string{"country", "point", "zone", "asn", "hosting", "tor", "egress"} {
		if u.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
