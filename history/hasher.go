package history

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Hasher makes the keyed hashes of a sighting: the first 8 bytes of HMAC-SHA-256 (FIPS 198-1) under the pepper, with a label
// for each kind, so that no hash of one kind equals one of another. What is unknown gives the zero Hash. The zero Hasher has
// no pepper: to it everything is unknown. It is safe for concurrent use and prints without its pepper.
type Hasher struct {
	pepper [32]byte
}

// NewHasher returns a hasher with a pepper. The zero pepper is none.
func NewHasher(pepper [32]byte) Hasher { return Hasher{pepper} }

// Hasher returns a hasher with the pepper of this moment; the zero Hasher if there is none.
func (h *History) Hasher() Hasher {
	if h.o.Pepper == nil {
		return Hasher{}
	}
	pepper, ok := h.o.Pepper()
	if !ok {
		return Hasher{}
	}
	return NewHasher(pepper)
}

// Address hashes an address. An IPv6 address counts as its /64, in which one host moves as it likes; an IPv4 address counts
// the same however it is written.
func (h Hasher) Address(a netip.Addr) policy.Hash { return h.network("address", a, 32, 64) }

// Prefix hashes the /24 of an IPv4 address, or the /48 of an IPv6 address.
func (h Hasher) Prefix(a netip.Addr) policy.Hash { return h.network("prefix", a, 24, 48) }

// ASN hashes the number of an autonomous system; 0 is unknown (reserved by RFC 7607).
func (h Hasher) ASN(number uint32) policy.Hash {
	if number == 0 {
		return policy.Hash{}
	}
	return h.hash("asn", binary.BigEndian.AppendUint32(nil, number))
}

// Device hashes the id of a device cookie.
func (h Hasher) Device(id identity.DeviceID) policy.Hash {
	if id.IsZero() {
		return policy.Hash{}
	}
	return h.hash("device", id[:])
}

// Agent hashes a whole User-Agent line.
func (h Hasher) Agent(line string) policy.Hash {
	if line == "" {
		return policy.Hash{}
	}
	return h.hash("agent", []byte(line))
}

func (h Hasher) network(kind string, a netip.Addr, bits4, bits6 int) policy.Hash {
	a = plain(a)
	if !a.IsValid() || a.IsUnspecified() {
		return policy.Hash{}
	}
	bits := bits6
	if a.Is4() {
		bits = bits4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return policy.Hash{}
	}
	return h.hash(kind, p.Addr().AsSlice()) // 4 or 16 bytes: an IPv4 network equals no IPv6 network
}

// plain returns the IPv4 address that an IPv6 address stands for: mapped (RFC 4291, 2.5.5.2), or behind the well-known
// prefix of a translator (RFC 6052, 2.1), where all of IPv4 would otherwise be one /64. A zone is local to a machine.
func plain(a netip.Addr) netip.Addr {
	a = a.WithZone("")
	if a.Is6() && netip.PrefixFrom(netip.AddrFrom16([16]byte{1: 0x64, 2: 0xff, 3: 0x9b}), 96).Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a.Unmap()
}

func (h Hasher) hash(kind string, data []byte) policy.Hash {
	if h.pepper == ([32]byte{}) {
		return policy.Hash{}
	}
	mac := hmac.New(sha256.New, h.pepper[:])
	mac.Write([]byte("edgeauth history v1 " + kind + "\x00"))
	mac.Write(data)
	return policy.Hash(mac.Sum(nil)[:8])
}

// Format hides the pepper under every verb.
func (Hasher) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "hasher") }
