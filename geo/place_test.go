package geo_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/mmdb"
)

func network(prefix string, data any) mmdb.Network { return mmdb.Network{Prefix: prefix, Data: data} }

// everywhere gives all of both address families one record.
func everywhere(data any) []mmdb.Network {
	return []mmdb.Network{network("::/1", data), network("8000::/1", data)}
}

// facts is what of a Result these tests compare.
func facts(r geo.Result) string {
	return fmt.Sprintf("%s|%s|%.1f,%.1f±%.0f|%s|AS%d %s", r.Country, r.City, r.Lat, r.Lon, r.Radius, r.Zone, r.ASN, r.Org)
}

func TestBothLayoutsAreRead(t *testing.T) {
	enterprise := nested("DE", "Berlin", 52.5, 13.4, 20, "Europe/Berlin")
	enterprise["traits"] = map[string]any{"autonomous_system_number": uint32(3320), "autonomous_system_organization": "Telekom", "isp": "x"}
	rows := []struct {
		name   string
		record any
		want   string
	}{
		{"nested", nested("DE", "Berlin", 52.5, 13.4, 20, "Europe/Berlin"), "DE|Berlin|52.5,13.4±20|Europe/Berlin|AS0 "},
		{"nested with traits", enterprise, "DE|Berlin|52.5,13.4±20|Europe/Berlin|AS3320 Telekom"},
		{"flat", flat("DE", "Berlin", 52.5, 13.4), "DE|Berlin|52.5,13.4±100|Europe/Berlin|AS0 "},
		{"flat in a country of several zones", flat("US", "Houston", 29.8, -95.4), "US|Houston|29.8,-95.4±100|America/Chicago|AS0 "},
		{"flat without a city", flat("DE", "", 51.2, 9.4), "DE||51.2,9.4±500|Europe/Berlin|AS0 "},
		{"flat without a city in a country of several zones", flat("US", "", 38, -97), "US||38.0,-97.0±500||AS0 "},
		{"country alone", map[string]any{"country_code": "JP"}, "JP||0.0,0.0±0|Asia/Tokyo|AS0 "},
		{"country of several zones alone", map[string]any{"country_code": "BR"}, "BR||0.0,0.0±0||AS0 "},
		{"system", system(3320, "Deutsche Telekom AG"), "||0.0,0.0±0||AS3320 Deutsche Telekom AG"},
		{"numbers of other types", map[string]any{"latitude": 52, "longitude": uint16(13), "autonomous_system_number": uint64(7)},
			"||52.0,13.0±500||AS7 "},
	}
	for _, row := range rows {
		d := open(t, geo.Files{City: []string{one(t, row.record)}})
		if got := facts(lookup(t, d, inside)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if st := only(t, d); st.Problem != nil || !st.InUse || st.Loaded.IsZero() || st.Built.IsZero() || st.Entries == 0 {
			t.Errorf("%s: status %+v", row.name, st)
		}
	}
}

func TestEachDatabaseAddsWhatThoseBeforeItDoNotTell(t *testing.T) {
	files := geo.Files{
		City:    []string{one(t, map[string]any{"country_code": "DE"}), one(t, flat("DE", "Berlin", 52.5, 13.4))},
		Country: []string{one(t, map[string]any{"country_code": "FR"})},
		ASN:     []string{one(t, system(3320, "")), one(t, system(3320, "Telekom")), one(t, system(1, "other"))},
	}
	if got := facts(lookup(t, open(t, files), inside)); got != "DE|Berlin|52.5,13.4±100|Europe/Berlin|AS3320 Telekom" {
		t.Error(got)
	}
}

func TestTheCityOfOneDatabaseIsNotPutIntoTheCountryOfAnother(t *testing.T) {
	files := geo.Files{City: []string{one(t, map[string]any{"country_code": "BR"}), one(t, flat("NL", "Amsterdam", 52.4, 4.9))}}
	if got := facts(lookup(t, open(t, files), inside)); got != "BR||0.0,0.0±0||AS0 " {
		t.Error(got)
	}
}

func TestDatabasesForOneFamilyStandSideBySide(t *testing.T) {
	v4, v6 := filepath.Join(t.TempDir(), "v4.mmdb"), filepath.Join(t.TempDir(), "v6.mmdb")
	mmdb.Write(t, v4, mmdb.Kind{V4: true}, network("81.0.0.0/8", flat("DE", "Berlin", 52.5, 13.4)))
	mmdb.Write(t, v6, mmdb.Kind{}, network("2a02::/16", flat("JP", "Tokyo", 35.7, 139.7)))
	d := open(t, geo.Files{City: []string{v4, v6}})
	for addr, want := range map[string]string{inside: "Berlin, DE", "2a02:8109::1": "Tokyo, JP", "2a03::1": "unknown place"} {
		if got := lookup(t, d, addr).String(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
	for _, st := range d.Status() {
		if st.Problem != nil {
			t.Errorf("%s: %v", st.Path, st.Problem)
		}
	}
}

func TestAFileThatServesAsCityAndASNIsReadOnce(t *testing.T) {
	record := flat("DE", "Berlin", 52.5, 13.4)
	record["autonomous_system_number"], record["autonomous_system_organization"] = uint32(3320), "Deutsche Telekom AG"
	path := one(t, record)
	d := open(t, geo.Files{City: []string{path}, ASN: []string{filepath.Join(filepath.Dir(path), ".", "test.mmdb")}})
	if st := only(t, d); st.Kind != geo.City {
		t.Errorf("it is a %s file", st.Kind)
	}
	if got := lookup(t, d, inside).String(); got != "Berlin, DE (AS3320 Deutsche Telekom AG)" {
		t.Error(got)
	}
}

func TestAnOffsetIsThatOfTheMoment(t *testing.T) {
	rows := []struct {
		country, zone string
		at            time.Time
		want          time.Duration
	}{
		{"DE", "", winter(), time.Hour},
		{"DE", "", winter().AddDate(0, -5, 0), 2 * time.Hour},
		{"FR", "", winter(), time.Hour},
		{"IN", "", winter(), 5*time.Hour + 30*time.Minute},
		{"BR", "America/Sao_Paulo", winter(), -3 * time.Hour},
		{"BR", "America/Manaus", winter(), -4 * time.Hour},
	}
	for _, row := range rows {
		d := open(t, geo.Files{City: []string{one(t, nested(row.country, "x", 1, 1, 10, row.zone))}})
		got, known := lookup(t, d, inside).Offset(row.at)
		if !known || got != row.want {
			t.Errorf("%s %s at %s: %s, %t; want %s", row.country, row.zone, row.at, got, known, row.want)
		}
	}
	if offset, known := (geo.Result{Zone: "Europe/Berlin"}).Offset(winter()); known || offset != 0 {
		t.Error("a zone that was never loaded has an offset")
	}
}

func TestAZoneThatNobodyKnowsCountsAsNone(t *testing.T) {
	for _, zone := range []string{"Mars/Olympus", "Local", "../../etc/passwd", "/etc/localtime", "europe\\berlin", " "} {
		d := open(t, geo.Files{City: []string{one(t, nested("", "", math.NaN(), 0, 0, zone))}})
		got := lookup(t, d, inside)
		if _, known := got.Offset(winter()); known || got.Zone != "" || !got.Unknown.Has(geo.UnknownZone) {
			t.Errorf("%q: %+v", zone, got)
		}
		d = open(t, geo.Files{City: []string{one(t, nested("US", "Houston", 29.8, -95.4, 10, zone))}})
		if got := lookup(t, d, inside); got.Zone != "America/Chicago" {
			t.Errorf("%q was not replaced by the zone at the point: %+v", zone, got)
		}
	}
}

func TestAValueThatCannotBeIsUnknownAndReported(t *testing.T) {
	good := func(key string, value any) map[string]any {
		r := flat("DE", "Berlin", 52.5, 13.4)
		r[key] = value
		return r
	}
	rows := []struct {
		name   string
		record any
		want   string
	}{
		{"latitude 999", good("latitude", 999.0), "DE|Berlin|0.0,0.0±0|Europe/Berlin|AS0 "},
		{"longitude -181", good("longitude", -181.0), "DE|Berlin|0.0,0.0±0|Europe/Berlin|AS0 "},
		{"NaN", good("latitude", math.NaN()), "DE|Berlin|0.0,0.0±0|Europe/Berlin|AS0 "},
		{"infinity", good("latitude", math.Inf(1)), "DE|Berlin|0.0,0.0±0|Europe/Berlin|AS0 "},
		{"number as text", good("latitude", "52.5"), "DE|Berlin|0.0,0.0±0|Europe/Berlin|AS0 "},
		{"text as number", good("city", 7), "DE||52.5,13.4±500|Europe/Berlin|AS0 "},
		{"text as list", good("country_code", []any{"DE"}), "|Berlin|52.5,13.4±100|Europe/Berlin|AS0 "},
		{"country of three letters", good("country_code", "DEU"), "|Berlin|52.5,13.4±100|Europe/Berlin|AS0 "},
		{"country in small letters", good("country_code", "de"), "|Berlin|52.5,13.4±100|Europe/Berlin|AS0 "},
		{"system as text", good("autonomous_system_number", "AS3320"), "DE|Berlin|52.5,13.4±100|Europe/Berlin|AS0 "},
		{"system beyond 32 bits", good("autonomous_system_number", uint64(1<<40)), "DE|Berlin|52.5,13.4±100|Europe/Berlin|AS0 "},
		{"negative radius", map[string]any{"country_code": "DE", "location": map[string]any{"latitude": 52.5, "longitude": 13.4, "accuracy_radius": -5}},
			"DE||52.5,13.4±500|Europe/Berlin|AS0 "},
		{"radius beyond the earth", map[string]any{"country_code": "DE", "location": map[string]any{"latitude": 52.5, "longitude": 13.4, "accuracy_radius": 1e6}},
			"DE||52.5,13.4±500|Europe/Berlin|AS0 "},
		{"location as text", map[string]any{"country_code": "DE", "location": "Berlin"}, "DE||0.0,0.0±0|Europe/Berlin|AS0 "},
		{"names as a list", map[string]any{"country_code": "DE", "city": map[string]any{"names": []any{"Berlin"}}}, "DE||0.0,0.0±0|Europe/Berlin|AS0 "},
	}
	for _, row := range rows {
		path := database(t, network("81.2.69.0/24", row.record), network("90.0.0.0/8", flat("FR", "Paris", 48.9, 2.4)))
		d := open(t, geo.Files{City: []string{path}})
		if got := facts(lookup(t, d, inside)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if st := only(t, d); st.Problem == nil || st.Faults != 1 {
			t.Errorf("%s: not reported: %+v", row.name, st)
		}
	}
}

func TestWhatDatabasesWriteInsteadOfAValueIsUnknownWithoutAComplaint(t *testing.T) {
	for name, record := range map[string]map[string]any{
		"0° 0°": {"country_code": "DE", "latitude": 0.0, "longitude": 0.0},
		"ZZ":    {"country_code": "ZZ"},
		"empty": flat("", "", 0, 0),
	} {
		d := open(t, geo.Files{City: []string{database(t, network("81.2.69.0/24", record))}})
		got := lookup(t, d, inside)
		if got.Radius != 0 || !got.Unknown.Has(geo.UnknownPoint) {
			t.Errorf("%s: %+v", name, got)
		}
		if st := only(t, d); st.Problem != nil {
			t.Errorf("%s: %v", name, st.Problem)
		}
	}
}

func TestNamesInADatabaseCannotWriteOnPagesAndTerminals(t *testing.T) {
	record := flat("DE", "Ber\x1b[31mlin\u202e\n", 52.5, 13.4)
	record["autonomous_system_number"], record["autonomous_system_organization"] = uint32(64500), "a\x00b\xffc"
	d := open(t, geo.Files{City: []string{one(t, record)}})
	if got := lookup(t, d, inside); got.City != "Ber[31mlin" || got.Org != "abc" && got.Org != "" {
		t.Errorf("%q, %q", got.City, got.Org)
	}
	long := flat("DE", fmt.Sprintf("%0300d", 0)+"ü", 52.5, 13.4)
	d = open(t, geo.Files{City: []string{one(t, long)}})
	if got := lookup(t, d, inside); len(got.City) != 128 {
		t.Errorf("a name of %d bytes", len(got.City))
	}
}

func TestAnAnonymousIPDatabaseSaysHostingAndTor(t *testing.T) {
	d := open(t, geo.Files{ASN: []string{database(t,
		network("81.2.69.0/24", map[string]any{"is_anonymous": true, "is_hosting_provider": true}),
		network("81.2.70.0/24", map[string]any{"is_anonymous": true, "is_tor_exit_node": true}),
		network("81.2.71.0/24", map[string]any{"traits": map[string]any{"is_anonymous_vpn": true}}),
	)}})
	for addr, want := range map[string][2]bool{"81.2.69.1": {true, false}, "81.2.70.1": {false, true}, "81.2.71.1": {true, false}, "81.2.72.1": {}} {
		if got := lookup(t, d, addr); [2]bool{got.Hosting, got.Tor} != want {
			t.Errorf("%s: hosting %t, Tor %t", addr, got.Hosting, got.Tor)
		}
	}
}
