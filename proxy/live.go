package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
)

// errCut is why a context ended whose exchange was cut.
var errCut = errors.New("the exchange is no longer admitted")

// live is an exchange for as long as it is open.
type live struct {
	x      *exchange
	in     *Exchanges
	method string
	client netip.Addr
	out    *http.ResponseController
	ctx    context.Context // of the request to the upstream
	cancel context.CancelCauseFunc

	asked   Kind        // what the request looked like
	socket  *socket     // of a WebSocket, from the backend's 101 on; of the handler's goroutine
	trailer http.Header // to be sent behind the answer's body; of the handler's goroutine

	kind Kind // guarded by in.mu
	at   int  // its place in in.open; guarded by in.mu

	// Of Exchanges.Run alone.
	by     *Handler // that found asks; nil: none did yet
	asks   []asking
	ring   *session.Ring // that opened the session's cookie last
	reopen time.Time     // when that is tried again
	until  time.Time     // when its connections are closed; zero: it is not cut

	mu      sync.Mutex      // guards what follows
	over    bool            // the handler has returned, or is about to
	verdict *policy.Verdict // for which it was cut; nil: it is not
	way     way             // how it ends; nil: its context does
}

// way is how an exchange ends before its time, other than by the end of its context.
type way interface {
	// end is called once, and must not wait for anybody.
	end(v policy.Verdict)
	// wait returns when nothing is left of end. The handler is about to return.
	wait()
}

// begin registers an exchange whose answer goes to w. From then on it may be cut. The error, one too many, is for the client.
func (x *exchange) begin(w http.ResponseWriter, r *http.Request) (*live, error) {
	l := &live{x: x, in: x.h.opt.Exchanges, method: r.Method, client: x.record.Client, out: http.NewResponseController(w), asked: x.kindOf(r)}
	l.ctx, l.cancel = context.WithCancelCause(r.Context())
	if err := l.in.enter(l, l.asked); err != nil {
		l.cancel(err)
		return nil, x.refuseMore(err)
	}
	return l, nil
}

func (l *live) family() identity.Family { return l.x.bearer.session.Family }

// ended returns the verdict for which the exchange was cut. Nil is none.
func (l *live) ended() *policy.Verdict {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.verdict
}

// cut ends an exchange, by its own way. It reports false if it was over.
func (l *live) cut(v policy.Verdict) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	if l.verdict = &v; l.way != nil {
		l.way.end(v)
	} else {
		l.drop()
	}
	return true
}

// endsBy sets how the exchange is cut from now on. It reports false if it has been cut already.
func (l *live) endsBy(w way) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.way = w
	return l.verdict == nil
}

// abort closes what an exchange that was cut still has open: the upstream's side, and the client's, if it does not read.
func (l *live) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.drop()
	_ = l.out.SetWriteDeadline(longAgo) // where it can't be set nobody waits
}

// drop ends the upstream's side. For as long as a client may still send its request, net/http waits for it.
func (l *live) drop() {
	l.cancel(errCut)
	if l.x.body.open() {
		_ = l.out.SetReadDeadline(longAgo) // as above
	}
}

// longAgo is a deadline that has passed by any clock.
var longAgo = time.Unix(1, 0)

// finish takes an exchange off the list, and reports it if it was cut.
func (l *live) finish(r *http.Request) {
	l.mu.Lock()
	l.over = true
	v, way := l.verdict, l.way
	l.mu.Unlock()
	l.cancel(nil)
	if way != nil {
		way.wait()
	}
	if v != nil {
		l.report(r, *v)
	}
	l.in.leave(l)
}

// report tells record, audit log and metrics that the exchange was cut.
func (l *live) report(r *http.Request, v policy.Verdict) {
	x := l.x
	x.record.Cut = string(v.Reason)
	if v.Reason != Leaving {
		e := x.about(audit.ExchangeCut, x.bearer, string(v.Reason))
		e.Detail = l.kind.String() + ", " + e.Detail
		x.event(r, e)
	}
	if l.in.opt.Cut != nil {
		l.in.opt.Cut(l.kind, v.Reason)
	}
}
