package geo_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/mmdb"
)

// nested is a record in GeoIP2's layout.
func nested(country, city string, lat, lon float64, radius uint16, zone string) map[string]any {
	return map[string]any{
		"country": map[string]any{"iso_code": country, "names": map[string]any{"de": "?", "en": "?"}, "geoname_id": uint32(1)},
		"city":    map[string]any{"names": map[string]any{"de": "anders", "en": city}},
		"location": map[string]any{"latitude": lat, "longitude": lon, "accuracy_radius": radius, "time_zone": zone,
			"metro_code": uint16(7)},
		"subdivisions": []any{map[string]any{"iso_code": "XY"}},
	}
}

// flat is a record in the layout of ip-location-db.
func flat(country, city string, lat, lon float64) map[string]any {
	return map[string]any{"country_code": country, "city": city, "latitude": float32(lat), "longitude": float32(lon),
		"postcode": "", "state1": "", "state2": "", "timezone": ""}
}

func system(number uint32, name string) map[string]any {
	return map[string]any{"autonomous_system_number": number, "autonomous_system_organization": name}
}

// database writes an MMDB file and returns its path.
func database(t testing.TB, networks ...mmdb.Network) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.mmdb")
	mmdb.Write(t, path, mmdb.Kind{}, networks...)
	return path
}

// one is a database of 81.0.0.0/8 and 2a02::/16 with the same record for both.
func one(t testing.TB, record any) string {
	t.Helper()
	return database(t, mmdb.Network{Prefix: "81.0.0.0/8", Data: record}, mmdb.Network{Prefix: "2a02::/16", Data: record})
}

// inside is an address in the networks of one.
const inside = "81.2.69.142"

// textFile writes a list and returns its path.
func textFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.txt")
	rewrite(t, path, content)
	return path
}

// rewrite replaces a file by another, as a careful operator does.
func rewrite(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func open(t testing.TB, files geo.Files) *geo.DB {
	t.Helper()
	return geo.Open(files, geo.Options{})
}

func lookup(t testing.TB, d *geo.DB, addr string) geo.Result {
	t.Helper()
	return d.Lookup(netip.MustParseAddr(addr))
}

func only(t testing.TB, d *geo.DB) geo.Status {
	t.Helper()
	all := d.Status()
	if len(all) != 1 {
		t.Fatalf("%d files in the status, want one", len(all))
	}
	return all[0]
}

// winter is a moment at which Berlin and Paris are an hour ahead of London.
func winter() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }
