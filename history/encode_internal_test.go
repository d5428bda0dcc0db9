package history

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// constant table: a sighting and the bytes that every release must read so.
var (
	at     = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	sample = policy.Sighting{
		At: at, Login: true,
		Network: policy.Network{Address: policy.Hash{1}, Prefix: policy.Hash{2}, ASN: policy.Hash{3}, Tor: true},
		Place:   policy.Place{Country: "BR", Lat: -23.55, Lon: -46.63, Radius: 100, Zone: "America/Sao_Paulo", Offset: -3 * time.Hour},
		Client:  policy.Client{Agent: policy.Hash{4}, Browser: "Firefox 140", Kind: "mobile"},
		Device:  policy.Hash{5}, DeviceSince: at.Add(-time.Hour),
		Assurance: identity.Assurance{ACR: "bio", AMR: []string{"hwk", ""}, AuthTime: at.Add(-time.Second)},
	}
	sampleHex = "01" + "05" + "01a20846fe00" + "01a208100f80" + "01a20846fa18" +
		"0100000000000000" + "0200000000000000" + "0300000000000000" + "0400000000000000" + "0500000000000000" +
		"4252" + "f6cd" + "edc9" + "0064" + "ffffd5d0" + "11" + hex.EncodeToString([]byte("America/Sao_Paulo")) +
		"0b" + hex.EncodeToString([]byte("Firefox 140")) + "00" + "06" + hex.EncodeToString([]byte("mobile")) + "00" +
		"03" + hex.EncodeToString([]byte("bio")) + "02" + "03" + hex.EncodeToString([]byte("hwk")) + "00"
)

func TestTheEncodingIsTheOneThatIsDocumented(t *testing.T) {
	b, err := encode(sample)
	if err != nil || hex.EncodeToString(b) != sampleHex {
		t.Errorf("%v\n got %x\nwant %s", err, b, sampleHex)
	}
	got, err := decode(b)
	if diff := cmp.Diff(sample, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestWhatDoesNotFitIsLeftOutAndNotMadeSomethingElse(t *testing.T) {
	long := strings.Repeat("x", 256)
	nan, inf := math.NaN(), math.Inf(1)
	point := func(lat, lon, radius float64) policy.Place { return policy.Place{Lat: lat, Lon: lon, Radius: radius} }
	for name, c := range map[string]struct{ in, want policy.Sighting }{
		"long texts": {
			policy.Sighting{Client: policy.Client{Browser: long, OS: long, Kind: long, JA4: long}, Assurance: identity.Assurance{ACR: long}},
			policy.Sighting{}},
		"long methods":    {amr(long, "pwd", long), amr("pwd")},
		"many methods":    {amr(strings.Split(strings.Repeat("x", 40), "")...), amr(strings.Split(strings.Repeat("x", 16), "")...)},
		"no method":       {amr([]string{}...), policy.Sighting{}},
		"long zone":       {place(policy.Place{Zone: long, Offset: time.Hour}), policy.Sighting{}},
		"no zone":         {place(policy.Place{Offset: time.Hour}), policy.Sighting{}},
		"endless offset":  {place(policy.Place{Zone: "X", Offset: 24 * time.Hour}), policy.Sighting{}},
		"least offset":    {place(policy.Place{Zone: "X", Offset: math.MinInt64}), policy.Sighting{}},
		"odd offset":      {place(policy.Place{Zone: "X", Offset: -time.Second - 1}), place(policy.Place{Zone: "X", Offset: -time.Second})},
		"small country":   {place(policy.Place{Country: "de"}), policy.Sighting{}},
		"no country":      {place(policy.Place{Country: "\x00\x00"}), policy.Sighting{}},
		"long country":    {place(policy.Place{Country: "DEU"}), policy.Sighting{}},
		"no radius":       {place(point(1, 2, 0)), policy.Sighting{}},
		"negative radius": {place(point(1, 2, -1)), policy.Sighting{}},
		"NaN":             {place(point(1, 2, nan)), policy.Sighting{}},
		"NaN latitude":    {place(point(nan, 2, 1)), policy.Sighting{}},
		"infinite":        {place(point(1, inf, 1)), policy.Sighting{}},
		"beyond the pole": {place(point(90.01, 2, 1)), policy.Sighting{}},
		"everywhere":      {place(point(1, 2, inf)), place(point(1, 2, math.MaxUint16))},
		"small radius":    {place(point(1.004, -2.006, 0.1)), place(point(1, -2.01, 1))},
		"far corner":      {place(point(-90, -180, 1)), place(point(-90, -180, 1))},
		"early times":     {policy.Sighting{DeviceSince: time.Unix(-1, 0)}, policy.Sighting{}},
		"late times":      {policy.Sighting{Assurance: identity.Assurance{AuthTime: time.UnixMilli(1 << 48)}}, policy.Sighting{}},
	} {
		c.in.At, c.want.At = at.Add(999*time.Microsecond), at
		b, err := encode(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := decode(b)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func place(p policy.Place) policy.Sighting { return policy.Sighting{Place: p} }

func amr(methods ...string) policy.Sighting {
	return policy.Sighting{Assurance: identity.Assurance{AMR: methods}}
}

func TestValuesOfALaterReleaseAndOtherSpellingsAreUnreadable(t *testing.T) {
	good, _ := encode(sample)
	with := func(i int, b ...byte) []byte {
		out := append([]byte{}, good...)
		copy(out[i:], b)
		return out
	}
	bad := map[string][]byte{
		"nothing":            {},
		"later version":      with(0, 2),
		"unknown flag":       with(1, 0x45),
		"no time":            with(2, 0, 0, 0, 0, 0, 0),
		"no such country":    with(60, 'b', 'r'),
		"half a country":     with(60, 0, 'R'),
		"beyond the pole":    with(62, 0x7f, 0xff),
		"a point of nothing": with(66, 0, 0),
		"a day's offset":     with(68, 0, 1, 0x51, 0x80),
		"trailing":           append(with(0), 0),
		"endless methods":    with(len(good)-6, 255),
	}
	for i := range good {
		if s, err := decode(good[:i]); !errors.Is(err, errUnreadable) {
			t.Errorf("cut at %d: %v, %v", i, s, err)
		}
	}
	for name, b := range bad {
		if s, err := decode(b); !errors.Is(err, errUnreadable) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if good[len(good)-6] != 2 || good[60] != 'B' {
		t.Fatal("the offsets of this test are not those of the encoding")
	}
}

func TestAnEntryOfALaterReleaseIsCountedBesideThoseOfThisOne(t *testing.T) {
	o, err := derive([32]byte{1}, identity.Subject{Issuer: "i", Sub: "s"})
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := encode(sample)
	now := o.aead.Seal(nil, nil, plain, nil)
	plain[0] = version + 1
	later := o.aead.Seal(nil, nil, append(plain, "more"...), nil)
	got, unreadable := o.openAll([][]byte{later, now, later}, at)
	if diff := cmp.Diff([]policy.Sighting{sample}, got); diff != "" || unreadable != 2 {
		t.Errorf("%d unreadable (-want +got):\n%s", unreadable, diff)
	}
}

func FuzzAnAcceptedValueHasOneSpelling(f *testing.F) {
	good, _ := encode(sample)
	least, _ := encode(policy.Sighting{At: at})
	f.Add(good)
	f.Add(least)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decode(b)
		if err != nil {
			return
		}
		again, err := encode(s)
		if err != nil || string(again) != string(b) {
			t.Errorf("%x became %x, %v", b, again, err)
		}
	})
}

func FuzzWhatIsEncodedIsReadAndEncodingItAgainChangesNothing(f *testing.F) {
	f.Add(int64(1), int64(2), -23.55, -46.63, 100.0, int64(-3*time.Hour), "BR", "America/Sao_Paulo", "Firefox 140", "hwk", []byte{1, 2, 3}, byte(3))
	f.Fuzz(func(t *testing.T, ms, since int64, lat, lon, radius float64, offset int64, country, zone, text, method string, h []byte, flags byte) {
		var hash policy.Hash
		copy(hash[:], h)
		in := policy.Sighting{
			At: time.UnixMilli(ms), DeviceSince: time.UnixMilli(since), Login: flags&1 != 0, Device: hash,
			Network:   policy.Network{Prefix: hash, Egress: flags&2 != 0},
			Place:     policy.Place{Country: country, Lat: lat, Lon: lon, Radius: radius, Zone: zone, Offset: time.Duration(offset)},
			Client:    policy.Client{Browser: text, JA4: zone},
			Assurance: identity.Assurance{ACR: method, AMR: []string{method, text}},
		}
		b, err := encode(in)
		if err != nil {
			return
		}
		out, err := decode(b)
		if err != nil {
			t.Fatalf("%+v is encoded as %x and unreadable", in, b)
		}
		if again, _ := encode(out); string(again) != string(b) {
			t.Errorf("%x became %x", b, again)
		}
		if out.Device != in.Device || out.Network != in.Network || out.Login != in.Login || !out.At.Equal(in.At) {
			t.Errorf("%+v became %+v", in, out)
		}
		if p := out.Place; p.Radius > 0 && (p.Radius < min(in.Place.Radius, math.MaxUint16) || math.Abs(p.Lat-in.Place.Lat) > 0.0051) {
			t.Errorf("%+v became %+v", in.Place, p)
		}
	})
}
