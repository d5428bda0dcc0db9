package geo_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/geo"
)

func TestListsNameAddressesPrefixesAndSystems(t *testing.T) {
	const listed = "# Comment\r\n81.2.69.142\r\n\n 90.0.0.0/8 # a network\n2a02:8109::1\n2a02:1::/32\nas3320\n::ffff:70.0.0.0/104\n60.1.2.3/16\n"
	asn := database(t, network("12.0.0.0/8", system(3320, "Telekom")), network("13.0.0.0/8", system(3321, "other")))
	d := open(t, geo.Files{ASN: []string{asn}, Hosting: []string{textFile(t, listed)}})
	rows := map[string]bool{
		"81.2.69.142": true, "81.2.69.143": false, "81.2.69.141": false,
		"90.0.0.0": true, "90.255.255.255": true, "91.0.0.0": false, "89.255.255.255": false,
		"2a02:8109::1": true, "2a02:8109:0:1::1": false, "2a02:1:ffff::1": true, "2a02:2::1": false,
		"12.1.1.1": true, "13.1.1.1": false, "70.1.1.1": true, "71.0.0.0": false, "60.1.255.255": true,
		"::ffff:90.1.1.1": true, "64:ff9b::90.1.1.1": true, "2002:5a01:101::1": true,
	}
	for addr, want := range rows {
		if got := lookup(t, d, addr); got.Hosting != want {
			t.Errorf("%s: hosting %t, want %t", addr, got.Hosting, want)
		}
	}
	for _, st := range d.Status() {
		if st.Problem != nil || st.Kind == geo.Hosting && st.Entries != 7 {
			t.Errorf("status %+v", st)
		}
	}
}

// XF-04: nobody leaves a list, or comes onto one, by another way to write an IPv4 address.
func TestAnIPv4AddressIsOnAListInEveryFormOfIt(t *testing.T) {
	forms := map[string]string{ // of 10.1.2.3 and of 81.2.69.142; of 11.1.2.3
		"10.1.2.3": "11.1.2.3", "::ffff:10.1.2.3": "::ffff:11.1.2.3", "::ffff:a01:203": "::ffff:b01:203",
		"64:ff9b::10.1.2.3": "64:ff9b::11.1.2.3", "64:ff9b:1::10.1.2.3": "64:ff9b:1::11.1.2.3", "64:ff9b:1:abcd::10.1.2.3": "64:ff9b:1:abcd::11.1.2.3",
		"2002:a01:203::1": "2002:b01:203::1", "2002:a01:203:ffff:1:2:3:4": "2002:b01:203:ffff:1:2:3:4",
		"81.2.69.142": "81.2.69.143", "::ffff:81.2.69.142": "::ffff:81.2.69.143", "64:ff9b::81.2.69.142": "64:ff9b::81.2.69.143", "2002:5102:458e::1": "2002:5102:458f::1",
	}
	for _, listed := range []string{"10.0.0.0/8\n81.2.69.142\n", "::ffff:10.0.0.0/104\n::ffff:81.2.69.142\n", "::ffff:a00:0/104\n::ffff:5102:458e/128\n"} {
		path := textFile(t, listed)
		d := open(t, geo.Files{Hosting: []string{path}, Tor: []string{path}, Egress: []string{path}})
		for on, off := range forms {
			if got := lookup(t, d, on); !got.Hosting || !got.Tor || !got.Egress {
				t.Errorf("%q names %s: hosting %t, Tor %t, egress %t", listed, on, got.Hosting, got.Tor, got.Egress)
			}
			if got := lookup(t, d, off); got.Hosting || got.Tor || got.Egress {
				t.Errorf("%q does not name %s: hosting %t, Tor %t, egress %t", listed, off, got.Hosting, got.Tor, got.Egress)
			}
		}
	}
	for _, other := range []string{"2001:0:a01:203::1", "64:ff9b:1:a01:2:300::", "::a01:203"} { // they stay what they are
		d := open(t, geo.Files{Tor: []string{textFile(t, "10.0.0.0/8\n")}})
		if got := lookup(t, d, other); got.Tor {
			t.Errorf("%s counts as an IPv4 address", other)
		}
	}
}

func TestOverlappingNetworksAreOneList(t *testing.T) {
	d := open(t, geo.Files{Tor: []string{textFile(t, "90.0.0.0/8\n90.1.0.0/16\n90.2.3.4\n89.0.0.0/8\n")}})
	for addr, want := range map[string]bool{"90.200.0.1": true, "90.1.255.255": true, "90.2.3.5": true, "89.0.0.1": true, "91.0.0.1": false} {
		if got := lookup(t, d, addr); got.Tor != want {
			t.Errorf("%s: Tor %t, want %t", addr, got.Tor, want)
		}
	}
}

// Who hops inside a listed host's /64 is still that host; but a neighbour in the /64 of an excused host is not excused.
func TestAListedIPv6HostIsItsWhole64ButForEgress(t *testing.T) {
	path := textFile(t, "2a02:8109::1\n")
	d := open(t, geo.Files{Hosting: []string{path}, Tor: []string{path}, Egress: []string{path}})
	if got := lookup(t, d, "2a02:8109::ffff"); !got.Hosting || !got.Tor || got.Egress {
		t.Errorf("a neighbour: %+v", got)
	}
	if got := lookup(t, d, "2a02:8109::1"); !got.Hosting || !got.Tor || !got.Egress {
		t.Errorf("itself: %+v", got)
	}
}

func TestAPrivateNetworkCanBeAnEgress(t *testing.T) {
	d := open(t, geo.Files{Egress: []string{textFile(t, "10.0.0.0/8\n100.64.0.0/10\nAS3320\n")}})
	got := lookup(t, d, "10.1.1.1")
	if !got.Private || !got.Egress || got.Unknown.Has(geo.UnknownEgress) {
		t.Errorf("%+v", got)
	}
	if got := lookup(t, d, "192.168.1.1"); got.Egress || got.Unknown.Has(geo.UnknownEgress) {
		t.Errorf("%+v", got)
	}
}

func TestAListThatCannotBeReadMakesItsQuestionUnknown(t *testing.T) {
	good, missing := textFile(t, "81.2.69.142\n"), filepath.Join(t.TempDir(), "missing.txt")
	d := open(t, geo.Files{Tor: []string{good, missing}, Hosting: []string{good}})
	if got := lookup(t, d, inside); !got.Tor || got.Unknown.Has(geo.UnknownTor) {
		t.Errorf("what one list says is said: %+v", got)
	}
	got := lookup(t, d, "81.2.69.1")
	if got.Tor || !got.Unknown.Has(geo.UnknownTor) || got.Unknown.Has(geo.UnknownHosting) || !got.Unknown.Has(geo.UnknownEgress) {
		t.Errorf("unknown: %s", got.Unknown)
	}
}

func TestAListOfSystemsCannotTellWhenTheSystemIsUnknown(t *testing.T) {
	d := open(t, geo.Files{Hosting: []string{textFile(t, "AS3320\n")}, Tor: []string{textFile(t, "1.2.3.4\n")}})
	if got := lookup(t, d, inside); !got.Unknown.Has(geo.UnknownHosting) || got.Unknown.Has(geo.UnknownTor) {
		t.Errorf("unknown: %s", got.Unknown)
	}
}

func TestABrokenListIsNamedWithItsLine(t *testing.T) {
	rows := []struct{ content, want string }{
		{"1.2.3.4\n\nnonsense\n", `line 3: "nonsense" is no address, prefix or AS number`},
		{"1.2.3.4/33", `line 1: "1.2.3.4/33" is no`},
		{"0.0.0.0/0", "covers every address"},
		{"::/0", "covers every address"},
		{"::ffff:0.0.0.0/96", "covers every address"},
		{"fe80::1%eth0", "is no address"},
		{"AS0", "is no AS number"},
		{"AS4294967296", "is no AS number"},
		{"AS-1", "is no AS number"},
		{"<html>Service unavailable</html>", "is no address"},
		{"", "the file is empty"},
		{"\n \n", "the file is empty"},
		{"\x00\x01\x02", "is no address"},
		{strings.Repeat("x", 1<<16), "is no address"},
	}
	for _, row := range rows {
		st := only(t, open(t, geo.Files{Egress: []string{textFile(t, row.content)}}))
		if st.Problem == nil || !strings.Contains(st.Problem.Error(), row.want) || len(st.Problem.Error()) > 200 {
			t.Errorf("%.40q: %v, want %q", row.content, st.Problem, row.want)
		}
		if st.InUse || st.Entries != 0 {
			t.Errorf("%.40q: half of it is in use", row.content)
		}
	}
}

func TestAListMayBeEmptyIfItSaysSo(t *testing.T) {
	d := open(t, geo.Files{Tor: []string{textFile(t, "\xef\xbb\xbf# none yet\n")}})
	if got, st := lookup(t, d, inside), only(t, d); got.Unknown.Has(geo.UnknownTor) || st.Problem != nil || !st.InUse {
		t.Errorf("%+v, %+v", got, st)
	}
}
