package tokens

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

const (
	// keepLimit is how long a record is tried to be written: the old refresh token is spent, and whoever finds it in the vault
	// would end the session with it.
	keepLimit = 2 * time.Minute
	keepPause = 200 * time.Millisecond
	// revokeLimit bounds what is tried to tell the provider of tokens that nobody will use.
	revokeLimit = 5 * time.Second
)

// keep writes the record of a redemption in the place of the one that it began with. Who waits for the token has it before that.
// While the store is away it tries again; other edges need the store for the lease, so none of them redeems the old token
// meanwhile.
func (j *journey) keep(ctx context.Context, seen session.Kept, t session.Tokens) (Outcome, error) {
	j.learn(session.Kept{Tokens: t})
	j.flight.publish()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepLimit)
	defer cancel()
	for pause := keepPause; ; pause = min(2*pause, time.Second) {
		now, swapped, err := j.opt.Vault.Swap(ctx, j.session, seen, t)
		switch {
		case err == nil && swapped && !j.ended():
			j.learn(now)
			return Refreshed, nil
		case err == nil: // a logout that had read the old record has deleted the new one, or another edge was faster
			return j.tooLate(ctx, t)
		case ctx.Err() != nil || j.ending():
			return Refreshed, nil // this edge has it in memory, and tries again with its next flight
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// tooLate is what becomes of tokens whose record has changed or gone since: a newer one counts, and after a logout they are revoked.
// They are not after a step-up: at many providers its new tokens would end with them.
func (j *journey) tooLate(ctx context.Context, t session.Tokens) (Outcome, error) {
	kept, found, err := j.opt.Vault.Get(ctx, j.session)
	switch {
	case err != nil:
		return Refreshed, nil // ours is as good as any until it ends
	case found && kept.Number < t.Number:
		return j.restore(ctx, kept, t)
	case found:
		j.learn(kept)
		return Shared, nil
	}
	if !j.endedSoon(ctx) {
		return Refreshed, nil // the store has lost the record: this edge still has the token
	}
	j.forget()
	if st := j.opt.Log.Standing(&j.names); st.Scope != revocation.ScopeSession {
		ctx, cancel := context.WithTimeout(ctx, revokeLimit)
		defer cancel()
		_ = j.terms.Provider.Revoke(ctx, oidc.Token(t.Refresh)) // they end by themselves; nobody has them
	}
	return Superseded, nil
}

// restore writes a record in the place of one that is older than what was redeemed: the store went back to it, as a failover to a
// server that lags does.
func (j *journey) restore(ctx context.Context, older session.Kept, t session.Tokens) (Outcome, error) {
	if now, swapped, err := j.opt.Vault.Swap(ctx, j.session, older, t); err == nil && swapped {
		j.learn(now)
	} // else this edge has it in memory, and tries again with its next flight
	return Refreshed, nil
}

// end ends the session that the provider no longer vouches for, on every edge.
func (j *journey) end(ctx context.Context, outcome Outcome, reason string) (Outcome, error) {
	s, now := j.session, revocation.MillisOf(j.opt.Now())
	until := max(revocation.MillisOf(s.Ends()), now) + revocation.Millis(2*policy.MaxAhead/time.Millisecond)
	delivery, err := j.opt.Revoker.Write(ctx, revocation.Entry{Register: revocation.Family(s.Family),
		Value: revocation.Value{Since: now, Until: until, Reason: reason, Actor: "provider"}})
	if err != nil {
		return outcome, err
	}
	j.opt.Audit.Write(ctx, audit.Event{Name: audit.RefreshRefused, Provider: j.terms.Name, Subject: s.Subject, Session: s.Family.String(),
		Reason: reason, Actor: "provider", Delivery: delivery.String()})
	j.forget()
	_ = j.opt.Vault.Delete(ctx, s) // else it ends by its own time; nothing in it is worth anything
	return outcome, nil
}
