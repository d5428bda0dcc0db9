package oidc

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

const (
	keysEvery    = time.Hour
	lookEvery    = 15 * time.Second // how long a provider may be down before edgeauth sees it
	firstBackOff = 500 * time.Millisecond
	backOffCap   = 15 * time.Second // how long a provider may be back before edgeauth sees it
)

// Run reads discovery document and keys until it works, with growing pauses. Then it reads the keys again each hour, so
// that a key which the provider withdraws does not stay trusted, and the document four times a minute, which shows
// whether the provider is still there: nobody should be sent to one that is not. What was read last stays in force for
// logins that have begun and for logout tokens. Run returns nil when ctx ends.
func (p *Provider) Run(ctx context.Context) error {
	defer p.channel.Close()
	pause := firstBackOff
	var keysDue time.Time
	for {
		wait, withKeys := lookEvery, !p.config.Now().Before(keysDue)
		switch err := p.refresh(ctx, withKeys); {
		case err != nil:
			wait, pause, keysDue = pause, min(2*pause, backOffCap), time.Time{}
		case withKeys:
			pause, keysDue = firstBackOff, p.config.Now().Add(jitter(keysEvery))
		}
		timer := time.NewTimer(jitter(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// jitter spreads the edges of one installation: between 3/4 and 5/4 of d.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

func (p *Provider) refresh(ctx context.Context, withKeys bool) error {
	doc, err := p.discover(ctx)
	away := KindOf(err) == KindUnavailable
	if err == nil {
		p.install(doc)
	}
	if err == nil && withKeys {
		err = p.refreshKeys(ctx)
	}
	if ctx.Err() == nil {
		p.note(err, away)
	}
	return err
}

func (p *Provider) refreshKeys(ctx context.Context) error {
	if err := p.keys.Refresh(ctx); err != nil {
		return &Error{Kind: KindUnavailable, Op: "reading keys", Err: err}
	}
	return nil
}

func (p *Provider) install(doc *metadata.Document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.document = doc
}

// note keeps the outcome of a reading, and logs it where it differs from the one before. Away says that the provider
// did not answer.
func (p *Provider) note(err error, away bool) {
	p.mu.Lock()
	now := Status{Ready: p.document != nil && !away, Err: err, Since: p.status.Since}
	first := errors.Is(p.status.Err, errNotDiscovered)
	changed := now.Ready != p.status.Ready || (err == nil) != (p.status.Err == nil)
	if changed {
		now.Since = p.config.Now()
	}
	p.status = now
	p.mu.Unlock()
	switch {
	case err != nil && (changed || first):
		p.config.Log.Warn("the identity provider cannot be used as it should", slog.String("provider", p.config.Name),
			slog.Bool("logins_can_begin", now.Ready), slog.String("error", err.Error()))
	case err == nil && changed:
		p.config.Log.Info("the identity provider is ready", slog.String("provider", p.config.Name))
	}
}
