package geo

import (
	"encoding/binary"
	"net/netip"
)

// Normal returns the address that counts for a: where it lies, what lists say of it, what history remembers. An IPv4
// address inside an IPv6 one counts as the IPv4 address:
//
//   - ::ffff:0:0/96, IPv4-mapped (RFC 4291, 2.5.5.2);
//   - 64:ff9b::/96 and 64:ff9b:1::/48, NAT64 (RFC 6052, RFC 8215), with the IPv4 address in the last 32 bits. The local
//     prefix may be cut shorter, with the address further to the left (RFC 6052, 2.2); it then ends in zeros, such an
//     address stays as it is, and has no place;
//   - 2002::/16, 6to4 (RFC 3056): the tunnel ends at the IPv4 address, so its sender must be there to get an answer.
//
// A Teredo address (2001::/32, RFC 4380) stays as it is and has no place: what it holds is what some server once saw of a
// NAT, and that service is gone. The zone of a link-local address is dropped. The zero Addr stays zero.
func Normal(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch prefix := binary.BigEndian.Uint64(b[:8]); {
	case prefix == 0x0064ff9b_00000000 && binary.BigEndian.Uint32(b[8:]) == 0,
		prefix>>16 == 0x0064ff9b_0001 && [3]byte(b[13:]) != [3]byte{}:
		return netip.AddrFrom4([4]byte(b[12:]))
	case prefix>>48 == 0x2002:
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

// Host returns what counts as one host: an IPv4 address, or the /64 of an IPv6 address, in which hosts hop as they like.
// The zero Prefix belongs to the zero Addr.
func Host(a netip.Addr) netip.Prefix { return around(a, 32, 64) }

// Network returns what counts as one customer's network: the /24 of an IPv4 address, the /48 of an IPv6 address.
func Network(a netip.Addr) netip.Prefix { return around(a, 24, 48) }

func around(a netip.Addr, bits4, bits6 int) netip.Prefix {
	a = Normal(a)
	bits := bits6
	if a.Is4() {
		bits = bits4
	}
	prefix, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// noPlace are the networks that lie nowhere in particular (RFC 6890 and the IANA special-purpose registries), besides
// those that netip has a word for.
//
// constant table: nobody writes to it.
var noPlace = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // behind a carrier's NAT (RFC 6598)
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), // documentation (RFC 5737)
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks (RFC 2544)
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/8"),      // with NAT64 that could not be told
	netip.MustParsePrefix("100::/64"),  // discard only (RFC 6666)
	netip.MustParsePrefix("2001::/32"), // Teredo
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"), // segment routing (RFC 9602)
	netip.MustParsePrefix("fec0::/10"),
}

// hasPlace reports whether a, a normal address, can be somewhere on earth.
func hasPlace(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, prefix := range noPlace {
		if prefix.Contains(a) {
			return false
		}
	}
	return true
}
