package proxy

import (
	"net/http"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/web"
)

// Kind is what an open exchange looks like.
type Kind uint8

// The kinds.
const (
	Other     Kind = iota // any request and its answer: a page, a download, an upload, a long poll
	WebSocket             // RFC 6455
	Tunnel                // another protocol instead of HTTP
	Events                // server-sent events
	GRPC                  // a call, whether it streams or not
	kinds
)

// Kinds returns all of them.
func Kinds() []Kind { return []Kind{Other, WebSocket, Tunnel, Events, GRPC} }

// String is the kind's name in metrics and audit events.
func (k Kind) String() string {
	switch k {
	case WebSocket:
		return "websocket"
	case Tunnel:
		return "tunnel"
	case Events:
		return "events"
	case GRPC:
		return "grpc"
	}
	return "other"
}

// bounded reports whether exchanges of a kind count towards the bounds. Others are over soon, and whether they are can't be
// told when they begin.
func (k Kind) bounded() bool { return k != Other }

// kindOf is what a request says of itself. Events are known by what browsers ask for, and once more by the answer.
func (x *exchange) kindOf(r *http.Request) Kind {
	switch {
	case x.upgrade == "websocket":
		return WebSocket
	case x.upgrade != "":
		return Tunnel
	case web.CallerOf(r) == web.GRPC:
		return GRPC
	case strings.EqualFold(strings.TrimSpace(r.Header.Get("Accept")), eventStream):
		return Events
	}
	return Other
}

const eventStream = "text/event-stream"

// Limits bound the exchanges that are open at a time, but for those of the kind Other. A zero is no bound.
type Limits struct {
	PerSession int // of one login, by whatever cookies
	Total      int // of the edge; half of it at most are of nobody
}

// Bound names what an exchange was refused for.
type Bound string

// The bounds.
const (
	BoundSession   Bound = "session"
	BoundAnonymous Bound = "anonymous"
	BoundTotal     Bound = "total"
)

// enter adds an exchange, unless it is one too many.
func (e *Exchanges) enter(l *live, k Kind) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.count(l, k); err != nil {
		return err
	}
	l.kind, l.at = k, len(e.open)
	e.kinds[k]++
	if e.open = append(e.open, l); len(e.open) == 1 {
		select {
		case e.first <- struct{}{}:
		default:
		}
	}
	return nil
}

// become changes the kind of an exchange once its answer tells more.
func (e *Exchanges) become(l *live, k Kind) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.kind == k {
		return nil
	}
	was := l.kind
	e.discount(l)
	if err := e.count(l, k); err != nil {
		l.kind = Other
		e.kinds[was]--
		e.kinds[Other]++
		return err
	}
	e.kinds[was]--
	e.kinds[k]++
	l.kind = k
	return nil
}

// leave removes an exchange.
func (e *Exchanges) leave(l *live) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.discount(l)
	e.kinds[l.kind]--
	last := len(e.open) - 1
	e.open[l.at] = e.open[last]
	e.open[l.at].at = l.at
	e.open[last] = nil
	e.open = e.open[:last]
}

// count adds an exchange to what the bounds are about. The caller holds mu.
func (e *Exchanges) count(l *live, k Kind) error {
	if !k.bounded() {
		return nil
	}
	bounds := e.limits.Load()
	switch {
	case bounds.Total > 0 && e.counted >= bounds.Total:
		return e.tooMany(BoundTotal)
	case l.x.bearer == nil && bounds.Total > 0 && e.anonymous >= (bounds.Total+1)/2:
		return e.tooMany(BoundAnonymous)
	case l.x.bearer != nil && bounds.PerSession > 0 && e.perSession[l.family()] >= bounds.PerSession:
		return e.tooMany(BoundSession)
	}
	if e.counted++; l.x.bearer == nil {
		e.anonymous++
	} else {
		e.perSession[l.family()]++
	}
	return nil
}

// discount undoes count. The caller holds mu.
func (e *Exchanges) discount(l *live) {
	if !l.kind.bounded() {
		return
	}
	if e.counted--; l.x.bearer == nil {
		e.anonymous--
		return
	}
	if e.perSession[l.family()]--; e.perSession[l.family()] == 0 {
		delete(e.perSession, l.family())
	}
}

// crowded is how soon a client may come back that met a bound.
const crowded = 10 * time.Second

// reasonTooMany is the code in answers and records.
const reasonTooMany = "too_many_exchanges"

func (e *Exchanges) tooMany(b Bound) error {
	if e.opt.Refused != nil {
		e.opt.Refused(b)
	}
	if b == BoundSession {
		return &web.Error{Code: http.StatusTooManyRequests, Reason: reasonTooMany, Title: "Too many open connections", RetryAfter: crowded,
			Public: "Your session has as many connections open as it may. Close some of its windows and try again."}
	}
	return &web.Error{Code: http.StatusServiceUnavailable, Reason: reasonTooMany, Title: "Too many open connections", RetryAfter: crowded,
		Public: "There are as many connections open here as there may be. Please try again in a moment."}
}

// refuseMore notes in the record of a request that it was one too many.
func (x *exchange) refuseMore(err error) error {
	x.record.Verdict, x.record.Reason = policy.Deny.String(), reasonTooMany
	return err
}
