// Package places has real networks of a dozen cities, so that the demo and tests can be somewhere on earth: an address of
// each, and an MMDB file that says where they are and whose. It must not know who looks them up.
//
// The file holds extracts of real databases: whoever shows what it says must show [Attribution].
package places

import (
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

// Attribution is what the licence of the data (Creative Commons Attribution 4.0) asks to be shown beside it. AttributionURL
// is where it links to.
const (
	Attribution    = "IP Geolocation by DB-IP"
	AttributionURL = "https://db-ip.com"
)

// City is a place to pretend to be in.
type City struct {
	ID       string // for forms and addresses: "sao-paulo"
	Name     string // for people: "São Paulo"
	Country  string // ISO 3166-1 alpha-2
	Zone     string // in the IANA time zone database: "America/Sao_Paulo"
	Networks []Network
}

// Network is an access network in a city.
type Network struct {
	Carrier string // as people know it
	ASN     uint32
	Addr    netip.Addr // one of its addresses
}

// Addr is an address of the city's first network.
func (c City) Addr() netip.Addr { return c.Networks[0].Addr }

// Cities returns the cities, Europe first and then eastwards around the earth, in a new slice.
func Cities() []City {
	return []City{
		{"berlin", "Berlin", "DE", "Europe/Berlin", two("Deutsche Telekom", 3320, "79.193.33.37", "Vodafone", 3209, "2.205.81.37")},
		{"paris", "Paris", "FR", "Europe/Paris", two("Orange", 3215, "90.98.1.37", "Free", 12322, "82.248.1.37")},
		{"rome", "Rome", "IT", "Europe/Rome", two("TIM", 3269, "87.25.1.37", "Fastweb", 12874, "93.40.97.37")},
		{"london", "London", "GB", "Europe/London", two("BT", 2856, "86.187.1.37", "Sky", 5607, "78.86.65.37")},
		{"nairobi", "Nairobi", "KE", "Africa/Nairobi", two("Safaricom", 33771, "196.104.1.37", "Airtel", 36926, "154.77.13.37")},
		{"mumbai", "Mumbai", "IN", "Asia/Kolkata", two("Jio", 55836, "49.32.1.37", "Airtel", 24560, "182.77.81.37")},
		{"singapore", "Singapore", "SG", "Asia/Singapore", two("Singtel", 9506, "42.60.84.37", "StarHub", 55430, "58.96.212.37")},
		{"tokyo", "Tokyo", "JP", "Asia/Tokyo", two("NTT OCN", 4713, "60.34.218.37", "KDDI", 2516, "27.94.164.37")},
		{"sydney", "Sydney", "AU", "Australia/Sydney", two("Telstra", 1221, "60.228.1.37", "Optus", 4804, "49.178.241.37")},
		{"san-francisco", "San Francisco", "US", "America/Los_Angeles", two("AT&T", 7018, "70.137.129.37", "Comcast", 7922, "98.42.85.37")},
		{"new-york", "New York", "US", "America/New_York", two("Verizon", 701, "71.240.33.37", "Spectrum", 12271, "149.89.1.37")},
		{"sao-paulo", "São Paulo", "BR", "America/Sao_Paulo", two("Vivo", 27699, "201.60.1.37", "Claro", 28573, "189.120.1.37")},
	}
}

func two(carrier1 string, asn1 uint32, addr1, carrier2 string, asn2 uint32, addr2 string) []Network {
	return []Network{{carrier1, asn1, netip.MustParseAddr(addr1)}, {carrier2, asn2, netip.MustParseAddr(addr2)}}
}

// At returns the city, and the network within it, that has an address.
func At(addr netip.Addr) (City, Network, bool) {
	for _, city := range Cities() {
		for _, n := range city.Networks {
			if n.Addr == addr {
				return city, n, true
			}
		}
	}
	return City{}, Network{}, false
}

// Find returns the city with an ID.
func Find(id string) (City, bool) {
	for _, city := range Cities() {
		if city.ID == id {
			return city, true
		}
	}
	return City{}, false
}

//go:embed places.mmdb
var database string

// Database is the MMDB file: a record of city and autonomous system for each network, in the flat layout of ip-location-db.
func Database() []byte { return []byte(database) }

// Write puts the MMDB file into a folder and returns its path.
func Write(folder string) (string, error) {
	path := filepath.Join(folder, "places.mmdb")
	if err := os.WriteFile(path, Database(), 0o600); err != nil {
		return "", fmt.Errorf("writing the demo's places: %w", err)
	}
	return path, nil
}
