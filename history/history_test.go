package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/redis"
)

// whole is a sighting with every field set to something that is kept as it is.
func whole() policy.Sighting {
	hashes := history.NewHasher(pepper)
	return policy.Sighting{
		At: noon, Login: true,
		Network: policy.Network{
			Address: hashes.Agent("address"), Prefix: hashes.Agent("prefix"), ASN: hashes.ASN(64500),
			Hosting: true, Tor: true, Egress: true,
		},
		Place: policy.Place{Country: "BR", Lat: -23.55, Lon: -46.63, Radius: 100, Zone: "America/Sao_Paulo", Offset: -3 * time.Hour},
		Client: policy.Client{
			Agent: hashes.Agent("Mozilla/5.0"), Browser: "Firefox 140", OS: "Windows 10", Kind: "desktop",
			JA4: "t13d1517h2_8daaf6152771_b6f405a00624", Contradicts: true,
		},
		Device: hashes.Device(identity.DeviceID{1}), DeviceSince: noon.Add(-90 * 24 * time.Hour),
		Assurance: identity.Assurance{ACR: "bio", AMR: []string{"hwk", "", "user"}, AuthTime: noon.Add(-time.Minute)},
		Unproven:  true,
	}
}

// A field that is added to sightings and forgotten here would be forgotten by every history.
func TestTheWholeSightingHasEveryFieldSet(t *testing.T) {
	var empty func(v reflect.Value, path string)
	empty = func(v reflect.Value, path string) {
		if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				empty(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
			return
		}
		if v.IsZero() {
			t.Errorf("%s is not set", path)
		}
	}
	empty(reflect.ValueOf(whole()), "Sighting")
}

func TestASightingComesBackAsItWasRecordedFromADatabaseOnDisk(t *testing.T) {
	b := newBed(t, openFile(t))
	least := policy.Sighting{At: noon.Add(-time.Minute)}
	b.record(alice, least, whole())
	if diff := cmp.Diff([]policy.Sighting{whole(), least}, b.read(alice)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.read(bob); len(got) != 0 {
		t.Errorf("bob was never seen, and has %v", got)
	}
}

func TestTheLastFiftySightingsAreKeptNewestFirstWhateverTheOrderOfWriting(t *testing.T) {
	b := newBed(t, openFile(t))
	for i := range 60 {
		b.record(alice, policy.Sighting{At: noon.Add(time.Duration(i^1) * time.Minute).Add(-time.Hour)}) // neighbours swapped
	}
	got := b.read(alice)
	if len(got) != history.Kept {
		t.Fatalf("%d are kept", len(got))
	}
	for i, s := range got {
		if want := noon.Add(-time.Duration(i+1) * time.Minute); !s.At.Equal(want) {
			t.Errorf("number %d is of %v, want %v", i, s.At, want)
		}
	}
}

// A thief who made the logins be forgotten would be a new user, whose score does not act.
func TestProvenLoginsAreNotPushedOutByAnythingElse(t *testing.T) {
	for name, flood := range map[string]policy.Sighting{
		"logins that proved too little": {Login: true, Unproven: true},
		"moves within a session":        {},
		"moves that somebody else made": {Unproven: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, openFile(t))
			for i := range 5 {
				b.record(alice, policy.Sighting{Login: true, At: noon.Add(-time.Duration(i) * time.Hour)})
			}
			for range 2 * history.Kept {
				flood.At = noon
				b.record(alice, flood)
			}
			logins := 0
			for _, s := range b.read(alice) {
				if s.Login && !s.Unproven {
					logins++
				}
			}
			if logins != 5 {
				t.Errorf("of 5 logins %d are left", logins)
			}
			must(t, b.Forget(t.Context(), alice))
			if got := b.read(alice); len(got) != 0 {
				t.Errorf("forgetting leaves %d sightings", len(got))
			}
		})
	}
}

func TestWhatIsOlderThan180DaysIsLeftOutThoughTheListLivesOn(t *testing.T) {
	b := newBed(t, newMemory())
	b.record(alice, seen(noon, "DE"), seen(noon.Add(time.Millisecond), "FR"), seen(noon.Add(48*time.Hour), "ES"))
	b.now = noon.Add(history.KeptFor + time.Millisecond)
	if diff := cmp.Diff([]string{"ES", "FR"}, countries(b.read(alice))); diff != "" || b.unreadable != 0 {
		t.Errorf("%d unreadable; (-want +got):\n%s", b.unreadable, diff)
	}
}

func TestAClockThatJumpedMakesNobodyNew(t *testing.T) {
	b := newBed(t, newMemory())
	b.record(alice, seen(noon.Add(time.Hour), "DE"), seen(noon.AddDate(10, 0, 0), "JP"), seen(noon, "FR"))
	if diff := cmp.Diff([]string{"JP", "DE", "FR"}, countries(b.read(alice))); diff != "" || b.unreadable != 0 {
		t.Errorf("%d unreadable, want none; (-want +got):\n%s", b.unreadable, diff)
	}
}

func TestAHistoryMostOfWhichCannotBeReadIsNotThatOfANewUser(t *testing.T) {
	m := newMemory()
	b := newBed(t, m)
	b.record(alice, seen(noon, "DE"))
	key := m.onlyKey(t)
	good := m.lists[key][0]
	for _, c := range []struct {
		bad, good int
		err       error
	}{{1, 0, history.ErrUnreadable}, {50, 0, history.ErrUnreadable}, {3, 2, history.ErrUnreadable}, {2, 2, nil}, {0, 0, nil}} {
		m.lists[key] = append(slices.Repeat([][]byte{{1}}, c.bad), slices.Repeat([][]byte{good}, c.good)...)
		got, err := b.Read(t.Context(), alice)
		if !errors.Is(err, c.err) || len(got) != c.good {
			t.Errorf("%d bad entries and %d good ones: %d and %v", c.bad, c.good, len(got), err)
		}
	}
	must(t, b.Forget(t.Context(), alice))
	if got := b.read(alice); len(got) != 0 {
		t.Errorf("forgetting leaves %d sightings", len(got))
	}
}

func TestEntriesThatCannotBeReadAreToldAndDoNotHideTheRest(t *testing.T) {
	m := newMemory()
	b := newBed(t, m)
	b.record(bob, seen(noon, "XX"))
	foreign := m.lists[m.onlyKey(t)][0]
	must(t, b.Forget(t.Context(), bob))
	b.record(alice, seen(noon, "DE"))
	key := m.onlyKey(t)
	good := m.lists[key][0]
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 1
	m.lists[key] = append([][]byte{nil, {}, {1}, good[:len(good)-1], append(bytes.Clone(good), 0), damaged, foreign}, slices.Repeat([][]byte{good}, 7)...)
	if diff := cmp.Diff(slices.Repeat([]string{"DE"}, 7), countries(b.read(alice))); diff != "" || b.unreadable != 7 {
		t.Errorf("%d unreadable, want 7; (-want +got):\n%s", b.unreadable, diff)
	}
}

func TestAStoreThatIsAwayIsAnErrorAndNoEmptyHistory(t *testing.T) {
	m := newMemory()
	b := newBed(t, m)
	m.takeAway()
	for name, call := range calls(b) {
		var outage *store.Unavailable
		if err := call(alice); !errors.As(err, &outage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// calls is one call of every method that needs the store.
func calls(b *bed) map[string]func(identity.Subject) error {
	ctx := b.t.Context()
	return map[string]func(identity.Subject) error{
		"Record":       func(who identity.Subject) error { return b.Record(ctx, who, seen(noon, "DE")) },
		"Read":         func(who identity.Subject) error { _, err := b.Read(ctx, who); return err },
		"Forget":       func(who identity.Subject) error { return b.Forget(ctx, who) },
		"MarkEnrolled": func(who identity.Subject) error { return b.MarkEnrolled(ctx, who, noon) },
		"Enrolled":     func(who identity.Subject) error { _, err := b.Enrolled(ctx, who); return err },
	}
}

func TestNothingIsKeptOfNobodyOrWithoutATime(t *testing.T) {
	m := newMemory()
	b := newBed(t, m)
	for name, call := range calls(b) {
		if err := call(identity.Subject{}); err == nil {
			t.Errorf("%s of nobody works", name)
		}
	}
	for _, at := range []time.Time{{}, time.UnixMilli(0), time.UnixMilli(-1), time.UnixMilli(1 << 48)} {
		if err := b.Record(t.Context(), alice, policy.Sighting{At: at}); err == nil {
			t.Errorf("recorded a sighting of %v", at)
		}
		if err := b.MarkEnrolled(t.Context(), alice, at); err == nil {
			t.Errorf("marked an enrolment at %v", at)
		}
	}
	if len(m.lists) != 0 {
		t.Errorf("kept %v", m.lists)
	}
}

func TestWithoutAPepperThereIsNoHistoryAndThatIsSaidUntilThereIsOne(t *testing.T) {
	m := newMemory()
	b := newBed(t, m)
	b.pepper = [32]byte{}
	for name, call := range calls(b) {
		if err := call(alice); !strings.Contains(name, "nrolled") && !errors.Is(err, history.ErrNoPepper) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, b.MarkEnrolled(t.Context(), alice, noon)) // this may not be lost
	if key := m.onlyKey(t); !strings.HasPrefix(key, "enrolled:") {
		t.Errorf("kept %q", key)
	}
	b.pepper = pepper
	b.record(alice, seen(noon, "DE"))
	if got := b.read(alice); len(got) != 1 {
		t.Errorf("read %v", got)
	}
}

func TestUnderAnotherPepperEveryHistoryIsEmptyAndEveryMarkIsThere(t *testing.T) {
	b := newBed(t, newMemory())
	b.record(alice, seen(noon, "DE"))
	must(t, b.MarkEnrolled(t.Context(), alice, noon))
	b.pepper[31] ^= 1
	if got := b.read(alice); len(got) != 0 || b.unreadable != 0 {
		t.Errorf("read %v, %d unreadable", got, b.unreadable)
	}
	if at, err := b.Enrolled(t.Context(), alice); err != nil || !at.Equal(noon) {
		t.Errorf("enrolled at %v, %v", at, err)
	}
}

func TestWhoReadsTheStoreLearnsNeitherWhoseAHistoryIsNorWhatItSays(t *testing.T) {
	m := newMemory()
	b := newBed(t, m)
	b.record(alice, whole(), whole())
	key := m.onlyKey(t)
	dump := fmt.Sprintf("%s %s", key, m.lists[key])
	digest := identity.Digest("edgeauth history", alice.Issuer, alice.Sub)
	s := whole()
	for _, told := range []string{
		alice.Issuer, alice.Sub, fmt.Sprintf("%x", digest), s.Place.Zone, s.Client.Browser, s.Client.JA4, s.Assurance.ACR,
		string(s.Network.ASN[:]), string(s.Device[:]), "BR\xf6", // country and the start of the latitude
	} {
		if strings.Contains(dump, told) {
			t.Errorf("the store shows %q", told)
		}
	}
	if values := m.lists[key]; bytes.Equal(values[0], values[1]) {
		t.Error("the store shows that two sightings are equal")
	}
}

func TestForgettingErasesTheSightingsOfOneSubjectAndNotTheMark(t *testing.T) {
	b := newBed(t, openFile(t))
	b.record(alice, seen(noon, "DE"))
	b.record(bob, seen(noon, "FR"))
	must(t, b.MarkEnrolled(t.Context(), alice, noon))
	for range 2 {
		must(t, b.Forget(t.Context(), alice))
	}
	if got := b.read(alice); len(got) != 0 {
		t.Errorf("of alice is left %v", got)
	}
	if got := b.read(bob); len(got) != 1 {
		t.Errorf("of bob is left %v", got)
	}
	if at, err := b.Enrolled(t.Context(), alice); err != nil || !at.Equal(noon) {
		t.Errorf("enrolled at %v, %v", at, err)
	}
}

func TestTwoEdgesThatRecordAtOnceLoseNothing(t *testing.T) {
	server := redistest.Start(t)
	var wg sync.WaitGroup
	for edge := range 2 {
		b := newBed(t, openRedis(t, server))
		for i := range history.Kept / 2 {
			at := noon.Add(-time.Duration(2*i+edge) * time.Minute)
			wg.Go(func() {
				if err := b.Record(t.Context(), alice, policy.Sighting{At: at}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for i, s := range newBed(t, openRedis(t, server)).read(alice) {
		if want := noon.Add(-time.Duration(i) * time.Minute); !s.At.Equal(want) {
			t.Fatalf("number %d is of %v, want %v", i, s.At, want)
		}
	}
}

func openRedis(t *testing.T, server *redistest.Server) *redis.Store {
	t.Helper()
	s, err := redis.New(redis.Options{Addresses: []string{server.Addr()}})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestAHistoryIsKeptWithFIPS140Only(t *testing.T) {
	const names = "TestASightingComesBack|TestEntriesThatCannotBeRead|TestForgetting|TestHashes"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^("+names+")", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS: Test") < 4 {
		t.Errorf("%v\n%s", err, out)
	}
}
