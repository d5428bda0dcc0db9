package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/tokens"
)

// newKeeper makes what refreshes the tokens of sessions. It lives as long as the process: a reload must not let a second flight
// begin beside the first.
func newKeeper(e *edge) *tokens.Keeper {
	silent := &unasked{log: e.log, told: map[string]time.Time{}}
	return tokens.New(tokens.Options{
		Vault: session.NewVault(e.keys.Ring, e.store, time.Now), Leases: e.store, Log: e.replica,
		Revoker: countingRevoker{e.writer, e.metrics}, Audit: e.audit, Now: time.Now,
		Terms: func(issuer, client string) (tokens.Terms, bool) { return e.tree.Load().terms(issuer, client) },
		Observe: func(provider string, o tokens.Outcome) {
			e.metrics.Refresh(provider, string(o), 1)
			if o == tokens.None && e.tree.Load().revalidates(provider) {
				silent.tell(provider, time.Now())
			}
		},
	})
}

// revalidates reports whether the provider of that name is to be asked about sessions.
func (t *tree) revalidates(name string) bool {
	p, ok := t.cfg.Provider(name)
	return ok && p.RevalidateEvery > 0
}

// unasked says of which providers the edge was to ask about sessions and could not, once an hour each.
type unasked struct {
	log *slog.Logger

	mu   sync.Mutex // guards told
	told map[string]time.Time
}

func (u *unasked) tell(provider string, now time.Time) {
	u.mu.Lock()
	again := now.Sub(u.told[provider]) < time.Hour
	if !again {
		u.told[provider] = now
	}
	u.mu.Unlock()
	if !again {
		u.log.Warn("the provider gave a session no refresh token, so it is never asked whether that still stands", "provider", provider,
			"hint", "ask for the scope offline_access, or what it wants in its place; see revalidate_every in docs/tokens.md")
	}
}

// terms are those of the provider that a session's tokens came from, as the configuration in use has it. Of several that fit it
// is the one that is asked most often.
func (t *tree) terms(issuer, client string) (found tokens.Terms, ok bool) {
	for _, c := range t.cfg.Providers {
		if c.Issuer != issuer || client != "" && c.ClientID != client {
			continue
		}
		if every := c.RevalidateEvery; !ok || every > 0 && (found.Revalidate == 0 || every < found.Revalidate) {
			found, ok = tokens.Terms{Name: c.Name, Provider: t.providers[c.Name], Revalidate: every}, true
		}
	}
	return found, ok
}

// lender lets the proxy have tokens of the keeper.
type lender struct{ keeper *tokens.Keeper }

// Access translates the keeper's words into the proxy's.
func (l lender) Access(ctx context.Context, s *session.Session) (string, time.Time, bool, error) {
	g, ok, err := l.keeper.Access(ctx, s)
	return g.Token, g.Until, ok, err
}

// Touch is the keeper's.
func (l lender) Touch(s *session.Session) time.Time { return l.keeper.Touch(s) }

// measureTokens makes the series of a configuration's providers known, so that the first refusal is seen as one.
func (e *edge) measureTokens(t *tree) {
	for _, p := range t.providers {
		for _, o := range tokens.Outcomes() {
			e.metrics.Refresh(p.Name(), string(o), 0)
		}
	}
}
