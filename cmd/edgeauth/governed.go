package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/store"
)

// governed is what the governance API governs, and lives as long as the process.
type governed struct {
	hub   *api.Hub
	log   api.Log
	known func(context.Context, wireSubject) known
}

func (e *edge) governed() governed { return governed{e.hub, operators{e}, e.known} }

// operators write to the log and are counted as such, whatever reason they give.
type operators struct{ edge *edge }

// Write implements api.Log.
func (o operators) Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error) {
	d, err := o.edge.writer.Write(ctx, entries...)
	if err == nil {
		for _, en := range entries {
			o.edge.metrics.Revocation(en.Scope.String(), "operator", d.String())
		}
	}
	return d, err
}

// cursors tells a cursor that the store never gave out from a store that is away.
type cursors struct{ *sessions.Index }

// All implements api.Index.
func (c cursors) All(ctx context.Context, after string, limit int) ([]sessions.Record, string, error) {
	records, next, err := c.Index.All(ctx, after, limit)
	if errors.Is(err, store.ErrCursor) {
		err = fmt.Errorf("%w: %w", api.ErrCursor, err)
	}
	return records, next, err
}

// accessTokens judges access tokens of a provider.
type accessTokens struct {
	provider *oidc.Provider
	audience string
	claim    []string
}

// Verify implements api.Tokens.
func (t accessTokens) Verify(ctx context.Context, raw string) (api.Token, error) {
	got, err := t.provider.VerifyAccessToken(ctx, raw, t.audience)
	switch {
	case oidc.KindOf(err) == oidc.KindUnavailable:
		return api.Token{}, fmt.Errorf("%w: %w", api.ErrUnproven, err)
	case err != nil:
		return api.Token{}, fmt.Errorf("%w: %w", api.ErrBadProof, err)
	}
	return api.Token{Subject: got.Subject, Expires: got.Expires, Values: got.Texts(t.claim...)}, nil
}
