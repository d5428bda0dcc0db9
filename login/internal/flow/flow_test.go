package flow_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/session"
)

func cookies(t testing.TB) *session.Cookies {
	t.Helper()
	key, err := session.GenerateKey(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := session.NewRing([]session.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	return session.NewCookies(session.CookieOptions{Keys: func() *session.Ring { return ring }, Host: "app.corp.test", Secure: true, Now: time.Now})
}

func TestTheLargestStateStaysBelow2KB(t *testing.T) {
	c := cookies(t)
	f := flow.New(session.NewBinding())
	f.Begin(session.Trail{}, time.Now())
	f.Provider, f.ReturnURL, f.Cut = strings.Repeat("p", 64), "/"+strings.Repeat("a", 1199), true
	f.Previous = flow.Previous{Family: identity.NewFamily(), ID: identity.NewSessionID(), Expires: 1 << 42}
	f.Device, f.Known = identity.NewDeviceID(), 1<<42
	f.Level, f.Was, f.Step = identity.Elevated, identity.Elevated, flow.Step{Round: 2, Proof: [4]byte{1}, Since: 1 << 42, WasRaised: 1 << 42}
	state, err := f.Seal(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(state) > 2048 {
		t.Errorf("%d bytes", len(state))
	}
	got, err := flow.Open(c, state)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, got); diff != "" {
		t.Errorf("opened (-sealed +opened):\n%s", diff)
	}
}

func TestAStateThatIsTooLongIsRefusedNotCut(t *testing.T) {
	f := flow.New(session.NewBinding())
	f.ReturnURL = "/" + strings.Repeat("a", 2000)
	if _, err := f.Seal(cookies(t)); !errors.Is(err, flow.ErrState) {
		t.Errorf("error %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	c := cookies(f)
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add(append([]byte{1}, make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, plain []byte) {
		state, err := c.SealState(plain)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := flow.Open(c, state)
		if err != nil {
			return
		}
		again, err := opened.Seal(c)
		if err != nil {
			t.Fatalf("what opens does not seal: %v", err)
		}
		if got, err := flow.Open(c, again); err != nil || !cmp.Equal(opened, got) {
			t.Errorf("%v opens differently once more: %v, %v", opened, got, err)
		}
	})
}

func TestAFlowIsBoundToItsBrowserAlone(t *testing.T) {
	mine, other := session.NewBinding(), session.NewBinding()
	f, g := flow.New(mine), flow.New(mine)
	if !f.BoundTo(mine) || f.BoundTo(other) || f.Nonce(mine) == g.Nonce(mine) || f.Nonce(mine) == f.Verifier(mine) {
		t.Error("flows and browsers are mixed up")
	}
	f.Mark = g.Mark
	if f.BoundTo(mine) {
		t.Error("the mark of another flow is taken")
	}
}

func TestAFlowEndsAfterFifteenMinutes(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	f := flow.New(session.NewBinding())
	f.Begin(session.Trail{}, now)
	for after, want := range map[time.Duration]bool{0: false, 15*time.Minute - 1: false, 15 * time.Minute: true, -time.Minute: false, -time.Minute - time.Millisecond: true} {
		if got := f.Expired(now.Add(after)); got != want {
			t.Errorf("%v after it began expired is %v", after, got)
		}
	}
}

func TestAChainOfThreeIsALoopAndManyTabsAreNot(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	b := session.NewBinding()
	var tabs []*flow.Flow
	for range 60 {
		f := flow.New(b)
		f.Begin(b.Trail, now)
		tabs = append(tabs, f)
	}
	for _, f := range tabs {
		b = f.Ended(b)
	}
	if b.Trail.Rounds != 1 || flow.Looping(b.Trail, now) {
		t.Fatalf("sixty tabs are %d rounds", b.Trail.Rounds)
	}
	for range 2 {
		now = now.Add(15 * time.Second)
		f := flow.New(b)
		f.Begin(b.Trail, now)
		b = f.Ended(b)
	}
	if !flow.Looping(b.Trail, now) || flow.Looping(b.Trail, now.Add(time.Minute)) {
		t.Errorf("after three rounds the trail is %v", b.Trail)
	}
}
