package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// country is one of those where users live, travel to, or attackers are.
type country struct {
	code     string
	zone     string
	offset   time.Duration
	lat, lon float64
	users    float64 // share of the users who live here
	visits   float64 // share of trips
	attacks  float64 // share of naive attacks
}

// countries: one home country holds nine users in ten, as in the study (an online service of Norway); attack traffic comes from
// where hosting is cheap. The figures are assumptions (docs/risk.md).
func countries() []country {
	list := []country{
		{"NO", "Europe/Oslo", time.Hour, 59.9, 10.7, 0.92, 0, 0.02},
		{"SE", "Europe/Stockholm", time.Hour, 59.3, 18.1, 0.020, 0.14, 0.02},
		{"DK", "Europe/Copenhagen", time.Hour, 55.7, 12.6, 0.012, 0.10, 0.01},
		{"GB", "Europe/London", 0, 51.5, -0.1, 0.010, 0.10, 0.05},
		{"DE", "Europe/Berlin", time.Hour, 52.5, 13.4, 0.008, 0.08, 0.07},
		{"ES", "Europe/Madrid", time.Hour, 40.4, -3.7, 0.006, 0.16, 0.02},
		{"US", "America/New_York", -5 * time.Hour, 40.7, -74.0, 0.006, 0.08, 0.20},
		{"PL", "Europe/Warsaw", time.Hour, 52.2, 21.0, 0.004, 0.05, 0.02},
		{"FR", "Europe/Paris", time.Hour, 48.9, 2.4, 0.003, 0.05, 0.05},
		{"NL", "Europe/Amsterdam", time.Hour, 52.4, 4.9, 0.003, 0.04, 0.08},
		{"FI", "Europe/Helsinki", 2 * time.Hour, 60.2, 24.9, 0.003, 0.04, 0.01},
		{"TH", "Asia/Bangkok", 7 * time.Hour, 13.8, 100.5, 0.001, 0.05, 0.02},
		{"IT", "Europe/Rome", time.Hour, 41.9, 12.5, 0.001, 0.05, 0.02},
		{"GR", "Europe/Athens", 2 * time.Hour, 38.0, 23.7, 0.001, 0.04, 0.01},
		{"RU", "Europe/Moscow", 3 * time.Hour, 55.8, 37.6, 0.0005, 0.005, 0.12},
		{"CN", "Asia/Shanghai", 8 * time.Hour, 31.2, 121.5, 0.0005, 0.005, 0.08},
		{"BR", "America/Sao_Paulo", -3 * time.Hour, -23.6, -46.6, 0.0005, 0.005, 0.05},
		{"IN", "Asia/Kolkata", 5*time.Hour + 30*time.Minute, 19.1, 72.9, 0.0005, 0.005, 0.06},
		{"VN", "Asia/Ho_Chi_Minh", 7 * time.Hour, 10.8, 106.7, 0.0003, 0.005, 0.04},
		{"ID", "Asia/Jakarta", 7 * time.Hour, -6.2, 106.8, 0.0003, 0.005, 0.03},
		{"UA", "Europe/Kyiv", 2 * time.Hour, 50.5, 30.5, 0.0003, 0.005, 0.02},
	}
	return list
}

// networkKind is what an autonomous system sells.
type networkKind int

const (
	homeLine networkKind = iota
	mobile
	hosting
)

// system is one autonomous system: a country's n-th of a kind.
type system struct {
	country int
	kind    networkKind
	number  int
}

// How many there are of each kind in a country, and how many prefixes they have. Users choose among them by Zipf's law.
var (
	systemsOf  = [...]int{homeLine: 14, mobile: 3, hosting: 12}
	prefixesOf = [...]int{homeLine: 400, mobile: 40, hosting: 60}
)

func (s system) asn() policy.Hash { return name(1, s.country, int(s.kind), s.number) }

// place is a point that databases give for networks there.
type place struct {
	country  int
	lat, lon float64
}

// home draws where in a country someone lives.
func home(rnd *rand.Rand, c int) place {
	k := countries()[c]
	return place{c, k.lat + rnd.NormFloat64()*1.5, k.lon + rnd.NormFloat64()*2}
}

func (p place) sighted() policy.Place {
	k := atlas[p.country]
	return policy.Place{Country: k.code, Lat: p.lat, Lon: p.lon, Radius: 100, Zone: k.zone, Offset: k.offset}
}

var atlas = countries()

// network is one address: of a system, a prefix in it, a host in that.
func (s system) network(prefix, host int) policy.Network {
	return policy.Network{
		ASN: s.asn(), Prefix: name(2, s.country, int(s.kind), s.number, prefix), Address: name(3, s.country, int(s.kind), s.number, prefix, host),
		Hosting: s.kind == hosting,
	}
}

// name makes a hash out of numbers; it stands for a keyed hash of the address or of the number of a system.
func name(parts ...int) (h policy.Hash) {
	v := uint64(1469598103934665603)
	for _, p := range parts {
		v = (v ^ uint64(p+1)) * 1099511628211
		v ^= v >> 29
	}
	binary.BigEndian.PutUint64(h[:], v|1)
	return h
}

// zipf draws 0..n-1 with a probability that falls as 1/(k+1).
func zipf(rnd *rand.Rand, n int) int {
	u := rnd.Float64() * math.Log(float64(n+1))
	return min(n-1, int(math.Exp(u))-1)
}

// pick draws an index by weight.
func pick[T any](rnd *rand.Rand, list []T, weight func(*T) float64) int {
	total := 0.0
	for i := range list {
		total += weight(&list[i])
	}
	u := rnd.Float64() * total
	for i := range list {
		if u -= weight(&list[i]); u < 0 {
			return i
		}
	}
	return len(list) - 1
}

// browser is a family of clients on one operating system.
type browser struct {
	family, os, kind, stack string
	share                   float64
	models                  int // variants of the User-Agent line for one version
	base                    int // major version on the first day
	every                   int // days between versions
}

// release is a version of an operating system and its share among users of that system.
type release struct {
	name  string
	share float64
}

// browsers are the clients that people use: each family on each release of its system. Shares are assumptions.
func browsers() []browser {
	ios := []release{{"iOS 15", 0.06}, {"iOS 16", 0.12}, {"iOS 17", 0.26}, {"iOS 18", 0.56}}
	android := []release{{"Android 10", 0.08}, {"Android 11", 0.12}, {"Android 12", 0.16}, {"Android 13", 0.22}, {"Android 14", 0.42}}
	windows := []release{{"Windows 10", 0.55}, {"Windows 11", 0.45}}
	macos := []release{{"macOS 12", 0.1}, {"macOS 13", 0.2}, {"macOS 14", 0.4}, {"macOS 15", 0.3}}
	linux := []release{{"Ubuntu", 0.6}, {"Fedora", 0.4}}
	var list []browser
	for _, f := range []struct {
		browser
		on []release
	}{
		{browser{"Safari Mobile", "", "mobile", "apple", 0.28, 12, 18, 60}, ios},
		{browser{"Chrome Mobile", "", "mobile", "chromium", 0.17, 300, 130, 28}, android},
		{browser{"Samsung Internet", "", "mobile", "chromium", 0.05, 120, 26, 60}, android},
		{browser{"Chrome iOS", "", "mobile", "apple", 0.03, 12, 130, 28}, ios},
		{browser{"Chrome", "", "desktop", "chromium", 0.22, 4, 130, 28}, windows},
		{browser{"Edge", "", "desktop", "chromium", 0.08, 4, 130, 28}, windows},
		{browser{"Firefox", "", "desktop", "gecko", 0.04, 1, 131, 28}, windows},
		{browser{"Safari", "", "desktop", "apple", 0.06, 4, 18, 60}, macos},
		{browser{"Chrome", "", "desktop", "chromium", 0.05, 4, 130, 28}, macos},
		{browser{"Firefox", "", "desktop", "gecko", 0.02, 1, 131, 28}, linux},
	} {
		for _, r := range f.on {
			b := f.browser
			b.os, b.share = r.name, b.share*r.share
			list = append(list, b)
		}
	}
	return list
}

// lag draws how many days somebody's updates are late: mostly days, sometimes a year.
func lag(rnd *rand.Rand) int {
	switch u := rnd.Float64(); {
	case u < 0.7:
		return rnd.IntN(14)
	case u < 0.9:
		return rnd.IntN(90)
	}
	return rnd.IntN(400)
}

var catalog = browsers()

// client is what a browser of that kind shows on a day, if it lags behind by so many days.
func (b *browser) client(day, lag, model int) policy.Client {
	version := b.base + floorDiv(day-lag, b.every)
	text := fmt.Sprintf("%s %d", b.family, version)
	return policy.Client{Agent: agent(text, b.os, model), Browser: text, OS: b.os, Kind: b.kind, JA4: b.hello(version)}
}

func agent(browser, os string, model int) policy.Hash {
	parts := []int{4, model}
	for _, r := range browser + "|" + os {
		parts = append(parts, int(r))
	}
	return name(parts...)
}

// hello is the JA4 of the browser's TLS stack, which changes with one version in eight.
func (b *browser) hello(version int) string {
	return fmt.Sprintf("%s-%d", b.stack, version/8)
}

func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }
