package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// errUnreadable is every value that is no sighting of this release.
var errUnreadable = errors.New("a sighting that cannot be read")

// decode is the inverse of encode. Whatever encode would spell otherwise is errUnreadable, so a value that is accepted has
// one spelling.
func decode(b []byte) (policy.Sighting, error) {
	r := &reader{rest: b}
	if r.byte() != version {
		return policy.Sighting{}, errUnreadable
	}
	s := r.sighting()
	if r.short {
		return policy.Sighting{}, errUnreadable
	}
	if again, err := encode(s); err != nil || !bytes.Equal(again, b) {
		return policy.Sighting{}, errUnreadable
	}
	return s, nil
}

// reader takes fields off the front of a value. After the first that is not there, all are zero.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.short, r.rest = true, nil
		return make([]byte, n)
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

func (r *reader) sighting() (s policy.Sighting) {
	f := r.byte()
	s.Login, s.Client.Contradicts, s.Unproven = f&flagLogin != 0, f&flagContradicts != 0, f&flagUnproven != 0
	s.Network.Hosting, s.Network.Tor, s.Network.Egress = f&flagHosting != 0, f&flagTor != 0, f&flagEgress != 0
	s.At, s.DeviceSince, s.Assurance.AuthTime = r.time(), r.time(), r.time()
	s.Network.Address, s.Network.Prefix, s.Network.ASN = r.hash(), r.hash(), r.hash()
	s.Client.Agent, s.Device = r.hash(), r.hash()
	s.Place = r.place()
	s.Client.Browser, s.Client.OS, s.Client.Kind, s.Client.JA4 = r.text(), r.text(), r.text(), r.text()
	s.Assurance.ACR = r.text()
	for range r.byte() {
		s.Assurance.AMR = append(s.Assurance.AMR, r.text())
	}
	return s
}

func (r *reader) place() (p policy.Place) {
	if country := r.take(2); country[0] != 0 {
		p.Country = string(country)
	}
	p.Lat = float64(int16(r.uint16())) / 100
	p.Lon = float64(int16(r.uint16())) / 100
	p.Radius = float64(r.uint16())
	p.Offset = time.Duration(int32(binary.BigEndian.Uint32(r.take(4)))) * time.Second
	p.Zone = r.text()
	return p
}

func (r *reader) byte() byte        { return r.take(1)[0] }
func (r *reader) uint16() uint16    { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) hash() policy.Hash { return policy.Hash(r.take(8)) }
func (r *reader) text() string      { return string(r.take(int(r.byte()))) }

// time returns the zero Time for an unknown one.
func (r *reader) time() time.Time {
	ms := binary.BigEndian.Uint64(append([]byte{0, 0}, r.take(6)...))
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
