package zone_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/geo/internal/zone"
)

func TestAPointLiesInATimeZone(t *testing.T) {
	rows := []struct {
		name     string
		lat, lon float64
		want     string
	}{
		{"Houston, nearest to Denver of the zones' own cities", 29.76, -95.37, "America/Chicago"},
		{"Phoenix, which keeps no summer time", 33.45, -112.07, "America/Phoenix"},
		{"Nashville", 36.16, -86.78, "America/Chicago"},
		{"Knoxville", 35.96, -83.92, "America/New_York"},
		{"Berlin", 52.52, 13.40, "Europe/Berlin"},
		{"Słubice, across the river from Germany", 52.35, 14.60, "Europe/Warsaw"},
		{"Vigo, north of Portugal", 42.23, -8.72, "Europe/Madrid"},
		{"Perth", -31.95, 115.86, "Australia/Perth"},
		{"Manaus", -3.10, -60.02, "America/Manaus"},
		{"Honolulu, on a shore", 21.31, -157.86, "Pacific/Honolulu"},
		{"a harbour's sea", 35.5, 139.9, "Asia/Tokyo"},
		{"Suva", -18.14, 178.44, "Pacific/Fiji"},
		{"the middle of the Atlantic", 30, -40, ""},
		{"the South Pole", -90, 0, "Antarctica/McMurdo"},
		{"the North Pole", 90, 180, ""},
		{"beyond the North Pole", 90.1, 0, ""},
		{"beyond the date line", 0, 180.1, ""},
		{"no number", math.NaN(), 0, ""},
		{"infinity", 0, math.Inf(-1), ""},
	}
	z := zone.New()
	for _, row := range rows {
		if got := z.At(row.lat, row.lon); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestEveryZoneOfTheTableCanBeLoaded(t *testing.T) {
	z := zone.New()
	names := map[string]bool{}
	for lat := -90.0; lat <= 90; lat += 0.1 {
		for lon := -180.0; lon <= 180; lon += 0.1 {
			names[z.At(lat, lon)] = true
		}
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			names[z.Country(string(a)+string(b))] = true
		}
	}
	delete(names, "")
	for name := range names {
		if location := z.Load(name); location == nil || location.String() != name {
			t.Errorf("%s cannot be loaded", name)
		}
	}
	if len(names) < 350 {
		t.Errorf("only %d zones are known", len(names))
	}
}

func TestACountryWhoseClocksAgreeHasOneZone(t *testing.T) {
	z := zone.New()
	for code, want := range map[string]string{
		"DE": "Europe/Berlin", "AR": "America/Argentina/Buenos_Aires", "IN": "Asia/Kolkata", "JP": "Asia/Tokyo", "IT": "Europe/Rome",
		"US": "", "RU": "", "ES": "", "PT": "", "BR": "", "AU": "", "CA": "", "MX": "", "": "", "de": "", "XX": "",
	} {
		if got := z.Country(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

func TestOnlyIANANamesAreLoaded(t *testing.T) {
	z := zone.New()
	if got := z.Load("Europe/Berlin"); got == nil || time.Unix(0, 0).In(got).Format("MST") != "CET" {
		t.Errorf("Europe/Berlin is %v", got)
	}
	for _, name := range []string{"", "Local", "Europe/Atlantis", "../../../etc/passwd", "/etc/localtime", "\x00"} {
		if got := z.Load(name); got != nil {
			t.Errorf("%q is %v", name, got)
		}
	}
	for i := range 5000 { // more than are remembered
		if z.Load(fmt.Sprintf("No/Such%d", i%2000)) != nil {
			t.Fatal("a zone that is none")
		}
	}
	if z.Load("Asia/Tokyo") == nil {
		t.Error("Asia/Tokyo is not found after many that are none")
	}
}

func BenchmarkAt(b *testing.B) {
	z := zone.New()
	for b.Loop() {
		z.At(29.76, -95.37)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		zone.New()
	}
}
