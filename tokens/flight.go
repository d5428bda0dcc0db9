package tokens

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/session"
)

// need is what a flight is for.
type need struct {
	token      bool          // an access token that is fresh
	revalidate time.Duration // a word of the provider that is no older
}

// met reports whether a record leaves nothing to do.
func (n need) met(t session.Tokens, now time.Time) bool {
	fresh := !n.token || now.Before(refreshAt(t, refreshFrom)) && t.Access != ""
	return fresh && (n.revalidate == 0 || now.Before(t.Validated.Add(n.revalidate*9/10)))
}

// flight is one refresh, shared by all of this edge who need it.
type flight struct {
	need need
	done chan struct{} // closed when there is an outcome; the flight may still be writing it down
	once sync.Once
}

// flightLimit bounds a flight, from the first reading of the vault until a record is there: another edge's redemption may have to
// be waited for, and then one's own.
const flightLimit = 30 * time.Second

// begin begins a flight, or returns the one under way; nil where none may begin. e.mu is held. A flight outlives the request
// that began it: others wait for it too, and what it redeems must be kept.
func (k *Keeper) begin(ctx context.Context, e *entry, s *session.Session, n need, inBackground bool) *flight {
	if e.flight != nil {
		return e.flight
	}
	if inBackground {
		select {
		case k.slots <- struct{}{}:
		default:
			return nil
		}
	}
	leave := func() {
		if inBackground {
			<-k.slots
		}
	}
	if !k.enter() {
		leave()
		return nil
	}
	f := &flight{need: n, done: make(chan struct{})}
	e.flight = f
	go func() {
		defer k.flights.Done()
		defer leave()
		k.fly(context.WithoutCancel(ctx), e, f, s)
	}()
	return f
}

// fly makes the flight and tells the outcome.
func (k *Keeper) fly(ctx context.Context, e *entry, f *flight, s *session.Session) {
	limited, cancel := context.WithTimeout(ctx, flightLimit)
	defer cancel()
	j := &journey{Keeper: k, entry: e, flight: f, session: s, names: s.Bearer().Names()}
	j.terms, _ = k.opt.Terms(s.Subject.Issuer, "")
	outcome, err := j.refresh(limited)
	k.opt.Observe(j.terms.Name, outcome)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flight, e.looked = nil, true
	switch now := k.opt.Now(); {
	case err != nil:
		e.fail(err, now)
	case outcome == None, outcome == Gone, outcome == Superseded, outcome == Refused, outcome == OtherLogin:
		e.succeed()
		e.retry = now.Add(max(lookAgain, f.need.revalidate))
	default:
		e.succeed()
	}
	f.publish()
}

func (f *flight) publish() { f.once.Do(func() { close(f.done) }) }

// told reports whether there is an outcome.
func (f *flight) told() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// outcomeOf is how a flight ended that the provider gave nothing to.
func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, oidc.ErrOtherLogin):
		return OtherLogin
	case oidc.Refused(err):
		return Refused
	}
	switch oidc.KindOf(err) {
	case oidc.KindConfig:
		return Config
	case oidc.KindInvalid, oidc.KindRefused:
		return Invalid
	}
	return Unavailable
}
