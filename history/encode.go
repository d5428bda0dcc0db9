package history

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// version stands first in every value. What a later release writes under another one is unreadable to this one.
const version = 1

const (
	longest   = 255       // bytes of a text
	mostAMR   = 16        // methods of one authentication
	lastMilli = 1<<48 - 1 // in the year 10889
)

// The flags of a sighting.
const (
	flagLogin byte = 1 << iota
	flagHosting
	flagTor
	flagEgress
	flagContradicts
	flagUnproven
)

var errNoTime = errors.New("a sighting without a time")

// encode is the one spelling of a sighting:
//
//	version | flags | at (6) | device since (6) | auth time (6)
//	address (8) | prefix (8) | ASN (8) | agent (8) | device (8)
//	country (2) | latitude (2) | longitude (2) | radius (2) | offset (4)
//	zone | browser | OS | kind | JA4 | acr | count of amr | each amr
//
// Numbers are big-endian, texts stand behind their length in a byte. It is coarser than the sighting: times are whole
// milliseconds since 1970, coordinates hundredths of a degree (1.1 km), the radius whole kilometres, rounded up; the offset
// is in seconds. What does not fit is left out rather than cut, because unknown is taken for nothing else: a text of more
// than 255 bytes, a point that is none, a country that is not two capital letters, methods after the 16th.
func encode(s policy.Sighting) ([]byte, error) {
	at := millis(s.At)
	if at == 0 {
		return nil, errNoTime
	}
	b := make([]byte, 0, 256)
	b = append(b, version, flags(s))
	for _, ms := range []uint64{at, millis(s.DeviceSince), millis(s.Assurance.AuthTime)} {
		b = append(b, binary.BigEndian.AppendUint64(nil, ms)[2:]...)
	}
	for _, h := range []policy.Hash{s.Network.Address, s.Network.Prefix, s.Network.ASN, s.Client.Agent, s.Device} {
		b = append(b, h[:]...)
	}
	b = appendPlace(b, s.Place)
	for _, text := range []string{s.Client.Browser, s.Client.OS, s.Client.Kind, s.Client.JA4, s.Assurance.ACR} {
		b = appendText(b, text)
	}
	return appendAMR(b, s.Assurance.AMR), nil
}

func flags(s policy.Sighting) (f byte) {
	for _, is := range []struct {
		flag byte
		set  bool
	}{
		{flagLogin, s.Login}, {flagHosting, s.Network.Hosting}, {flagTor, s.Network.Tor},
		{flagEgress, s.Network.Egress}, {flagContradicts, s.Client.Contradicts}, {flagUnproven, s.Unproven},
	} {
		if is.set {
			f |= is.flag
		}
	}
	return f
}

// millis returns 0 for a time that is unknown or cannot be kept.
func millis(t time.Time) uint64 {
	ms := t.UnixMilli()
	if t.IsZero() || ms < 0 || ms > lastMilli {
		return 0
	}
	return uint64(ms)
}

func appendPlace(b []byte, p policy.Place) []byte {
	country := []byte{0, 0}
	if isCountry(p.Country) {
		country = []byte(p.Country)
	}
	b = append(b, country...)
	lat, lon, radius := 0.0, 0.0, 0.0
	if p.Radius > 0 && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 { // false for NaN
		lat, lon, radius = math.Round(p.Lat*100), math.Round(p.Lon*100), min(math.Ceil(p.Radius), math.MaxUint16)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(int16(lat)))
	b = binary.BigEndian.AppendUint16(b, uint16(int16(lon)))
	b = binary.BigEndian.AppendUint16(b, uint16(radius))
	zone, offset := p.Zone, p.Offset
	if zone == "" || len(zone) > longest || offset.Abs() >= 24*time.Hour {
		zone, offset = "", 0
	}
	b = binary.BigEndian.AppendUint32(b, uint32(int32(offset/time.Second)))
	return appendText(b, zone)
}

func isCountry(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

func appendText(b []byte, text string) []byte {
	if len(text) > longest {
		text = ""
	}
	return append(append(b, byte(len(text))), text...)
}

func appendAMR(b []byte, amr []string) []byte {
	at, n := len(b), 0
	b = append(b, 0)
	for _, method := range amr {
		if len(method) <= longest && n < mostAMR {
			b, n = appendText(b, method), n+1
		}
	}
	b[at] = byte(n)
	return b
}
