package geo

import "github.com/edgeauth/edgeauth/geo/internal/zone"

// Radii for records that do not tell how accurate they are, in kilometres.
const (
	cityRadius    = 100
	countryRadius = 500
)

// merge adds what rec knows and r does not. A finer fact only counts beside a country that agrees: the city of one
// database in the country of another would be nowhere.
func (r *Result) merge(rec *record) {
	if r.Country == "" {
		r.Country = rec.country
	}
	if rec.country == r.Country || rec.country == "" {
		r.mergePlace(rec)
	}
	if r.ASN == 0 && rec.asn != 0 {
		r.ASN, r.Org = rec.asn, rec.org
	}
	if r.Org == "" && r.ASN == rec.asn {
		r.Org = rec.org
	}
	r.Hosting = r.Hosting || rec.hosting
	r.Tor = r.Tor || rec.tor
}

// mergePlace takes city and point together: the one says how far the other reaches.
func (r *Result) mergePlace(rec *record) {
	if r.City == "" && r.Radius == 0 {
		r.City = rec.city
	}
	if r.Radius == 0 && rec.hasPoint() {
		r.Lat, r.Lon, r.Radius = rec.lat, rec.lon, rec.reach()
	}
	if r.Zone == "" {
		r.Zone = rec.zone
	}
}

// reach is the radius of rec's point.
func (rec *record) reach() float64 {
	switch {
	case rec.radius > 0:
		return rec.radius
	case rec.city != "":
		return cityRadius
	}
	return countryRadius
}

// complete reports whether no further file could add anything.
func (r *Result) complete() bool {
	return r.Country != "" && r.City != "" && r.Radius > 0 && r.Zone != "" && r.ASN != 0 && r.Org != ""
}

// useful reports whether there is anything in rec that a Result can use.
func (rec *record) useful() bool {
	return rec.country != "" || rec.city != "" || rec.hasPoint() || rec.zone != "" || rec.asn != 0 || rec.hosting || rec.tor
}

// settleZone finds the time zone: the record's own; that of a country whose clocks all agree, which needs no map and has no
// borders; that at the point, unless the point merely stands for a country. A name that time.LoadLocation does not know
// counts as none.
func (r *Result) settleZone(zones *zone.Zones) {
	if r.setZone(zones, r.Zone) || r.setZone(zones, zones.Country(r.Country)) {
		return
	}
	if r.Radius > 0 && r.Radius < countryRadius {
		r.setZone(zones, zones.At(r.Lat, r.Lon))
	}
}

func (r *Result) setZone(zones *zone.Zones, name string) bool {
	r.Zone, r.location = "", zones.Load(name)
	if r.location != nil {
		r.Zone = name
	}
	return r.location != nil
}
