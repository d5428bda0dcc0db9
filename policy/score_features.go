package policy

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// The features that are compared. All but FeatureDevice are counted in the population.
const (
	FeatureCountry Feature = "country"
	FeatureASN     Feature = "asn"
	FeaturePrefix  Feature = "prefix"
	FeatureAddress Feature = "address"
	FeatureKind    Feature = "kind"    // of client
	FeatureOS      Feature = "os"      // family and major version
	FeatureBrowser Feature = "browser" // family
	FeatureVersion Feature = "version" // browser's family and major version
	FeatureAgent   Feature = "agent"   // the whole User-Agent line
	FeatureJA4     Feature = "ja4"
	FeatureHour    Feature = "hour" // of the week, from Monday 00:00 UTC
	FeatureDevice  Feature = "device"
)

// Features returns every feature, in a fixed order.
func Features() []Feature {
	return []Feature{
		FeatureCountry, FeatureASN, FeaturePrefix, FeatureAddress, FeatureKind, FeatureOS, FeatureBrowser, FeatureVersion, FeatureAgent,
		FeatureJA4, FeatureHour, FeatureDevice,
	}
}

func (f Feature) known() bool {
	for _, g := range Features() {
		if f == g {
			return true
		}
	}
	return false
}

// readable reports whether people may be shown the value.
func (f Feature) readable() bool {
	switch f {
	case FeatureCountry, FeatureKind, FeatureOS, FeatureBrowser, FeatureVersion:
		return true
	}
	return false
}

// Each calls count with every known value that a population counts, as Population.Frequency is asked for it.
func (s *Sighting) Each(count func(f Feature, value string)) {
	for _, f := range Features() {
		if v := s.value(f); v != "" && f != FeatureDevice {
			count(f, v)
		}
	}
}

// value is the feature's value as text, empty if it is unknown.
func (s *Sighting) value(f Feature) string {
	switch f {
	case FeatureCountry:
		return s.Place.Country
	case FeatureASN:
		return s.Network.ASN.text()
	case FeaturePrefix:
		return s.Network.Prefix.text()
	case FeatureAddress:
		return s.Network.Address.text()
	case FeatureKind:
		return s.Client.Kind
	case FeatureOS:
		return s.Client.OS
	case FeatureBrowser:
		return family(s.Client.Browser)
	case FeatureVersion:
		return s.Client.Browser
	case FeatureAgent:
		return s.Client.Agent.text()
	case FeatureJA4:
		return s.Client.JA4
	case FeatureHour:
		if s.At.IsZero() {
			return ""
		}
		return strconv.Itoa(hourOfWeek(s.At))
	case FeatureDevice:
		return s.Device.text()
	}
	return ""
}

func (h Hash) text() string {
	if h.IsZero() {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// attribute is what a feature looks at: sightings are compared a thousand times for one assessment, and names are slow.
type attribute uint8

const (
	byCountry attribute = iota
	byASN
	byPrefix
	byAddress
	byKind
	byOS
	byBrowser
	byVersion
	byAgent
	byJA4
)

// compare says whether the attribute is known in both sightings, and equal.
func (s *Sighting) compare(now *Sighting, what attribute) (known, equal bool) {
	switch what {
	case byCountry:
		return texts(s.Place.Country, now.Place.Country)
	case byASN:
		return hashes(&s.Network.ASN, &now.Network.ASN)
	case byPrefix:
		return hashes(&s.Network.Prefix, &now.Network.Prefix)
	case byAddress:
		return hashes(&s.Network.Address, &now.Network.Address)
	case byKind:
		return texts(s.Client.Kind, now.Client.Kind)
	case byOS:
		return texts(s.Client.OS, now.Client.OS)
	case byBrowser:
		if s.Client.Browser == now.Client.Browser {
			return s.Client.Browser != "", true
		}
		return texts(family(s.Client.Browser), family(now.Client.Browser))
	case byVersion:
		return texts(s.Client.Browser, now.Client.Browser)
	case byAgent:
		return hashes(&s.Client.Agent, &now.Client.Agent)
	}
	return texts(s.Client.JA4, now.Client.JA4)
}

func texts(a, b string) (known, equal bool) { return a != "" && b != "", a == b }
func hashes(a, b *Hash) (known, equal bool) { return !a.IsZero() && !b.IsZero(), *a == *b }

// family is a browser's name without its version: what stands before the last space, if a digit follows it.
func family(browser string) string {
	i := strings.LastIndexByte(browser, ' ')
	if i <= 0 || i+1 >= len(browser) || browser[i+1] < '0' || browser[i+1] > '9' {
		return browser
	}
	return browser[:i]
}

// hourOfWeek counts from Monday 00:00 UTC. The epoch was a Thursday.
func hourOfWeek(t time.Time) int {
	const week = 7 * 24
	h := (t.Unix()/3600 + 3*24) % week
	return int((h + week) % week)
}
