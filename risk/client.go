package risk

import (
	"time"

	"github.com/edgeauth/edgeauth/fingerprint"
	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/policy"
)

// clientOf is the program that spoke.
func clientOf(v *Visit, h history.Hasher) policy.Client {
	c := fingerprint.Of(v.Header, v.JA4)
	return policy.Client{Agent: h.Agent(c.Agent), Browser: c.Browser, OS: c.OS, Kind: c.Kind, JA4: c.JA4, Contradicts: len(c.Contradictions) > 0}
}

// placeAt translates a place. Its zone's offset is that of the moment: zones move by the season.
func placeAt(p *geo.Result, now func() time.Time) policy.Place {
	out := policy.Place{Country: p.Country, Lat: p.Lat, Lon: p.Lon, Radius: p.Radius}
	if offset, known := p.Offset(now()); known {
		out.Zone, out.Offset = p.Zone, offset
	}
	return out
}
