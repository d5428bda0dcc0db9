package geo

import (
	"net/netip"

	"github.com/edgeauth/edgeauth/geo/internal/list"
)

// settleLists looks into the lists, once the autonomous system is known.
func (r *Result) settleLists(all *data) {
	if !r.Addr.IsValid() {
		r.Unknown |= UnknownHosting | UnknownTor | UnknownEgress
		return
	}
	var unknown bool
	if r.Hosting, unknown = all.hosting.has(r, r.Hosting); unknown {
		r.Unknown |= UnknownHosting
	}
	if r.Tor, unknown = all.tor.has(r, r.Tor); unknown {
		r.Unknown |= UnknownTor
	}
	if r.Egress, unknown = all.egress.has(r, r.Egress); unknown {
		r.Unknown |= UnknownEgress
	}
}

// has reports whether a list names r, which a database may have said already, and whether that cannot be told.
func (l lists) has(r *Result, said bool) (is, unknown bool) {
	if said {
		return true, false
	}
	unknown = l.unknown
	for _, set := range l.sets {
		if named(set, r.Addr, r.ASN) {
			return true, false
		}
		// A system that is not known may be a listed one; private networks belong to none.
		unknown = unknown || r.ASN == 0 && !r.Private && set.HasSystems()
	}
	return false, unknown
}

func named(set *list.Set, a netip.Addr, asn uint32) bool {
	return set.Contains(a) || asn != 0 && set.HasSystem(asn)
}

func (r *Result) settleUnknown() {
	if r.Country == "" {
		r.Unknown |= UnknownCountry
	}
	if r.Radius == 0 {
		r.Unknown |= UnknownPoint
	}
	if r.Zone == "" {
		r.Unknown |= UnknownZone
	}
	if r.ASN == 0 {
		r.Unknown |= UnknownASN
	}
}
