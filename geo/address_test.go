package geo_test

import (
	"net/netip"
	"testing"

	"github.com/edgeauth/edgeauth/geo"
)

func TestAnAddressCountsAsTheIPv4AddressInsideIt(t *testing.T) {
	rows := []struct{ name, addr, want string }{
		{"IPv4", "81.2.69.142", "81.2.69.142"},
		{"IPv4-mapped", "::ffff:81.2.69.142", "81.2.69.142"},
		{"NAT64 with the well-known prefix", "64:ff9b::81.2.69.142", "81.2.69.142"},
		{"NAT64 with the local prefix", "64:ff9b:1::81.2.69.142", "81.2.69.142"},
		{"NAT64 with a local prefix and a subnet", "64:ff9b:1:abcd::81.2.69.142", "81.2.69.142"},
		{"NAT64 with the address further left stays", "64:ff9b:1:5102:45:8e00::", "64:ff9b:1:5102:45:8e00::"},
		{"beside the well-known prefix stays", "64:ff9b::1:0:5102:458e", "64:ff9b::1:0:5102:458e"},
		{"6to4", "2002:5102:458e::1", "81.2.69.142"},
		{"Teredo stays", "2001:0:5102:458e::1", "2001:0:5102:458e::1"},
		{"IPv6", "2a02:8109::1", "2a02:8109::1"},
		{"a zone goes", "fe80::1%eth0", "fe80::1"},
	}
	for _, row := range rows {
		if got := geo.Normal(netip.MustParseAddr(row.addr)); got.String() != row.want {
			t.Errorf("%s: %s counts as %s, want %s", row.name, row.addr, got, row.want)
		}
	}
	if geo.Normal(netip.Addr{}).IsValid() {
		t.Error("no address became one")
	}
}

func TestAnIPv6AddressCountsAsItsNetworks(t *testing.T) {
	rows := []struct{ addr, host, network string }{
		{"2a02:8109:1:2:3:4:5:6", "2a02:8109:1:2::/64", "2a02:8109:1::/48"},
		{"81.2.69.142", "81.2.69.142/32", "81.2.69.0/24"},
		{"64:ff9b::81.2.69.142", "81.2.69.142/32", "81.2.69.0/24"},
		{"fe80::1%eth0", "fe80::/64", "fe80::/48"},
	}
	for _, row := range rows {
		a := netip.MustParseAddr(row.addr)
		if host, network := geo.Host(a), geo.Network(a); host.String() != row.host || network.String() != row.network {
			t.Errorf("%s: host %s, network %s; want %s, %s", a, host, network, row.host, row.network)
		}
	}
	if geo.Host(netip.Addr{}).IsValid() || geo.Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}

func TestAPrivateAddressHasNoPlaceEvenIfADatabaseNamesOne(t *testing.T) {
	everything := database(t, everywhere(flat("DE", "Berlin", 52.5, 13.4))...)
	d := open(t, geo.Files{City: []string{everything}})
	for _, addr := range []string{
		"10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "100.127.255.254", "0.0.0.0", "0.1.2.3",
		"255.255.255.255", "240.0.0.1", "224.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.0.0.8",
		"::", "::1", "fe80::1", "fd00::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "2001:0:5102:458e::1", "5f00::1",
		"64:ff9b::10.1.2.3", "64:ff9b:1::192.168.0.1", "64:ff9b:1:5102:45:8e00::", "2002:0a01:203::1", "::ffff:10.0.0.1", "::5102:458e",
	} {
		got := lookup(t, d, addr)
		if !got.Private || got.Country != "" || got.Radius != 0 || got.Zone != "" || got.String() != "private network" {
			t.Errorf("%s: %+v (%s)", addr, got, got)
		}
		if !got.Unknown.Has(geo.UnknownCountry) || !got.Unknown.Has(geo.UnknownPoint) || !got.Unknown.Has(geo.UnknownZone) {
			t.Errorf("%s: unknown is only %s", addr, got.Unknown)
		}
	}
	for _, addr := range []string{inside, "100.63.255.255", "100.128.0.1", "172.32.0.1", "2a02:8109::1", "64:ff9b::81.2.69.142"} {
		if got := lookup(t, d, addr); got.Private || got.Country != "DE" {
			t.Errorf("%s: %+v", addr, got)
		}
	}
}

func TestHoppingInsideA64StaysInOnePlace(t *testing.T) {
	d := open(t, geo.Files{City: []string{database(t,
		network("2a02:8109:1:2::/64", flat("DE", "Berlin", 52.5, 13.4)),
		network("2a02:8109:1:2:8000::/65", flat("JP", "Tokyo", 35.7, 139.7)),
	)}})
	for _, addr := range []string{"2a02:8109:1:2::1", "2a02:8109:1:2:8000::1", "2a02:8109:1:2:ffff:ffff:ffff:ffff"} {
		if got := lookup(t, d, addr); got.Country != "DE" {
			t.Errorf("%s is in %s", addr, got)
		}
	}
}

func TestTheZeroAddressIsUnknown(t *testing.T) {
	d := open(t, geo.Files{City: []string{one(t, flat("DE", "Berlin", 52.5, 13.4))}, Tor: []string{textFile(t, "1.2.3.4\n")}})
	got := d.Lookup(netip.Addr{})
	want := geo.Result{Unknown: geo.UnknownCountry | geo.UnknownPoint | geo.UnknownZone | geo.UnknownASN |
		geo.UnknownHosting | geo.UnknownTor | geo.UnknownEgress}
	if got != want {
		t.Errorf("got %+v", got)
	}
	if s := got.Unknown.String(); s != "country, point, zone, asn, hosting, tor, egress" {
		t.Errorf("unknown is called %q", s)
	}
}
