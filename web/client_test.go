package web_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/web"
)

var commas = strings.Repeat(",", 10_000)

func prefixes(t testing.TB, list ...string) []netip.Prefix {
	t.Helper()
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func from(peer string, chain ...string) *http.Request {
	r := request("GET")
	r.RemoteAddr = peer
	if chain != nil {
		r.Header["X-Forwarded-For"] = chain
	}
	return r
}

func check(t *testing.T, c *web.Clients, r *http.Request, want string) {
	t.Helper()
	var addr netip.Addr
	if want != "" {
		addr = netip.MustParseAddr(want)
	}
	if got := c.Of(r); got != addr {
		t.Errorf("peer %s, chain %.80q: client %v, want %v", r.RemoteAddr, r.Header["X-Forwarded-For"], got, addr)
	}
}

// XF-01
func TestWithoutTrustedProxiesTheClientIsThePeer(t *testing.T) {
	for _, c := range []*web.Clients{{}, web.NewClients(nil), web.NewClients(prefixes(t, "192.0.2.0/24"))} {
		r := from("203.0.113.9:4711", "10.0.0.1", "10.0.0.2")
		r.Header.Set("X-Real-Ip", "10.0.0.1")
		r.Header.Set("Forwarded", "for=10.0.0.1;host=evil.test;proto=http")
		check(t, c, r, "203.0.113.9")
		if c.FromTrusted(r) {
			t.Error("a stranger passes for a trusted proxy")
		}
	}
}

// XF-02
func TestTheClientIsTheRightmostAddressThatIsNoTrustedProxy(t *testing.T) {
	c := web.NewClients(prefixes(t, "10.0.0.0/8", "2001:db8:1::/48"))
	for _, chain := range [][]string{
		{"198.51.100.7, 203.0.113.9"}, {"198.51.100.7", "203.0.113.9"}, {"198.51.100.7,203.0.113.9,10.0.0.3"},
		{"198.51.100.7", "203.0.113.9, 2001:db8:1::5", "10.9.9.9"}, {"10.0.0.1, 203.0.113.9"}, {"garbage", "203.0.113.9"},
		{commas, "203.0.113.9"}, {"203.0.113.9:31337"}, {" \t203.0.113.9 "},
	} {
		check(t, c, from("10.0.0.2:80", chain...), "203.0.113.9")
	}
	check(t, c, from("10.0.0.2:80"), "10.0.0.2")
	check(t, c, from("10.0.0.2:80", "10.0.0.4", "10.0.0.3"), "10.0.0.4")
	if !c.FromTrusted(from("10.0.0.2:80")) {
		t.Error("the trusted proxy is not known")
	}
}

func TestWhatIsNoAddressEndsTheSearchAtTheLastTrustedHop(t *testing.T) {
	c := web.NewClients(prefixes(t, "10.0.0.0/8"))
	for _, junk := range []string{
		"", ",", "unknown", "_hidden", "203.0.113.9:http", "203.0.113", "0x7f.1", "010.0.0.1", "203.0.113.9 evil", "for=203.0.113.9",
		"[203.0.113.9]", "[203.0.113.9]:80", "[[2001:db8::1]]", "]2001:db8::1[", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]:x", "[]",
		"203.0.113.9\x00", "203.0.113.9\r\nX: y", "２０３.0.113.9", "localhost",
	} {
		check(t, c, from("10.0.0.2:80", "198.51.100.7, "+junk), "10.0.0.2")
		check(t, c, from("10.0.0.2:80", "198.51.100.7", junk+", 10.0.0.3"), "10.0.0.3")
	}
}

// XF-04
func TestMappedAddressesCountAsIPv4(t *testing.T) {
	for _, list := range []string{"10.0.0.0/8", "::ffff:10.0.0.0/104"} {
		c := web.NewClients(prefixes(t, list))
		check(t, c, from("[::ffff:10.0.0.1]:80", "203.0.113.9, ::ffff:10.0.0.3"), "203.0.113.9")
		check(t, c, from("10.0.0.1:80", "::ffff:203.0.113.9"), "203.0.113.9")
		check(t, c, from("[::ffff:203.0.113.9]:80", "198.51.100.7"), "203.0.113.9")
		if !c.Trusted(netip.MustParseAddr("::ffff:10.1.2.3")) {
			t.Errorf("%s does not hold the mapped form", list)
		}
	}
	if c := web.NewClients(prefixes(t, "::/0")); c.Trusted(netip.MustParseAddr("203.0.113.9")) {
		t.Error("all of IPv6 holds an IPv4 address")
	}
}

// XF-05
func TestOtherFieldsNeverNameTheClient(t *testing.T) {
	c := web.NewClients(prefixes(t, "10.0.0.0/8"))
	for _, name := range []string{
		"True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Fastly-Client-Ip", "X-Real-Ip", "X_Forwarded_For",
		"X.Forwarded.For", "Forwarded", "x-forwarded-for",
	} {
		r := from("10.0.0.2:80")
		r.Header[name] = []string{"198.51.100.7"}
		check(t, c, r, "10.0.0.2")
	}
}

func TestAddressesLoseZoneAndPort(t *testing.T) {
	c := web.NewClients(prefixes(t, "fe80::/10", "2001:db8:1::/48"))
	check(t, c, from("[fe80::1%eth0]:80", "[2001:db8::7]:443"), "2001:db8::7")
	check(t, c, from("[fe80::1%eth0]:80", "[2001:db8::7]"), "2001:db8::7")
	check(t, c, from("[fe80::1%eth0]:80", "2001:db8::7%evil, fe80::2%eth1"), "2001:db8::7")
	check(t, c, from("[fe80::1%eth0]:80"), "fe80::1")
}

func TestAPeerWithoutAnAddressIsNobody(t *testing.T) {
	c := web.NewClients(append(prefixes(t, "0.0.0.0/0", "::/0"), netip.Prefix{}))
	for _, peer := range []string{"", "@", "/run/edge.sock", "203.0.113.9", "pipe"} {
		check(t, c, from(peer, "198.51.100.7"), "")
	}
}

func FuzzClientAddress(f *testing.F) {
	trusting := web.NewClients(prefixes(f, "10.0.0.0/8", "2001:db8::/32"))
	f.Add("203.0.113.9:1", "198.51.100.7, 10.0.0.1", "::ffff:10.0.0.1")
	f.Add("[::ffff:10.0.0.1]:1", "[fe80::1%x]:80", ",,")
	f.Fuzz(func(t *testing.T, peer, first, second string) {
		r := from(peer, first, second)
		got := trusting.Of(r)
		alone := trusting.Of(from(peer))
		if !trusting.Trusted(alone) && got != alone {
			t.Fatalf("the untrusted peer %v became %v", alone, got)
		}
		if !alone.IsValid() && got.IsValid() {
			t.Fatalf("nobody became %v", got)
		}
		if got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%v is not in its plain form", got)
		}
		if again := trusting.Of(from(peer, first+","+second)); again != got {
			t.Fatalf("two lines name %v, the same in one line %v", got, again)
		}
	})
}
