package risk_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/store/file"
)

var alice = identity.Subject{Issuer: "https://idp.test", Sub: "alice"}

// bed is an engine over a real store and a real database of places, with a clock of its own.
type bed struct {
	t      testing.TB
	opt    risk.Options
	engine *risk.Engine
	clock  time.Time
	store  *flaky
}

// flaky is the store, which can be away, or give back something else than was put into it.
type flaky struct {
	*file.Store
	away, damaged bool
}

var errAway = errors.New("the store is away")

func (f *flaky) List(ctx context.Context, key string) ([][]byte, error) {
	if f.away {
		return nil, errAway
	}
	list, err := f.Store.List(ctx, key)
	for i := range list {
		if f.damaged {
			list[i] = list[i][1:]
		}
	}
	return list, err
}

func (f *flaky) Push(ctx context.Context, key string, value []byte, newest int, ttl time.Duration) error {
	if f.away {
		return errAway
	}
	return f.Store.Push(ctx, key, value, newest, ttl)
}

func levels() policy.Levels {
	return policy.Levels{
		identity.Normal: {}, identity.Elevated: {Rank: 1, Proof: policy.Proof{ACR: []string{"mfa"}, AMR: []string{"otp"}}},
		identity.High: {Rank: 2, Proof: policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}}},
	}
}

func open(t testing.TB, edits ...func(*risk.Options)) *bed {
	t.Helper()
	dir := t.TempDir()
	path, err := places.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bed{t: t, clock: time.Now().Truncate(time.Second), store: &flaky{Store: kept}}
	now := func() time.Time { return b.clock }
	b.opt = risk.Options{
		Rules: policy.DefaultRules(), Enforce: true, Levels: levels(), ClockSkew: func(string) time.Duration { return 5 * time.Second },
		Places: geo.Open(geo.Files{City: []string{path}}, geo.Options{Now: now}),
		History: history.New(history.Options{Store: b.store, Now: now,
			Pepper: func() ([32]byte, bool) { return [32]byte{1}, true }}),
		Population: risk.NewPopulation(now), Failures: risk.NewFailures(), Log: slog.New(slog.DiscardHandler), Now: now,
	}
	for _, edit := range edits {
		edit(&b.opt)
	}
	if b.engine, err = risk.New(b.opt); err != nil {
		t.Fatal(err)
	}
	return b
}

// from is a login with a password from a city, in a browser that is known.
func (b *bed) from(city string) risk.Visit {
	b.t.Helper()
	c, known := places.Find(city)
	if !known {
		b.t.Fatalf("no city %s", city)
	}
	return risk.Visit{
		Subject: alice, Login: true, Address: c.Addr(), Device: identity.DeviceID{1}, DeviceSince: b.clock.AddDate(0, -3, 0),
		Header:    http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}},
		Assurance: identity.Assurance{ACR: "pwd", AMR: []string{"pwd"}, AuthTime: b.clock},
	}
}

func (b *bed) login(city string) risk.Finding {
	b.t.Helper()
	f := b.engine.Assess(b.t.Context(), b.from(city))
	b.clock = b.clock.Add(15 * time.Minute)
	return f
}

func TestThreeTimeZonesWithinAnHourAreHigh(t *testing.T) {
	b := open(t)
	for _, step := range []struct {
		city string
		want identity.Level
	}{{"berlin", identity.Normal}, {"paris", identity.Elevated}, {"rome", identity.Elevated}} {
		if f := b.login(step.city); f.Level != step.want || slices.Contains(f.Reasons, policy.TimeZones) || !f.HistoryKnown || !f.Enforced {
			t.Fatalf("from %s, in the same time but soon: %s, %v", step.city, f.Level, f.Reasons)
		}
	}
	b.clock = b.clock.Add(24 * time.Hour)
	b.login("berlin")
	b.login("tokyo")
	f := b.login("sao-paulo")
	if f.Level != identity.High || !slices.Contains(f.Reasons, policy.TimeZones) || !strings.HasPrefix(f.Place, "São Paulo, BR") {
		t.Errorf("from the third zone: %s for %v at %s", f.Level, f.Reasons, f.Place)
	}
}

func TestWhatIsOnlyObservedIsNotEnforced(t *testing.T) {
	b := open(t, func(o *risk.Options) { o.Enforce = false })
	b.login("berlin")
	b.login("tokyo")
	if f := b.login("sao-paulo"); f.Level != identity.High || f.Enforced {
		t.Errorf("%s, enforced %v", f.Level, f.Enforced)
	}
}

func TestAHistoryThatCannotBeReadIsSaidAndDoesNotLower(t *testing.T) {
	b := open(t)
	b.login("berlin")
	b.store.away = true
	f := b.login("berlin")
	if f.HistoryKnown || !slices.Contains(f.Unknown, policy.HistoryUnread) || !b.opt.Levels.Stricter(f.Level, identity.Normal) {
		t.Errorf("%s, unknown %v, history known %v", f.Level, f.Unknown, f.HistoryKnown)
	}
}

func TestAClockThatJumpedIsSaidAndDoesNotLower(t *testing.T) {
	b := open(t)
	b.clock = b.clock.Add(48 * time.Hour) // of an edge that is two days ahead, or before this one goes back
	b.login("berlin")
	b.login("tokyo")
	b.clock = b.clock.Add(-48 * time.Hour)
	f := b.login("sao-paulo")
	if f.Level != identity.High || !slices.Contains(f.Reasons, policy.TimeZones) || !slices.Contains(f.Unknown, policy.ClockAhead) {
		t.Errorf("%s because of %v, unknown %v", f.Level, f.Reasons, f.Unknown)
	}
}

func TestAHistoryThatIsDamagedIsSaidAndMakesNobodyNew(t *testing.T) {
	b := open(t)
	b.login("berlin")
	b.store.damaged = true
	f := b.login("berlin")
	if f.HistoryKnown || !slices.Contains(f.Unknown, policy.HistoryUnread) || !b.opt.Levels.Stricter(f.Level, identity.Normal) {
		t.Errorf("%s, unknown %v, history known %v", f.Level, f.Unknown, f.HistoryKnown)
	}
}

func TestASourceThatIsMissingIsUnknownNotHarmless(t *testing.T) {
	b := open(t, func(o *risk.Options) {
		o.Places = geo.Open(geo.Files{City: []string{"/nowhere/at/all.mmdb"}}, geo.Options{})
	})
	f := b.login("berlin")
	for _, code := range []policy.Reason{policy.CountryUnknown, policy.PlaceUnknown, policy.ZoneUnknown, policy.ASNUnknown, policy.HostingUnknown, policy.TorUnknown, policy.EgressUnknown} {
		if !slices.Contains(f.Unknown, code) {
			t.Errorf("%s is not said to be unknown: %v", code, f.Unknown)
		}
	}
	if f.Place != "unknown place" {
		t.Errorf("at %q", f.Place)
	}
}

func TestAListThatIsReadIsNotUnknown(t *testing.T) {
	dir := t.TempDir()
	tor := filepath.Join(dir, "tor.txt")
	if err := os.WriteFile(tor, []byte("192.0.2.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, func(o *risk.Options) {
		o.Places = geo.Open(geo.Files{Tor: []string{tor}, Egress: []string{tor, filepath.Join(dir, "gone.txt")}}, geo.Options{})
	})
	f := b.login("berlin")
	if slices.Contains(f.Unknown, policy.TorUnknown) || !slices.Contains(f.Unknown, policy.HostingUnknown) || !slices.Contains(f.Unknown, policy.EgressUnknown) {
		t.Errorf("a list of Tor's exits, none of hosting, and half of egress: unknown %v", f.Unknown)
	}
}

func TestWhoProvesMoreIsUsualFromThenOn(t *testing.T) {
	unproven := func(b *bed) bool {
		all, err := b.opt.History.Read(t.Context(), alice)
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		return all[0].Unproven
	}
	b := open(t)
	b.login("berlin")
	b.login("tokyo")
	if b.login("sao-paulo"); !unproven(b) {
		t.Error("a login that looked wrong counts as usual")
	}
	v := b.from("sao-paulo")
	v.Assurance = identity.Assurance{ACR: "bio", AMR: []string{"pwd", "hwk"}, AuthTime: b.clock}
	if b.engine.Assess(t.Context(), v); unproven(b) {
		t.Error("a fingerprint proves nothing")
	}
}

func TestTheDigestChangesWithNetworkPlaceAndClientAlone(t *testing.T) {
	b := open(t)
	of := func(edit func(*risk.Visit)) risk.Digest {
		v := b.from("berlin")
		edit(&v)
		return b.engine.Digest(&v)
	}
	home := of(func(*risk.Visit) {})
	if home == (risk.Digest{}) {
		t.Fatal("no digest")
	}
	tokyo, _ := places.Find("tokyo")
	for name, c := range map[string]struct {
		edit func(*risk.Visit)
		same bool
	}{
		"another request":            {func(*risk.Visit) {}, true},
		"another address near by":    {func(v *risk.Visit) { v.Address = v.Address.Next() }, true},
		"IPv4 within IPv6":           {func(v *risk.Visit) { v.Address = netip.AddrFrom16(v.Address.As16()) }, true},
		"behind a translator":        {func(v *risk.Visit) { v.Address = nat64(v.Address) }, true},
		"another person":             {func(v *risk.Visit) { v.Subject.Sub = "bob" }, true},
		"the hello of a WebSocket":   {func(v *risk.Visit) { v.JA4 = "t13d1514h1_8daaf6152771_000000000000" }, false},
		"another city":               {func(v *risk.Visit) { v.Address = tokyo.Addr() }, false},
		"an address that is nowhere": {func(v *risk.Visit) { v.Address = netip.Addr{} }, false},
	} {
		if got := of(c.edit) == home; got != c.same {
			t.Errorf("%s: the same is %v", name, got)
		}
	}
	page := of(func(v *risk.Visit) { v.JA4 = "t13d1516h2_8daaf6152771_d8a2da3f94cd" })
	socket := of(func(v *risk.Visit) { v.JA4 = "t13d1514h1_8daaf6152771_000000000000" })
	other := of(func(v *risk.Visit) { v.JA4 = "t13d1516h2_111111111111_d8a2da3f94cd" })
	if page != socket || page == other {
		t.Error("a browser's page and WebSocket differ, or two TLS libraries do not")
	}
}

func nat64(a netip.Addr) netip.Addr {
	b, four := [16]byte{0: 0, 1: 0x64, 2: 0xff, 3: 0x9b}, a.As4()
	copy(b[12:], four[:])
	return netip.AddrFrom16(b)
}

// XF-05 of the attack cases: what a client says of its own address is no business of the engine.
func TestXF05_HeadersAboutAddressesAreNotRead(t *testing.T) {
	b := open(t)
	v := b.from("berlin")
	before := b.engine.Digest(&v)
	for _, name := range []string{"True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Fastly-Client-Ip", "X_forwarded_for", "X.forwarded.for", "X-Forwarded-For", "Forwarded"} {
		v.Header.Set(name, "60.34.218.37")
	}
	if b.engine.Digest(&v) != before {
		t.Error("a header moved the client")
	}
}

func TestTheAddressOfATrustedProxyIsNotThatOfTheClient(t *testing.T) {
	b := open(t)
	c, _ := places.Find("berlin")
	b.opt.Proxy = func(a netip.Addr) bool { return a == c.Addr() }
	var err error
	if b.engine, err = risk.New(b.opt); err != nil {
		t.Fatal(err)
	}
	b.login("berlin")
	f := b.login("berlin")
	for _, want := range []policy.Reason{policy.AddressUnknown, policy.PlaceUnknown, policy.ZoneUnknown, policy.CountryUnknown} {
		if !slices.Contains(f.Unknown, want) {
			t.Errorf("%s is not among what is unknown: %v", want, f.Unknown)
		}
	}
	if f.Place != "unknown place" {
		t.Errorf("the client is in %s", f.Place)
	}
}

func TestFailuresCountAgainstTheirNetworkAndFade(t *testing.T) {
	b := open(t)
	b.login("berlin")
	v := b.from("berlin")
	for range 80 {
		b.engine.Failed(v)
	}
	if f := b.engine.Assess(t.Context(), b.from("berlin")); !hasTerm(f, policy.NetworkFailures) || !hasTerm(f, policy.SubjectFailures) {
		t.Errorf("after 80 failures: %v", f.Terms)
	}
	b.clock = b.clock.Add(2 * time.Hour)
	if f := b.engine.Assess(t.Context(), b.from("berlin")); hasTerm(f, policy.NetworkFailures) {
		t.Errorf("two hours later: %v", f.Terms)
	}
}

func TestWhatIsSeenOfASessionWithSomethingLeftToProveIsNobodysHabit(t *testing.T) {
	b := open(t)
	b.login("berlin")
	v := b.from("tokyo")
	v.Login, v.Unmet = true, true
	v.Assurance = identity.Assurance{ACR: "bio", AMR: []string{"hwk"}, AuthTime: b.clock}
	b.engine.Assess(t.Context(), v)
	past, err := b.opt.History.Read(t.Context(), alice)
	if err != nil || len(past) != 2 {
		t.Fatalf("%d sightings, %v", len(past), err)
	}
	for _, s := range past {
		if s.Unproven != (s.Place.Country == "JP") {
			t.Errorf("from %s: unproven %v", s.Place.Country, s.Unproven)
		}
	}
}

func hasTerm(f risk.Finding, code policy.Reason) bool {
	return slices.ContainsFunc(f.Terms, func(t policy.Term) bool { return t.Code == code })
}

func TestTheEventHoldsTheSumAndEveryTerm(t *testing.T) {
	b := open(t)
	b.login("berlin")
	b.login("tokyo")
	f := b.login("sao-paulo")
	e := f.Event()
	if e.Name != audit.Assessed || e.Level != "high" || !slices.Contains(e.Assessment.Reasons, string(policy.TimeZones)) {
		t.Errorf("event %+v", e)
	}
	for level, least := range policy.DefaultRules().Thresholds {
		if e.Assessment.Thresholds[string(level)] != least {
			t.Errorf("the thresholds were %v", e.Assessment.Thresholds)
		}
	}
	var sum float64
	for i, term := range f.Terms {
		sum += e.Assessment.Terms[i].Points
		if got := e.Assessment.Terms[i]; got != (audit.Term{Code: string(term.Code), Points: term.Points, Weight: term.Weight, Detail: term.Detail}) {
			t.Errorf("%+v became %+v", term, got)
		}
	}
	if len(f.Terms) == 0 || len(e.Assessment.Terms) != len(f.Terms) || math.Abs(sum-e.Assessment.Score) > 1e-9 || e.Assessment.Place != f.Place {
		t.Errorf("%d terms add up to %v in %+v", len(f.Terms), sum, e.Assessment)
	}
}

func TestTheFloorOutlivesEverySession(t *testing.T) {
	f := risk.Finding{Assessment: policy.Assessment{Level: identity.High, Reasons: []policy.Reason{policy.TimeZones}}}
	e := f.Floor(alice, 1_800_000_000_000)
	if e.Level != identity.High || e.Reason != string(policy.TimeZones) || e.Until.Time().Sub(e.Since.Time()) <= 720*time.Hour {
		t.Errorf("%+v", e)
	}
	if empty := (&risk.Finding{}); empty.Why() == "" {
		t.Error("a floor without a reason")
	}
}

func TestAnEngineIsUsedByManyAtOnce(t *testing.T) {
	b := open(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			v := b.from("berlin")
			v.Subject.Sub = string(rune('a' + i))
			for range 20 {
				b.engine.Assess(context.Background(), v)
				b.engine.Failed(v)
				b.engine.Digest(&v)
			}
		})
	}
	wg.Wait()
}

func TestRulesThatMakeNoSenseAreRefused(t *testing.T) {
	rules := policy.DefaultRules()
	rules.Points["no_such_reason"] = 1
	if _, err := risk.New(risk.Options{Rules: rules}); err == nil || !strings.Contains(err.Error(), "no_such_reason") {
		t.Errorf("error %v", err)
	}
}

// The digest is what a request costs whose address is new to its session.
func BenchmarkDigest(b *testing.B) {
	bench := open(b)
	v := bench.from("berlin")
	b.ReportAllocs()
	for b.Loop() {
		bench.engine.Digest(&v)
	}
}

// The store's part of an assessment, reading and writing a file, is in it.
func BenchmarkAssess(b *testing.B) {
	bench := open(b)
	v := bench.from("berlin")
	for range 50 {
		bench.engine.Assess(b.Context(), v)
	}
	b.ReportAllocs()
	for b.Loop() {
		bench.engine.Assess(b.Context(), v)
	}
}

// remembered is a history that was read already.
type remembered struct {
	all []policy.Sighting
	*history.History
}

func (r remembered) Read(context.Context, identity.Subject) ([]policy.Sighting, error) {
	return r.all, nil
}
func (r remembered) Record(context.Context, identity.Subject, policy.Sighting) error { return nil }

// All that an assessment does but the store's part: place, client, hashes and the rules over 50 sightings.
func BenchmarkAssessWithoutTheStore(b *testing.B) {
	bench := open(b)
	v := bench.from("berlin")
	for range 50 {
		bench.engine.Assess(b.Context(), v)
	}
	all, err := bench.opt.History.Read(b.Context(), alice)
	if err != nil {
		b.Fatal(err)
	}
	bench.opt.History = remembered{all, history.New(history.Options{Pepper: func() ([32]byte, bool) { return [32]byte{1}, true }})}
	engine, err := risk.New(bench.opt)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		engine.Assess(b.Context(), v)
	}
}

func TestADeviceIsKnownFromItsSecondLoginOn(t *testing.T) {
	b := open(t)
	first := b.from("berlin")
	first.Device, first.DeviceSince = identity.NewDeviceID(), time.Time{} // given just now
	b.engine.Assess(t.Context(), first)
	b.clock = b.clock.Add(time.Hour)
	second := b.from("berlin")
	second.Device, second.DeviceSince = first.Device, b.clock.Add(-time.Hour)
	if f := b.engine.Assess(t.Context(), second); hasTerm(f, policy.NewDevice) || !hasTerm(f, policy.KnownDevice) {
		t.Errorf("its second login: %v", f.Terms)
	}
}

func TestWhereNobodyIsAskedToProveAnythingWhatIsNewBecomesUsual(t *testing.T) {
	b := open(t, func(o *risk.Options) { o.Enforce = false })
	b.login("berlin")
	b.login("tokyo")
	b.login("sao-paulo")
	if n, _, _ := b.opt.Population.Frequency(policy.FeatureCountry, "BR"); n == 0 {
		t.Error("a login that was only observed is not counted")
	}
}
