package geo

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"
)

// record is what one file says of one network. It understands GeoIP2's nested layout and the flat one of ip-location-db,
// also mixed. A field of a wrong type, or with a value that cannot be, is left out and counted as a fault.
type record struct {
	country, city, zone string
	lat, lon, radius    float64 // degrees, NaN when absent; kilometres, 0 when absent
	asn                 uint32
	org                 string
	hosting, tor        bool

	faults int
	work   int // entries of maps that were read
}

// maxWork bounds the entries read of one record; real ones have some 60. Pointers could make more of a small file.
const maxWork = 1024

// maxText bounds the texts that are kept, in bytes.
const maxText = 128

// UnmarshalMaxMindDBCursor implements mmdbdata.CursorUnmarshaler. It descends into maps at fixed places only, at most three
// deep, whatever a hostile file's pointers say.
func (r *record) UnmarshalMaxMindDBCursor(c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	*r = record{lat: math.NaN(), lon: math.NaN()}
	next, err := each(c, r, (*record).top)
	if err == nil {
		r.check()
	}
	return next, err
}

// field reads one value of a map, or skips it.
type field func(r *record, key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error)

// each calls f for every entry of the map at c. Anything but a map is a fault and skipped.
func each(c mmdbdata.Cursor, r *record, f field) (mmdbdata.Cursor, error) {
	m, err := c.Map()
	if err != nil {
		r.faults++
		return c.Skip()
	}
	var value mmdbdata.Cursor
	for {
		key, at, more := m.Next(value)
		if !more {
			return m.End()
		}
		if r.work++; r.work > maxWork {
			return mmdbdata.Cursor{}, mmdbdata.NewInvalidDatabaseError("a record with more than %d entries", maxWork)
		}
		if value, err = f(r, key, at); err != nil {
			return mmdbdata.Cursor{}, err
		}
	}
}

func (r *record) top(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch string(key) {
	case "country_code":
		return r.text(c, &r.country)
	case "country":
		return each(c, r, (*record).inCountry)
	case "city":
		if kind, err := c.Kind(); err == nil && kind == mmdbdata.KindMap {
			return each(c, r, (*record).inCity)
		}
		return r.text(c, &r.city)
	case "location":
		return each(c, r, (*record).inLocation)
	case "latitude", "longitude":
		return r.inLocation(key, c)
	case "timezone":
		return r.text(c, &r.zone)
	case "traits":
		return each(c, r, (*record).inTraits)
	default: // GeoLite2-ASN and GeoIP2-Anonymous-IP have at the top what others have in traits
		return r.inTraits(key, c)
	}
}

func (r *record) inCountry(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	if string(key) == "iso_code" {
		return r.text(c, &r.country)
	}
	return c.Skip()
}

func (r *record) inCity(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	if string(key) == "names" {
		return each(c, r, (*record).inNames)
	}
	return c.Skip()
}

func (r *record) inNames(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	if string(key) == "en" {
		return r.text(c, &r.city)
	}
	return c.Skip()
}

func (r *record) inLocation(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch string(key) {
	case "latitude":
		return r.number(c, &r.lat)
	case "longitude":
		return r.number(c, &r.lon)
	case "accuracy_radius":
		return r.number(c, &r.radius)
	case "time_zone":
		return r.text(c, &r.zone)
	}
	return c.Skip()
}

func (r *record) inTraits(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch string(key) {
	case "autonomous_system_number":
		return r.system(c)
	case "autonomous_system_organization":
		return r.text(c, &r.org)
	case "is_hosting_provider", "is_anonymous_vpn", "is_public_proxy", "is_residential_proxy":
		return r.flag(c, &r.hosting)
	case "is_tor_exit_node":
		return r.flag(c, &r.tor)
	}
	return c.Skip()
}

func (r *record) text(c mmdbdata.Cursor, to *string) (mmdbdata.Cursor, error) {
	s, next, err := c.ReadStringMaxSize(1 << 16)
	if err != nil {
		r.faults++
		return c.Skip()
	}
	*to = clean(s)
	return next, nil
}

// number reads whatever MMDB has for numbers, as long as it is one.
func (r *record) number(c mmdbdata.Cursor, to *float64) (mmdbdata.Cursor, error) {
	if f, next, err := c.ReadFloat(); err == nil {
		*to = f
		return next, nil
	}
	n, signed, next, err := c.ReadInteger()
	if err != nil {
		r.faults++
		return c.Skip()
	}
	*to = float64(n)
	if signed {
		*to = float64(int64(n))
	}
	return next, nil
}

func (r *record) system(c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	n, next, err := c.ReadUint()
	if err != nil {
		r.faults++
		return c.Skip()
	}
	if n > math.MaxUint32 {
		r.faults++
		n = 0
	}
	r.asn = uint32(n)
	return next, nil
}

// flag sets to when the value is true; GeoIP2 leaves out what is false.
func (r *record) flag(c mmdbdata.Cursor, to *bool) (mmdbdata.Cursor, error) {
	b, next, err := c.ReadBool()
	if err != nil {
		r.faults++
		return c.Skip()
	}
	*to = *to || b
	return next, nil
}

// check drops values that cannot be.
func (r *record) check() {
	if r.country != "" && !isCountry(r.country) {
		r.fault(!isPlaceholder(r.country))
		r.country = ""
	}
	if !r.hasPoint() {
		nothing := math.IsNaN(r.lat) && math.IsNaN(r.lon) || r.lat == 0 && r.lon == 0
		r.fault(!nothing)
	}
	if r.radius != 0 && !(r.radius > 0 && r.radius <= halfEarth) {
		r.fault(true)
		r.radius = 0
	}
}

func (r *record) fault(is bool) {
	if is {
		r.faults++
	}
}

func (r *record) hasPoint() bool { return isPoint(r.lat, r.lon) }

// halfEarth is half the way around the earth in kilometres: nothing is farther away.
const halfEarth = 20038

// isPoint also refuses 0° 0°, in the sea off Ghana, where databases put what they do not know.
func isPoint(lat, lon float64) bool {
	return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 && (lat != 0 || lon != 0)
}

func isCountry(s string) bool {
	return len(s) == 2 && isUpper(s[0]) && isUpper(s[1]) && !isPlaceholder(s)
}

// isPlaceholder knows what databases write instead of a country.
func isPlaceholder(s string) bool {
	switch s {
	case "ZZ", "XX", "EU", "AP", "A1", "A2", "O1", "--", "-":
		return true
	}
	return false
}

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }

// clean bounds a text and takes out what a page, terminal or log might obey: names of autonomous systems are written by
// whoever registered them.
func clean(s string) string {
	if len(s) > maxText {
		cut := maxText
		for !utf8.RuneStart(s[cut]) && cut > 0 {
			cut--
		}
		s = s[:cut]
	}
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(c rune) rune {
		if unprintable(c) {
			return -1
		}
		return c
	}, s)
}

func unprintable(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }
