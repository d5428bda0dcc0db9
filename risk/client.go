package risk

import (
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/policy"
)

// clientOf is the program that spoke.
func clientOf(v *Visit, h history.Hasher) policy.Client {
	return policy.Client{Agent: h.Agent(v.Header.Get("User-Agent")), JA4: v.JA4}
}

// placeAt translates a place. Its zone's offset is that of the moment: zones move by the season.
func placeAt(p *geo.Result, now func() time.Time) policy.Place {
	out := policy.Place{Country: p.Country, Lat: p.Lat, Lon: p.Lon, Radius: p.Radius}
	if offset, known := p.Offset(now()); known {
		out.Zone, out.Offset = p.Zone, offset
	}
	return out
}
