package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// The times within which an exchange is cut. Their sum, which is the worst case, stays below the 5 s that are promised.
const (
	// lookEvery is how soon it is noticed that the log or the configuration has changed.
	lookEvery = 250 * time.Millisecond
	// askAgain is how soon it is noticed that time alone has changed a verdict: a session has expired, a proof is too old,
	// the copy of the log is too old, the key that sealed the session is gone.
	askAgain = 2 * time.Second
	// parting is how long an exchange that is cut may take to end as its protocol wants; then its connections are closed.
	parting = 2 * time.Second
)

// ExchangesOptions configures Exchanges.
type ExchangesOptions struct {
	Replica Replica
	Now     func() time.Time
	Cut     func(Kind, policy.Reason) // told of each exchange that was cut; nil: nobody is
	Refused func(Bound)               // told of each that was one too many; nil: nobody is
}

// Exchanges are the exchanges that are open on an edge, of all its origins: whatever has been admitted and has not ended.
// Each is asked about again as if it were a new request, when the log or the configuration has changed and every now and
// then, and cut when it would not be admitted any more. It outlives configurations. It is safe for concurrent use.
type Exchanges struct {
	opt      ExchangesOptions
	limits   atomic.Pointer[Limits]
	handlers atomic.Pointer[map[string]*Handler] // in use, by origin; nil: each exchange's own
	leaving  atomic.Pointer[time.Time]           // when all has to end; nil: the edge does not shut down
	first    chan struct{}                       // something is open after nothing was

	mu         sync.Mutex // guards what follows
	open       []*live    // in no order
	perSession map[identity.Family]int
	counted    int // towards the bounds
	anonymous  int // of these, those of nobody
	kinds      [kinds]int

	// Of Run alone.
	looked  look
	around  []*live // to be asked; kept to be filled again
	parting []*live // cut, and not known to have ended
}

// look is what the exchanges were asked under last.
type look struct {
	version  uint64
	handlers *map[string]*Handler
	at       time.Time
}

// NewExchanges returns a set without any, and without bounds. Run has to run for any to be cut.
func NewExchanges(o ExchangesOptions) *Exchanges {
	e := &Exchanges{opt: o, first: make(chan struct{}, 1), perSession: map[identity.Family]int{}}
	e.limits.Store(&Limits{})
	return e
}

// Use puts a configuration in force: its bounds, for exchanges that begin, and its handlers, by which those that are open are
// judged from now on. An origin that none of them serves admits nothing.
func (e *Exchanges) Use(l Limits, handlers ...*Handler) {
	by := make(map[string]*Handler, len(handlers))
	for _, h := range handlers {
		by[h.origin] = h
	}
	e.limits.Store(&l)
	e.handlers.Store(&by)
}

// Open is how many exchanges of a kind are open.
func (e *Exchanges) Open(k Kind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.kinds[k]
}

// Run cuts what is no longer admitted, until the context ends. It returns nil. While nothing is open it sleeps.
func (e *Exchanges) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		wake := tick.C
		if e.none() {
			wake = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.first:
		case <-wake:
			e.look(e.opt.Now())
		}
	}
}

func (e *Exchanges) none() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.open) == 0
}

// look asks about the exchanges if there is a reason to, and ends those whose time to part is over. The version is read first:
// an entry that arrives meanwhile makes the next look ask again.
func (e *Exchanges) look(now time.Time) {
	e.part(now)
	e.depart(now)
	is := look{version: e.opt.Replica.Version(), handlers: e.handlers.Load(), at: now}
	was := e.looked
	if is.version == was.version && is.handlers == was.handlers && now.Sub(was.at) < askAgain && !now.Before(was.at) {
		return
	}
	e.looked = is
	staleness := e.opt.Replica.Staleness()
	for _, l := range e.all() {
		if !l.until.IsZero() {
			continue // cut already
		}
		if v := l.ask(e.handlerFor(l, is.handlers), staleness, now); v.Action != policy.Allow {
			e.end(l, v, now)
		}
	}
	clear(e.around) // what has ended must not be kept alive
}

// all is what is open now. Asking holds no lock, so that requests never wait for it.
func (e *Exchanges) all() []*live {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.around = append(e.around[:0], e.open...)
	return e.around
}

func (e *Exchanges) handlerFor(l *live, by *map[string]*Handler) *Handler {
	if by == nil {
		return l.x.h
	}
	return (*by)[l.x.h.origin]
}

// part closes the connections of those that had their time.
func (e *Exchanges) part(now time.Time) {
	left := e.parting[:0]
	for _, l := range e.parting {
		if now.Before(l.until) {
			left = append(left, l)
			continue
		}
		l.abort()
	}
	clear(e.parting[len(left):])
	e.parting = left
}
