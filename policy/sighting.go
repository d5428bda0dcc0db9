package policy

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Hash is a keyed hash of something that history must recognise but never show: an address, a network, a device. The zero
// Hash is: unknown.
type Hash [8]byte

// IsZero reports whether the value behind h was not known.
func (h Hash) IsZero() bool { return h == Hash{} }

// Sighting is one time that a subject was seen: at a login, or when a session's requests began to come from elsewhere. It
// is what history keeps and what an assessment compares. Whatever is not known is zero, and unknown is never taken for
// the same as something else, nor for different from it.
type Sighting struct {
	At      time.Time
	Login   bool // at a login; else within a session
	Network Network
	Place   Place
	Client  Client
	Device  Hash // of the device cookie's id, which may have been given just now; zero: unknown

	DeviceSince time.Time // when that device cookie was first issued; zero: unknown, or just now

	Assurance identity.Assurance // how the provider said that the person authenticated

	// Unproven: its assessment asked for more than was proven then, so it may have been somebody else. It says nothing about
	// what is usual for the subject.
	Unproven bool
}

// Network is where on the network a client was. The three names are nested: an address lies in one prefix, a prefix in
// one autonomous system.
type Network struct {
	Address Hash // of the address; an IPv6 address counts as its /64, in which hosts hop as they like
	Prefix  Hash // of its /24, or /48 for IPv6
	ASN     Hash // of the number of its autonomous system
	Hosting bool // listed as a data centre, VPN or proxy
	Tor     bool // listed as a Tor exit
	Egress  bool // listed as an egress of one's own organisation, or of a carrier whose place says nothing
}

// Place is where on earth a network is registered to be, as far as a database tells.
type Place struct {
	Country string  // ISO 3166-1 alpha-2
	Lat     float64 // degrees; together with Lon, valid if Radius is above 0
	Lon     float64
	Radius  float64 // kilometres around the point within which the client probably is; 0: no point is known

	Zone   string        // IANA name of the time zone, for people; empty: unknown
	Offset time.Duration // of that zone from UTC at the time of the sighting; valid if Zone is not empty
}

// Client is the program that spoke, as it describes itself and as its TLS hello shows it.
type Client struct {
	Agent   Hash   // of the whole User-Agent line
	Browser string // family and major version, "Firefox 140"
	OS      string // family and major version, "Windows 10"
	Kind    string // "desktop", "mobile", "tablet", "bot", "other"
	JA4     string // of the TLS hello (FoxIO JA4), where the edge ends TLS

	Contradicts bool // the hello or the client hints do not fit what the User-Agent says
}
