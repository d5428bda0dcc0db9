package risk

import (
	"net/netip"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/policy"
)

// Sight returns what an assessment would see of a visit, and where that is. It assesses and remembers nothing.
func (e *Engine) Sight(v *Visit) (policy.Sighting, geo.Result) {
	seen := *v
	if e.opt.Proxy != nil && e.opt.Proxy(seen.Address) {
		seen.Address = netip.Addr{}
	}
	place := e.place(seen.Address)
	return e.sighting(&seen, &place), place
}

// Unlisted names the kinds of networks of which no list tells at the place, be it that there is none or that it was never read.
func Unlisted(place *geo.Result) (kinds []policy.Reason) {
	for _, k := range []struct {
		question geo.Unknown
		reason   policy.Reason
	}{{geo.UnknownHosting, policy.HostingUnknown}, {geo.UnknownTor, policy.TorUnknown}, {geo.UnknownEgress, policy.EgressUnknown}} {
		if !place.Addr.IsValid() || place.Unknown.Has(k.question) {
			kinds = append(kinds, k.reason)
		}
	}
	return kinds
}
