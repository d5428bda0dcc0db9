package tokens

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/session"
)

// The limits of waiting.
const (
	// patience is how long a request waits for a token.
	patience = 10 * time.Second
	// background is how many flights may be under way that no request waits for.
	background = 64
	// again is when something is asked about next that could not be found out now.
	again = time.Second
	// lookAgain is how long the absence of tokens is believed, at least. Whoever logs in anew has another session.
	lookAgain = 30 * time.Second
)

// ErrWait is a token that was not there in time: a flight goes on, here or at another edge.
var ErrWait = errors.New("the token is still being refreshed")

var (
	errClosing = errors.New("the edge is shutting down")
	errUnkept  = errors.New("the store does not take the tokens of the last refresh, and none may follow before")
)

// Keeper refreshes the tokens of sessions. It is safe for concurrent use.
type Keeper struct {
	opt    Options
	memory memory
	slots  chan struct{} // one for each flight in the background

	mu      sync.Mutex // guards both below
	closing bool
	flights sync.WaitGroup
}

// New returns a Keeper. It does no network.
func New(o Options) *Keeper {
	if o.Size == 0 {
		o.Size = 20_000
	}
	if o.Observe == nil {
		o.Observe = func(string, Outcome) {}
	}
	return &Keeper{opt: o, memory: memory{limit: max(1, o.Size/2)}, slots: make(chan struct{}, background)}
}

// Grant is an access token that may be sent. It does not print.
type Grant struct {
	Token string
	Until time.Time // when it is to be asked for again
}

// Format shows until when it may be sent and nothing else, under every verb.
func (g Grant) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "access token until %v", g.Until) }

// Access returns a session's access token: from memory as long as it is fresh, and after that refreshed, which it waits for.
// A token that still is good while a new one is being fetched is returned at once. False: there is none, and waiting brings
// none; only another login does. An error means that it cannot be had now.
func (k *Keeper) Access(ctx context.Context, s *session.Session) (g Grant, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := k.memory.entry(s.ID)
	for {
		f, g, ok, err := k.access(ctx, e, s)
		if f == nil {
			return g, ok, err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return Grant{}, false, fmt.Errorf("%w: %w", ErrWait, ctx.Err())
		}
		if f.need.token {
			return e.outcome(k.opt.Now())
		} // else the flight was for less, and may have brought no token
	}
}

// access returns what there is to say at once, or the flight that has to be waited for.
func (k *Keeper) access(ctx context.Context, e *entry, s *session.Session) (f *flight, g Grant, ok bool, err error) {
	now := k.opt.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.usable(now):
		if !now.Before(e.due) && !now.Before(e.retry) {
			k.begin(ctx, e, s, need{token: true}, true)
		}
		return nil, e.grant(now), true, nil
	case now.Before(e.retry):
		return nil, Grant{}, false, e.failed
	}
	if f = k.begin(ctx, e, s, need{token: true}, false); f == nil {
		return nil, Grant{}, false, errClosing
	}
	if f.told() { // its token has ended since, or never could be sent
		return nil, Grant{}, false, errUnkept
	}
	return f, Grant{}, false, nil
}

// outcome is what a flight brought to those who waited for it.
func (e *entry) outcome(now time.Time) (Grant, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.usable(now) {
		return e.grant(now), true, nil
	}
	return Grant{}, false, e.failed
}

// Touch is told of a request of a session. Where the provider is to be asked about sessions from time to time it sees to that,
// in the background. It returns when it has to be told again, which is never less than a second from now; until then it
// would do nothing. It does not block.
func (k *Keeper) Touch(s *session.Session) (next time.Time) {
	now := k.opt.Now()
	terms, ok := k.opt.Terms(s.Subject.Issuer, "")
	if !ok || terms.Revalidate <= 0 {
		return now.Add(time.Minute) // the configuration may change
	}
	e := k.memory.entry(s.ID)
	e.mu.Lock()
	defer e.mu.Unlock()
	if own, known := k.opt.Terms(s.Subject.Issuer, e.kept.Client); known {
		terms = own
	}
	if terms.Revalidate <= 0 {
		return now.Add(time.Minute)
	}
	due := later(e.retry, e.validated().Add(terms.Revalidate*9/10+e.spread(terms.Revalidate/10)))
	if e.looked && now.Before(due) {
		return later(due, now.Add(again))
	}
	k.begin(context.Background(), e, s, need{revalidate: terms.Revalidate}, true) // it belongs to no request
	return now.Add(again)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Run waits until ctx ends, and then for the flights that are under way: a refresh token that was redeemed must find its way
// into the vault. From then on no flight begins.
func (k *Keeper) Run(ctx context.Context) error {
	<-ctx.Done()
	k.mu.Lock()
	k.closing = true
	k.mu.Unlock()
	k.flights.Wait()
	return nil
}

// enter counts a flight. False: none may begin any more.
func (k *Keeper) enter() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closing {
		return false
	}
	k.flights.Add(1)
	return true
}

// ending reports whether the edge shuts down.
func (k *Keeper) ending() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closing
}
