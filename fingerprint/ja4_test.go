package fingerprint_test

import (
	"crypto/tls"
	_ "embed"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/fingerprint"
)

//go:embed testdata/foxio.txt
var published string

type vector struct{ from, ja4, raw string }

func vectors(t testing.TB) (out []vector) {
	t.Helper()
	for line := range strings.Lines(published) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); line[0] != '#' && len(cells) == 3 {
			out = append(out, vector{cells[0], cells[1], cells[2]})
		}
	}
	if len(out) < 10 {
		t.Fatalf("%d vectors", len(out))
	}
	return out
}

// hello reads what JA4_ro tells of a hello.
func hello(t testing.TB, raw string) *tls.ClientHelloInfo {
	t.Helper()
	parts := strings.Split(raw, "_")
	info := &tls.ClientHelloInfo{
		CipherSuites: numbers[uint16](t, parts[1]), Extensions: numbers[uint16](t, parts[2]), SignatureSchemes: numbers[tls.SignatureScheme](t, parts[3]),
		SupportedVersions: map[string][]uint16{"13": {tls.VersionTLS12, tls.VersionTLS13}, "12": {tls.VersionTLS12, tls.VersionTLS11}}[raw[1:3]],
		SupportedProtos:   map[string][]string{"h2": {"h2", "http/1.1"}, "h1": {"http/1.1"}}[raw[8:10]],
	}
	return info
}

func numbers[T ~uint16](t testing.TB, list string) (out []T) {
	t.Helper()
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(text, 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, T(n))
	}
	return out
}

func TestJA4IsWhatFoxIOPublishes(t *testing.T) {
	for _, v := range vectors(t) {
		if got := fingerprint.JA4(hello(t, v.raw)); got != v.ja4 {
			t.Errorf("%s: %s, want %s", v.from, got, v.ja4)
		}
	}
}

// By address a hello names no host, which only the first part of the figure tells.
func TestChromiumByAddressDiffersInTheFirstPartOnly(t *testing.T) {
	i := slices.IndexFunc(vectors(t), func(v vector) bool { return v.from == "sigalg-grease.pcapng" })
	info := hello(t, vectors(t)[i].raw)
	info.Extensions = slices.DeleteFunc(info.Extensions, func(e uint16) bool { return e == 0 })
	if got := fingerprint.JA4(info); got != "t13i1516h2_8daaf6152771_cb7bf5808d99" { // as Chromium 156 was seen to send it
		t.Error(got)
	}
}

func TestNeitherOrderNorGREASEChangesTheFigure(t *testing.T) {
	grease := []uint16{0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a, 0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca, 0xdada, 0xeaea, 0xfafa}
	for _, v := range vectors(t) {
		info := hello(t, v.raw)
		info.Extensions = append(info.Extensions, grease...)
		info.CipherSuites = append(info.CipherSuites, grease...)
		info.SupportedVersions = append(info.SupportedVersions, grease...)
		info.SignatureSchemes = append([]tls.SignatureScheme{0x0a0a}, info.SignatureSchemes...)
		rand.Shuffle(len(info.Extensions), func(i, j int) {
			info.Extensions[i], info.Extensions[j] = info.Extensions[j], info.Extensions[i]
		})
		before := slices.Clone(info.Extensions)
		if got := fingerprint.JA4(info); got != v.ja4 {
			t.Errorf("%s: %s, want %s", v.from, got, v.ja4)
		}
		if !slices.Equal(before, info.Extensions) {
			t.Errorf("%s: the hello was changed, which crypto/tls goes on to use", v.from)
		}
	}
}

func TestTheOrderOfSignatureAlgorithmsCounts(t *testing.T) {
	info := hello(t, vectors(t)[0].raw)
	before := fingerprint.JA4(info)
	slices.Reverse(info.SignatureSchemes)
	if after := fingerprint.JA4(info); after == before || after[:23] != before[:23] {
		t.Errorf("%s became %s", before, after)
	}
}

func TestWhatAHelloLacksIsShownAsZeros(t *testing.T) {
	const none = "_000000000000"
	rows := []struct {
		name, want string
		info       tls.ClientHelloInfo
	}{
		{"nothing at all", "t00i000000" + none + none, tls.ClientHelloInfo{}},
		{"only what the first part tells", "t10d0002h2" + none + none,
			tls.ClientHelloInfo{Extensions: []uint16{0, 16}, SupportedProtos: []string{"h2"}, SupportedVersions: []uint16{tls.VersionTLS10}}},
		{"no ciphers, over QUIC", "q13i0001" + "00" + none, tls.ClientHelloInfo{Extensions: []uint16{57}, SupportedVersions: []uint16{tls.VersionTLS13}}},
		{"more ciphers than two digits tell", "t00i990000_", tls.ClientHelloInfo{CipherSuites: make([]uint16, 100)}},
	}
	for _, row := range rows {
		if got := fingerprint.JA4(&row.info); !strings.HasPrefix(got, row.want) || len(got) != 36 {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// The published example without signature algorithms ends without an underscore.
func TestAHelloWithoutSignatureAlgorithms(t *testing.T) {
	info := hello(t, vectors(t)[0].raw)
	info.SignatureSchemes = nil
	if got := fingerprint.JA4(info); got != "t13d1516h2_8daaf6152771_6d807ffa2a79" {
		t.Error(got)
	}
}

func TestTheProtocolOfALPNIsShownByItsEnds(t *testing.T) {
	for protocol, want := range map[string]string{ // JA4.md, ALPN Extension Value
		"h2": "h2", "http/1.1": "h1", "h": "hh", "": "00",
		"\xab": "ab", "\xab\xcd": "ad", "0\xab": "3b", "01\xab\xcd": "3d", "0\xab\xcd1": "01",
	} {
		info := &tls.ClientHelloInfo{Extensions: []uint16{16}, SupportedProtos: []string{protocol, "zz"}}
		if got := fingerprint.JA4(info)[8:10]; got != want {
			t.Errorf("%q: %s, want %s", protocol, got, want)
		}
	}
}

func TestAProgramThatResumesIsTheSameProgram(t *testing.T) {
	info := hello(t, vectors(t)[0].raw)
	info.Extensions = slices.DeleteFunc(info.Extensions, func(e uint16) bool { return e == 21 })
	want := fingerprint.Program(info)
	if want != fingerprint.JA4(info) {
		t.Errorf("a hello without any of them: %s is not %s", want, fingerprint.JA4(info))
	}
	for _, more := range [][]uint16{{41}, {42, 41}, {21}, {21, 42, 41}} {
		varied := *info
		varied.Extensions = append(slices.Clone(info.Extensions), more...)
		if got := fingerprint.Program(&varied); got != want {
			t.Errorf("with %v: %s, want %s", more, got, want)
		}
		if fingerprint.JA4(&varied) == want {
			t.Errorf("with %v: JA4 does not tell", more)
		}
	}
}

func BenchmarkProgram(b *testing.B) {
	info := hello(b, vectors(b)[1].raw)
	b.ReportAllocs()
	for b.Loop() {
		fingerprint.Program(info)
	}
}
