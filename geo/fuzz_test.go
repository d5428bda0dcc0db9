package geo_test

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/mmdb"
)

func TestAFileThatIsNoDatabaseIsReported(t *testing.T) {
	good := read(t, one(t, flat("DE", "Berlin", 52.5, 13.4)))
	bomb := map[string]any{"country_code": "DE"}
	for i := range 5000 {
		bomb[fmt.Sprint("key", i)] = "DE"
	}
	rows := map[string]string{
		"bomb":       read(t, one(t, bomb)),
		"empty":      "",
		"text":       "1.2.3.4\n",
		"zeros":      strings.Repeat("\x00", 4096),
		"truncated":  good[:len(good)-10],
		"beheaded":   good[len(good)/2:],
		"only meta":  good[strings.LastIndex(good, "\xab\xcd\xefMaxMind.com"):],
		"other kind": read(t, one(t, map[string]any{"weather": "rain"})),
		"lists":      read(t, one(t, []any{"DE"})),
		"holed":      good[:200] + strings.Repeat("\xff", 400) + good[600:],
	}
	for name, content := range rows {
		path := textFile(t, content)
		d := open(t, geo.Files{City: []string{path}})
		if got := lookup(t, d, inside); got.Country != "" {
			t.Errorf("%s: %+v", name, got)
		}
		if st := only(t, d); st.Problem == nil || len(st.Problem.Error()) > 1000 {
			t.Errorf("%s: not reported: %+v", name, st)
		}
	}
}

// checkPossible fails if r says what cannot be.
func checkPossible(t *testing.T, r geo.Result) {
	t.Helper()
	bad := math.IsNaN(r.Lat) || math.Abs(r.Lat) > 90 || math.IsNaN(r.Lon) || math.Abs(r.Lon) > 180 || !(r.Radius >= 0 && r.Radius <= 20038) ||
		r.Country != "" && len(r.Country) != 2 || len(r.City) > 128 || len(r.Org) > 128
	_, known := r.Offset(winter())
	bad = bad || known != (r.Zone != "") || known == r.Unknown.Has(geo.UnknownZone)
	bad = bad || (r.Country == "") != r.Unknown.Has(geo.UnknownCountry) || (r.Radius == 0) != r.Unknown.Has(geo.UnknownPoint)
	bad = bad || (r.ASN == 0) != r.Unknown.Has(geo.UnknownASN)
	if bad || strings.ContainsAny(r.String(), "\x00\x1b\n\r\u202e") {
		t.Errorf("%+v cannot be", r)
	}
}

// FuzzDatabase: whatever the bytes of a database, a look-up ends, and says nothing that cannot be.
func FuzzDatabase(f *testing.F) {
	asn := nested("DE", "Berlin", 52.5, 13.4, 20, "Europe/Berlin")
	asn["traits"] = system(3320, "Telekom")
	for _, networks := range [][]mmdb.Network{
		{network("81.0.0.0/8", flat("DE", "Berlin", 52.5, 13.4)), network("2a02::/16", asn)},
		{network("81.0.0.0/8", []any{"x"}), network("82.0.0.0/8", system(7, "y"))},
	} {
		data, err := mmdb.Bytes(mmdb.Kind{Built: 1}, networks)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	path := filepath.Join(f.TempDir(), "fuzz.mmdb")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		d := open(t, geo.Files{City: []string{path}})
		for _, addr := range []string{inside, "82.1.1.1", "2a02:8109::1", "64:ff9b::81.2.69.142", "1.1.1.1", "255.255.255.255"} {
			checkPossible(t, lookup(t, d, addr))
		}
		d.Status()
	})
}

// FuzzList: whatever the bytes of a list, it is taken whole or not at all, and never names every address.
func FuzzList(f *testing.F) {
	f.Add("1.2.3.4\n2a02::/16 # x\nAS3320\n")
	f.Add("::ffff:1.2.3.0/120\r\n\xef\xbb\xbf")
	path := filepath.Join(f.TempDir(), "list")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		d := open(t, geo.Files{Hosting: []string{path}, Egress: []string{path}})
		for _, st := range d.Status() {
			if st.InUse == (st.Problem != nil) {
				t.Errorf("status %+v", st)
			}
		}
		for _, addr := range []string{"1.2.3.4", "2a02::1", "::1"} {
			got := lookup(t, d, addr)
			if got.Egress && !got.Hosting {
				t.Errorf("%s is excused by an entry that does not accuse it", addr)
			}
		}
	})
}

// FuzzAddress: counting as another address is settled after one step, and a host lies in its network.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{inside, "64:ff9b::1.2.3.4", "64:ff9b:1::1.2.3.4", "2002:102:304::", "::ffff:1.2.3.4", "fe80::1"} {
		f.Add(netip.MustParseAddr(s).AsSlice())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		n := geo.Normal(a)
		if geo.Normal(n) != n || n.Is4In6() || !geo.Host(a).Contains(n) || !geo.Network(a).Contains(geo.Host(a).Addr()) {
			t.Errorf("%s counts as %s, %s, %s", a, n, geo.Host(a), geo.Network(a))
		}
	})
}
