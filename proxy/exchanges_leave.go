package proxy

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// Leaving is why an exchange ends that outlasts its edge. It is no decision about anybody, so the audit log does not tell of it.
const Leaving policy.Reason = "shutdown"

// Leave ends what is open, and what still begins, because the edge shuts down within a time. WebSockets and event streams end at once:
// they would not do so by themselves, and whoever reads them opens them again, elsewhere. All else may come to its own end, and is cut
// just before the time is over, so that it can still be told.
func (e *Exchanges) Leave(within time.Duration) {
	by := e.opt.Now().Add(max(within-parting-2*lookEvery, within/2))
	e.leaving.Store(&by)
}

// Wait returns when nothing is open any more, or the context ends.
func (e *Exchanges) Wait(ctx context.Context) {
	tick := time.NewTicker(lookEvery / 10)
	defer tick.Stop()
	for !e.none() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// depart cuts what an edge that shuts down waits for no longer.
func (e *Exchanges) depart(now time.Time) {
	by := e.leaving.Load()
	if by == nil {
		return
	}
	for _, l := range e.all() {
		if k := e.kindOf(l); k == WebSocket || k == Events || !now.Before(*by) {
			e.end(l, policy.Verdict{Action: policy.Stale, Reason: Leaving}, now)
		}
	}
	clear(e.around)
}

func (e *Exchanges) kindOf(l *live) Kind {
	e.mu.Lock()
	defer e.mu.Unlock()
	return l.kind
}

// end cuts an exchange, unless that has been done.
func (e *Exchanges) end(l *live, v policy.Verdict, now time.Time) {
	if l.until.IsZero() && l.cut(v) {
		l.until = now.Add(parting)
		e.parting = append(e.parting, l)
	}
}
