package revocation_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

func randomValue(r *rand.Rand) revocation.Value {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	return revocation.Value{
		Since: revocation.Millis(r.IntN(4)), Until: revocation.Millis(r.IntN(4)),
		Region: pick("", "eu", "us"), Reason: pick("logout", "admin x", "é"), Actor: pick("", "cli", "a b%"),
	}
}

func Test_merging_is_commutative_associative_and_idempotent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, b, c := randomValue(r), randomValue(r), randomValue(r)
		if a.Merge(b) != b.Merge(a) {
			t.Fatalf("not commutative: %+v, %+v", a, b)
		}
		if a.Merge(b).Merge(c) != a.Merge(b.Merge(c)) {
			t.Fatalf("not associative: %+v, %+v, %+v", a, b, c)
		}
		if a.Merge(b).Merge(b) != a.Merge(b) || a.Merge(a) != a {
			t.Fatalf("not idempotent: %+v, %+v", a, b)
		}
	}
}

func Test_an_entry_survives_its_text_form(t *testing.T) {
	subject := identity.Subject{Issuer: "https://id.test", Sub: "a/b c"}
	v := revocation.Value{Since: 1, Until: 1700000000000, Region: "eu west", Reason: "logout", Actor: "cli: root / 100 %\n"}
	for _, reg := range []revocation.Register{
		revocation.All(), revocation.Family(identity.NewFamily()), revocation.Session(identity.NewSessionID()), revocation.Subject(subject),
		revocation.IdPSession(identity.IdPSession{Issuer: "i", SID: "\x00\xff"}), revocation.Device(identity.NewDeviceID()),
		revocation.Floor(subject, identity.High),
	} {
		want := revocation.Entry{Register: reg, Value: v}
		got, err := revocation.Decode(want.Encode())
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v came back as %v, %v", want, got, err)
		}
	}
}

func Test_what_is_no_entry_of_this_version_is_unreadable(t *testing.T) {
	name, value := revocation.Entry{Register: revocation.All(), Value: revocation.Value{Since: 1, Until: 2}}.Encode()
	for _, c := range [][2]string{
		{"", value}, {"all/not_before", value}, {"moon/not_before/" + name[len(name)-32:], value}, {"all/blessed/" + name[len(name)-32:], value},
		{name + "00", value}, {"subject/floor:/" + name[len(name)-32:], value}, {"subject/floor:UP/" + name[len(name)-32:], value},
		{name, ""}, {name, "2 1 2   "}, {name, "1 -1 2   "}, {name, "1 1 99999999999999999999   "}, {name, "1 1 2  "}, {name, "1 1 2 %zz  "},
		{name, "1 253370764800001 253370764800002   "}, {name, "1 01 2   "}, {name, "1 1 +2   "},
	} {
		if e, err := revocation.Decode(c[0], c[1]); !errors.Is(err, revocation.ErrUnreadable) {
			t.Errorf("%q = %q was read as %+v, %v", c[0], c[1], e, err)
		}
	}
}

func Test_the_order_of_entries_does_not_matter_for_any_standing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	b := bearer(time.UnixMilli(2))
	names := b.Names()
	regs := []revocation.Register{revocation.All(), revocation.Family(b.Family), revocation.Subject(b.Subject), revocation.Device(b.Device)}
	for range 500 {
		var entries []revocation.Entry
		for range 1 + r.IntN(6) {
			entries = append(entries, revocation.Entry{Register: regs[r.IntN(len(regs))], Value: randomValue(r)})
		}
		one, two := revocation.NewReplica(time.Now), revocation.NewReplica(time.Now)
		one.Apply(entries...)
		for _, i := range r.Perm(len(entries)) {
			two.Apply(entries[i], entries[i])
		}
		if !reflect.DeepEqual(one.Standing(&names), two.Standing(&names)) {
			t.Fatalf("standing depends on the order of %+v", entries)
		}
	}
}

func FuzzDecode(f *testing.F) {
	name, value := revocation.Entry{Register: revocation.All(), Value: revocation.Value{Since: 1, Until: 2, Reason: "r"}}.Encode()
	f.Add(name, value)
	f.Fuzz(func(t *testing.T, name, value string) {
		e, err := revocation.Decode(name, value)
		if err != nil {
			return
		}
		again, err := revocation.Decode(e.Encode())
		if err != nil || again.Register != e.Register || again.Since != e.Since || again.Until != e.Until {
			t.Fatalf("%q = %q was read as %+v and then as %+v, %v", name, value, e, again, err)
		}
	})
}

func BenchmarkStanding(b *testing.B) {
	rep := revocation.NewReplica(time.Now)
	for range 100_000 {
		rep.Apply(revocation.Entry{Register: revocation.Family(identity.NewFamily()), Value: revocation.Value{Since: 1, Until: 2}})
	}
	names := bearer(time.UnixMilli(2)).Names()
	b.ReportAllocs()
	for b.Loop() {
		rep.Standing(&names)
	}
}
