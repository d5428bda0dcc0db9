package sessions_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/store"
)

// absent is a store that can be away, or so slow that nobody waits for it.
type absent struct {
	sessions.Rolls
	sessions.Walker
	away, hangs atomic.Bool
}

func (a *absent) Roll(ctx context.Context, key string) (map[string][]byte, error) {
	if a.hangs.Load() {
		<-ctx.Done()
		return nil, &store.Unavailable{Doing: "reading", Where: "here", Err: ctx.Err()}
	}
	if a.away.Load() {
		return nil, &store.Unavailable{Doing: "reading", Where: "here", Err: errors.New("away")}
	}
	return a.Rolls.Roll(ctx, key)
}

// outcomes counts them.
type outcomes struct {
	mu sync.Mutex // guards n
	n  map[sessions.Outcome]int
}

func (o *outcomes) count(what sessions.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n == nil {
		o.n = map[sessions.Outcome]int{}
	}
	o.n[what]++
}

func (o *outcomes) of(what sessions.Outcome) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n[what]
}

func recording(t *testing.T) (*bed, *absent, *sessions.Recorder, *outcomes) {
	b, o := open(t), &outcomes{}
	a := &absent{Rolls: b.store, Walker: b.store}
	x := sessions.New(sessions.Options{Store: a, Keys: b.ring, Log: b.log, Now: b.now})
	return b, a, sessions.NewRecorder(x, o.count), o
}

func runs(t *testing.T, r *sessions.Recorder) (stop func()) {
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return sync.OnceFunc(func() { end(); must(t, <-done) })
}

func TestALoginIsRecordedAtOnceAndARequestSoon(t *testing.T) {
	b, _, r, o := recording(t)
	stop := runs(t, r)
	defer stop()
	login, request := b.fresh(alice, 8), b.fresh(alice, 8)
	r.Record(t.Context(), login)
	if got := families(b.of(alice)); !cmp.Equal(got, []identity.Family{login.Family}) {
		t.Errorf("got %v", got)
	}
	r.Later(request)
	within(t, "the request is recorded", func() bool { return len(b.of(alice)) == 2 && r.Waiting() == 0 })
	if o.of(sessions.Written) != 2 || o.of(sessions.Waiting) != 0 {
		t.Errorf("outcomes are %v", o.n)
	}
}

func TestWhatTheStoreDoesNotTakeIsWrittenWhenItIsBack(t *testing.T) {
	for name, begin := range map[string]func(*absent, bool){
		"away":  func(a *absent, yes bool) { a.away.Store(yes) },
		"hangs": func(a *absent, yes bool) { a.hangs.Store(yes) },
	} {
		t.Run(name, func(t *testing.T) {
			b, a, r, o := recording(t)
			defer runs(t, r)()
			begin(a, true)
			first := b.fresh(alice, 8)
			r.Record(t.Context(), first)
			later := first
			later.LastSeen = first.LastSeen.Add(time.Minute)
			r.Later(later)
			if r.Waiting() != 1 || o.of(sessions.Waiting) != 1 {
				t.Errorf("%d wait, outcomes are %v", r.Waiting(), o.n)
			}
			begin(a, false)
			within(t, "it is recorded", func() bool { return r.Waiting() == 0 })
			if diff := cmp.Diff([]sessions.Record{later}, b.of(alice)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatWaitsIsWrittenBeforeAnEdgeStops(t *testing.T) {
	b, _, r, _ := recording(t)
	r.Later(b.fresh(alice, 8))
	ctx, end := context.WithCancel(t.Context())
	end()
	must(t, r.Run(ctx))
	if n := len(b.of(alice)); n != 1 || r.Waiting() != 0 {
		t.Errorf("%d are recorded, %d wait", n, r.Waiting())
	}
}

func TestNoMoreWaitThanMemoryIsMeantFor(t *testing.T) {
	b, a, r, o := recording(t)
	a.away.Store(true)
	one := b.fresh(alice, 8)
	for range 10_100 {
		one.Family = identity.NewFamily()
		r.Later(one)
	}
	r.Later(one)
	if r.Waiting() != 10_000 || o.of(sessions.Dropped) != 101 {
		t.Errorf("%d wait, outcomes are %v", r.Waiting(), o.n)
	}
}

func TestASessionThatHasEndedDoesNotWait(t *testing.T) {
	b, _, r, o := recording(t)
	past := b.fresh(alice, 1)
	past.Ends = b.now().Add(-time.Hour)
	r.Record(t.Context(), past)
	if r.Waiting() != 0 || o.of(sessions.Dropped) != 1 {
		t.Errorf("%d wait, outcomes are %v", r.Waiting(), o.n)
	}
}

func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
