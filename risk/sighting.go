package risk

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strings"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/policy"
)

// sighting is a visit as history keeps it: nothing in it leads back to an address or a device without the pepper.
func (e *Engine) sighting(v *Visit, place *geo.Result) policy.Sighting {
	h := e.opt.History.Hasher()
	s := policy.Sighting{
		At: e.opt.Now(), Login: v.Login, Assurance: v.Assurance, Device: h.Device(v.Device), DeviceSince: v.DeviceSince,
		Network: policy.Network{
			ASN: h.ASN(place.ASN), Hosting: place.Hosting, Tor: place.Tor, Egress: place.Egress,
		},
		Place:  placeAt(place, e.opt.Now),
		Client: clientOf(v, h),
	}
	if v.Address.IsValid() && !place.Private {
		s.Network.Address, s.Network.Prefix = h.Address(place.Addr), h.Prefix(place.Addr)
	}
	return s
}

// digestOf tells network, place and client apart as coarsely as an assessment cares: the autonomous system stands for the
// network where it is known, since phones change addresses within it all day; places count by cells of about 250 km.
func digestOf(s *policy.Sighting) Digest {
	var b []byte
	network := s.Network.ASN
	if network.IsZero() {
		network = s.Network.Prefix
	}
	b = append(b, network[:]...)
	b = appendText(b, s.Place.Country)
	if s.Place.Radius > 0 {
		b = binary.BigEndian.AppendUint16(b, cell(s.Place.Lat))
		b = binary.BigEndian.AppendUint16(b, cell(s.Place.Lon))
	}
	for _, text := range []string{family(s.Client.Browser), s.Client.OS, s.Client.Kind, ciphers(s.Client.JA4)} {
		b = appendText(b, text)
	}
	sum := sha256.Sum256(b)
	return Digest(sum[:8])
}

// family is a browser's name without its version.
func family(browser string) string {
	if i := strings.LastIndexByte(browser, ' '); i > 0 {
		return browser[:i]
	}
	return browser
}

// ciphers is the part of a JA4 that tells one TLS library from another whatever it is about to speak: browsers offer less in
// the hello of a WebSocket than in that of a page.
func ciphers(ja4 string) string {
	_, rest, _ := strings.Cut(ja4, "_")
	middle, _, _ := strings.Cut(rest, "_")
	return middle
}

// cell is the number of a band of 2.5 degrees.
func cell(degrees float64) uint16 { return uint16(math.Floor((degrees + 180) / 2.5)) }

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(min(len(s), math.MaxUint16)))
	return append(b, s...)
}
