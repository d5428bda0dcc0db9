package main

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/sessions"
)

// newIndex keeps the index of sessions in the edge's store.
func newIndex(e *edge) *sessions.Index {
	return sessions.New(sessions.Options{
		Store: e.store, Keys: e.keys.Ring, Log: e.replica, Now: time.Now,
		Unreadable: func(_ context.Context, n int) {
			e.log.Warn("records of the index of sessions cannot be read and were left out", "records", n)
		},
	})
}
