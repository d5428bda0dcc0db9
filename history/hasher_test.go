package history_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func TestHashesOfAddressesMeetWhereTheNetworkIsTheSame(t *testing.T) {
	h := history.NewHasher(pepper)
	for _, c := range []struct {
		a, b            string
		address, prefix bool // equal
	}{
		{"192.0.2.1", "192.0.2.1", true, true},
		{"192.0.2.1", "192.0.2.2", false, true},
		{"192.0.2.1", "192.0.3.1", false, false},
		{"192.0.2.1", "::ffff:192.0.2.1", true, true},
		{"192.0.2.1", "64:ff9b::192.0.2.1", true, true},
		{"64:ff9b::192.0.2.1", "64:ff9b::198.51.100.1", false, false},
		{"192.0.2.1", "64:ff9b:1::192.0.2.1", false, false}, // RFC 8215: what is in it depends on who uses it
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true, true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false, true},
		{"2001:db8:1:2::1", "2001:db8:1:ffff::1", false, true},
		{"2001:db8:1:2::1", "2001:db8:0:2::1", false, false},
		{"fe80::1%eth0", "fe80::1", true, true},
		{"c000:201::", "192.0.2.1", false, false}, // the same leading bytes
	} {
		a, b := netip.MustParseAddr(c.a), netip.MustParseAddr(c.b)
		if got := h.Address(a) == h.Address(b); got != c.address {
			t.Errorf("addresses %s and %s are the same: %v", a, b, got)
		}
		if got := h.Prefix(a) == h.Prefix(b); got != c.prefix {
			t.Errorf("prefixes of %s and %s are the same: %v", a, b, got)
		}
		if h.Address(a).IsZero() || h.Prefix(a).IsZero() {
			t.Errorf("%s is unknown", a)
		}
	}
}

func TestHashesOfWhatIsUnknownAreZero(t *testing.T) {
	h := history.NewHasher(pepper)
	for name, hash := range map[string]policy.Hash{
		"no address": h.Address(netip.Addr{}), "no prefix": h.Prefix(netip.Addr{}),
		"any IPv4": h.Address(netip.IPv4Unspecified()), "any IPv6": h.Prefix(netip.IPv6Unspecified()),
		"any IPv6, zoned":  h.Address(netip.MustParseAddr("::%eth0")),
		"any IPv4, mapped": h.Address(netip.MustParseAddr("::ffff:0.0.0.0")),
		"no ASN":           h.ASN(0), "no device": h.Device(identity.DeviceID{}), "no agent": h.Agent(""),
	} {
		if !hash.IsZero() {
			t.Errorf("%s: %x", name, hash)
		}
	}
	for kind, hash := range some(history.Hasher{}) {
		if !hash.IsZero() {
			t.Errorf("%s without a pepper: %x", kind, hash)
		}
	}
}

// some is one hash of each kind; the bytes behind those of ASN, device and agent are the same where they can be.
func some(h history.Hasher) map[string]policy.Hash {
	a := netip.MustParseAddr("0.0.1.0")
	return map[string]policy.Hash{
		"address": h.Address(a), "prefix": h.Prefix(a), "asn": h.ASN(256), "agent": h.Agent("\x00\x00\x01\x00"),
		"device": h.Device(identity.DeviceID{1}), "agent like the device": h.Agent("\x01" + strings.Repeat("\x00", 15)),
	}
}

func TestHashesDifferByKindAndByPepper(t *testing.T) {
	before := map[policy.Hash]string{}
	for _, p := range [][32]byte{pepper, {9}} {
		for kind, hash := range some(history.NewHasher(p)) {
			if twin, there := before[hash]; there {
				t.Errorf("%s and %s have one hash", kind, twin)
			}
			before[hash] = kind
		}
	}
}

// Every edge of every release must make the same hashes, or history says nothing. Computed apart:
//
//	printf 'edgeauth history v1 asn\0\0\0\373\364' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0102030000…
func TestHashesAreTheSameInEveryRelease(t *testing.T) {
	h := history.NewHasher(pepper)
	for want, hash := range map[string]policy.Hash{
		"6d55aeb1e0bcfe87": h.ASN(64500),
		"e9f237a5e33327ba": h.Address(netip.MustParseAddr("2001:db8:1:2:3:4:5:6")),
		"7214f3929721b225": h.Prefix(netip.MustParseAddr("192.0.2.1")),
	} {
		if got := hex.EncodeToString(hash[:]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAHasherShowsItsPepperUnderNoVerb(t *testing.T) {
	p := [32]byte{}
	copy(p[:], strings.Repeat("pepper!!", 4))
	h := history.NewHasher(p)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		shown := fmt.Sprintf(verb+verb+verb, h, &h, []any{h})
		for _, form := range []string{"%s", "%x", "%X", "%d"} {
			if strings.Contains(shown, strings.Trim(fmt.Sprintf(form, p[:8]), "[]")) {
				t.Errorf("%s shows %s", verb, shown)
			}
		}
	}
}
