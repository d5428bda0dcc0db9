package identity_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgeauth/edgeauth/identity"
)

func TestADigestDependsOnWhereItsPartsEnd(t *testing.T) {
	seen := map[[16]byte]int{}
	for i, parts := range [][]string{
		{"l"}, {"l", ""}, {"l", "", ""}, {"l", "a", "bc"}, {"l", "ab", "c"}, {"l", "abc"}, {"l", "a", "b", "c"}, {"la", "bc"}, {"labc"}, {"", "l"},
		{"l", "1:a"}, {"l", "1", "a"}, {"l", "a1:b"}, {"l", "a", "b"}, {"l", "\x00"}, {"l", "b", "a"}, {"l1:a"}, {"l", "a"}, {""},
	} {
		d := identity.Digest(parts[0], parts[1:]...)
		if j, taken := seen[d]; taken {
			t.Errorf("rows %d and %d have one digest", j, i)
		}
		seen[d] = i
	}
}

// The form is part of the log's and the store's format: another one would orphan every register.
func TestADigestIsTheHashOfItsPartsWithTheirLengths(t *testing.T) {
	sum := sha256.Sum256([]byte("5:label19:https://idp.test/é3:a-1"))
	if got := identity.Digest("label", "https://idp.test/é", "a-1"); got != [16]byte(sum[:16]) {
		t.Errorf("digest %x, want %x: lengths are those of the bytes", got, sum[:16])
	}
}

// Names stand in registers, addresses, headers and metrics as they are.
func TestTheNameOfALevelIsShortAndPlain(t *testing.T) {
	for name, want := range map[string]bool{
		"normal": true, "a": true, "level_2-b": true, "a" + strings.Repeat("b", 31): true,
		"": false, "a" + strings.Repeat("b", 32): false, "High": false, "2nd": false, "_a": false, "a b": false, "a/b": false, "a:b": false, "höchst": false, "a\n": false,
	} {
		if got := identity.Level(name).IsName(); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func FuzzDigest(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		same := a == c && b == d
		if got := identity.Digest("l", a, b) == identity.Digest("l", c, d); got != same {
			t.Fatalf("(%q, %q) and (%q, %q): one digest is %v", a, b, c, d, got)
		}
	})
}

func TestNamesComeBackAsTheyWereWritten(t *testing.T) {
	for range 100 {
		f, i := identity.NewFamily(), identity.NewIncarnation()
		if got, err := identity.ParseFamily(f.String()); err != nil || got != f || len(f.String()) != 22 {
			t.Errorf("family %s: %v, %v", f, got, err)
		}
		if got, err := identity.ParseIncarnation(i.String()); err != nil || got != i || len(i.String()) != 32 {
			t.Errorf("incarnation %s: %v, %v", i, got, err)
		}
	}
}

func TestFreshNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		for _, s := range []string{identity.NewSessionID().String(), identity.NewFamily().String(), identity.NewDeviceID().String(), identity.NewIncarnation().String()} {
			if seen[s] {
				t.Fatalf("%s twice", s)
			}
			seen[s] = true
		}
	}
}

func TestNoFamilyLooksLikeAFlag(t *testing.T) {
	for range 2000 {
		if f := identity.NewFamily().String(); f[0] == '-' {
			t.Fatalf("%s begins with a dash", f)
		}
	}
}

func TestOnlyTheWrittenFormIsRead(t *testing.T) {
	family := identity.Family{1, 2, 3}.String()
	for _, s := range []string{
		"", " ", family + "=", family + "==", family + "A", family[1:], " " + family, family + "\n", family[:10] + "\r\n" + family[10:],
		family[:21] + "B", strings.Replace(family, "A", "+", 1), strings.Replace(family, "A", "/", 1), strings.Repeat("A", 1<<16), "\xff" + family[1:],
	} {
		if got, err := identity.ParseFamily(s); err == nil || got != (identity.Family{}) {
			t.Errorf("family %.40q was read as %v", s, got)
		} else if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\r\n") || !utf8.ValidString(err.Error()) {
			t.Errorf("the error repeats too much: %q", err)
		}
	}
	inc := identity.Incarnation{0xab}.String()
	for _, s := range []string{"", strings.ToUpper(inc), inc + "0", inc + "00", inc[2:], inc + "\n", "0x" + inc[2:], "g" + inc[1:], strings.Repeat("a", 1<<16)} {
		if got, err := identity.ParseIncarnation(s); err == nil || got != (identity.Incarnation{}) {
			t.Errorf("incarnation %.40q was read as %v", s, got)
		} else if len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
			t.Errorf("the error repeats too much: %q", err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(identity.Family{1}.String())
	f.Add(identity.Incarnation{1}.String())
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := identity.ParseFamily(s); err == nil && got.String() != s {
			t.Fatalf("%q is read as %s", s, got)
		}
		if got, err := identity.ParseIncarnation(s); err == nil && got.String() != s {
			t.Fatalf("%q is read as %s", s, got)
		}
	})
}

func TestStringsAreThoseThatPeopleAndTheStoreSee(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{identity.SessionID{0xfb, 0xff}.String(), "-_8AAAAAAAAAAAAAAAAAAA"},
		{identity.Family{0xff}.String(), "_wAAAAAAAAAAAAAAAAAAAA"},
		{identity.DeviceID{}.String(), "AAAAAAAAAAAAAAAAAAAAAA"},
		{identity.Incarnation{0xab, 0x01}.String(), "ab010000000000000000000000000000"},
		{identity.Subject{Issuer: "https://idp.test", Sub: "a\n\"b"}.String(), `"a\n\"b" at "https://idp.test"`},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestZeroNamesNobody(t *testing.T) {
	for name, zero := range map[string]bool{
		"no subject": identity.Subject{}.IsZero(), "no IdP session": identity.IdPSession{Issuer: "https://idp.test"}.IsZero(),
		"no device": identity.DeviceID{}.IsZero(), "no incarnation": identity.Incarnation{}.IsZero(),
	} {
		if !zero {
			t.Errorf("%s is not zero", name)
		}
	}
	for name, zero := range map[string]bool{
		"a subject without issuer": identity.Subject{Sub: "a"}.IsZero(), "an issuer": identity.Subject{Issuer: "i"}.IsZero(),
		"an IdP session": identity.IdPSession{SID: "s"}.IsZero(), "a device": identity.DeviceID{15: 1}.IsZero(), "an incarnation": identity.Incarnation{15: 1}.IsZero(),
	} {
		if zero {
			t.Errorf("%s counts as none", name)
		}
	}
}
