package tokens

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// journey is a flight from the inside.
type journey struct {
	*Keeper
	entry   *entry
	flight  *flight
	session *session.Session
	names   revocation.Names
	terms   Terms // of any client of the issuer, until the record tells whose it is
}

// poll is about how long is waited between two looks at what another edge does.
const poll = 100 * time.Millisecond

var (
	errBusy    = errors.New("another edge refreshes the tokens and has not finished")
	errUnknown = errors.New("the provider, or the client, is no longer configured")
)

// refresh reads the vault, and redeems the refresh token if that has to be and no other edge does. With a nil error the outcome may
// still be that there are no tokens.
func (j *journey) refresh(ctx context.Context) (Outcome, error) {
	for met := Found; ; met = Shared {
		kept, found, err := j.read(ctx)
		switch {
		case err != nil:
			return NoStore, err
		case !found:
			return Gone, nil
		case j.met(kept):
			return met, nil
		case kept.Refresh == "":
			return None, nil
		case j.ended():
			return Superseded, nil
		case j.ending():
			return Busy, errClosing
		}
		l, held, err := j.lease(ctx)
		if err != nil {
			return NoStore, err
		}
		if held {
			return j.hold(ctx, l)
		}
		select {
		case <-ctx.Done():
			return Busy, errBusy
		case <-time.After(poll/2 + rand.N(poll)):
		}
	}
}

// ended reports whether the log has ended the session, or put another id in its place.
func (j *journey) ended() bool { return j.opt.Log.Standing(&j.names).Revoked }

// settle is how long the log's entry may take from one edge to another that explains why a record is gone, or a token refused.
const settle = time.Second

// endedSoon is ended where there seems to be a reason: the entry of a logout, or of a step-up at another edge, may be on its way.
func (j *journey) endedSoon(ctx context.Context) bool {
	for wait := time.Duration(0); !j.ended(); wait += poll {
		if wait >= settle || ctx.Err() != nil {
			return false
		}
		time.Sleep(poll)
	}
	return true
}

// read returns the newest record, of the vault or of memory: a write may not have come through, or the store may have lost it. Then
// the vault gets it once more. Without any record in the vault there is none: a logout took it, or a step-up.
func (j *journey) read(ctx context.Context) (session.Kept, bool, error) {
	kept, found, err := j.opt.Vault.Get(ctx, j.session)
	if err != nil || !found {
		return session.Kept{}, false, err
	}
	if mine := j.known(); mine.Number > kept.Number {
		now, swapped, err := j.opt.Vault.Swap(ctx, j.session, kept, mine.Tokens)
		if err != nil {
			return session.Kept{}, false, err
		}
		if !swapped {
			return j.opt.Vault.Get(ctx, j.session)
		}
		kept = now
	}
	j.learn(kept)
	if terms, ok := j.opt.Terms(j.session.Subject.Issuer, kept.Client); ok {
		j.terms = terms
	}
	return kept, true, nil
}

// met reports whether a record that was read leaves nothing to do. How often the provider is asked is by the client that the record
// names: whoever began the flight may not have known it.
func (j *journey) met(kept session.Kept) bool {
	n := j.flight.need
	if n.revalidate > 0 {
		n.revalidate = j.terms.Revalidate
	}
	return n.met(kept.Tokens, j.opt.Now())
}

func (j *journey) known() session.Kept {
	j.entry.mu.Lock()
	defer j.entry.mu.Unlock()
	return j.entry.kept
}

func (j *journey) learn(kept session.Kept) {
	j.entry.mu.Lock()
	defer j.entry.mu.Unlock()
	j.entry.learn(kept)
}

func (j *journey) forget() {
	j.entry.mu.Lock()
	defer j.entry.mu.Unlock()
	j.entry.kept = session.Kept{}
	j.entry.owed.Store(false)
}

// hold does under the lease what has to be done. The vault is read anew: its record may have changed while the lease was
// another's.
func (j *journey) hold(ctx context.Context, l *lease) (outcome Outcome, err error) {
	err = l.during(func() error {
		kept, found, err := j.read(ctx)
		switch {
		case err != nil:
			outcome = NoStore
		case !found:
			outcome = Superseded
		case j.met(kept):
			outcome = Shared
		default:
			outcome, err = j.redeem(ctx, l, kept, true)
		}
		return err
	})
	return outcome, err
}

// redeemLimit bounds one redemption and what follows of it. Once a token is sent nothing gives up on it before.
const redeemLimit = 15 * time.Second

// redeem redeems a record's refresh token. Once more is whether a newer record may be tried if that is refused.
func (j *journey) redeem(ctx context.Context, l *lease, kept session.Kept, onceMore bool) (Outcome, error) {
	var known bool
	if j.terms, known = j.opt.Terms(j.session.Subject.Issuer, kept.Client); !known {
		return Config, errUnknown
	}
	if !l.sure() {
		return Busy, errBusy // this edge slept: another may hold the lease by now
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), redeemLimit)
	defer cancel()
	got, err := j.terms.Provider.Refresh(limited, oidc.Refresh{Token: oidc.Token(kept.Refresh), Sub: j.session.Subject.Sub,
		AuthTime: j.session.Assurance.AuthTime})
	if err == nil {
		return j.keep(ctx, kept, j.next(kept, got))
	}
	switch outcome := outcomeOf(err); outcome {
	case Refused:
		return j.refused(limited, l, kept, onceMore)
	case OtherLogin:
		return j.end(limited, outcome, "refresh_other_login")
	default:
		return outcome, err
	}
}

// refused looks at the vault once more before a session ends: a newer record says that another edge was faster. Where there is none,
// what explains the refusal may be on its way: the entry of a logout or a step-up, or the other edge's record.
func (j *journey) refused(ctx context.Context, l *lease, tried session.Kept, onceMore bool) (Outcome, error) {
	kept, newer, err := j.after(ctx, tried)
	if err == nil && !newer && !j.endedSoon(ctx) {
		kept, newer, err = j.after(ctx, tried)
	}
	switch {
	case err != nil:
		return NoStore, fmt.Errorf("looking whether another edge was faster: %w", err)
	case j.ended():
		return Superseded, nil
	case !newer:
		return j.end(ctx, Refused, "refresh_refused")
	}
	j.learn(kept)
	if j.met(kept) {
		return Shared, nil
	}
	if !onceMore {
		return Busy, errBusy
	}
	return j.redeem(ctx, l, kept, false)
}

// after returns the vault's record, and whether it is newer than one that was tried.
func (j *journey) after(ctx context.Context, tried session.Kept) (kept session.Kept, newer bool, err error) {
	kept, found, err := j.opt.Vault.Get(ctx, j.session)
	return kept, found && kept.Number > tried.Number, err
}

// next is the record that a redemption leads to.
func (j *journey) next(kept session.Kept, got *oidc.Refreshed) session.Tokens {
	t := kept.Tokens
	t.Access, t.Refresh = got.AccessToken.Reveal(), got.RefreshToken.Reveal()
	t.Expires = got.AccessExpires.UTC().Truncate(time.Millisecond)
	t.Validated = j.opt.Now().UTC().Truncate(time.Millisecond)
	t.Number++
	if got.IDToken != "" {
		t.ID = got.IDToken.Reveal()
	}
	if got.Scope != "" {
		t.Scope = got.Scope
	}
	return t
}
