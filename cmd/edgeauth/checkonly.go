package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// checkOnly returns parts with which a tree can be built but not run: `edgeauth check` opens no store and needs no keys.
func checkOnly() (parts, error) {
	pages, err := web.NewPages()
	if err != nil {
		return parts{}, err
	}
	key, err := session.GenerateKey(time.Now())
	if err != nil {
		return parts{}, err
	}
	ring, err := session.NewRing([]session.Key{key})
	if err != nil {
		return parts{}, err
	}
	log := slog.New(slog.DiscardHandler)
	keys := func() *session.Ring { return ring }
	return parts{
		log: log, audit: audit.New(log, nil, time.Now), pages: pages, metrics: admin.NewMetrics(), keys: keys,
		replica: revocation.NewReplica(time.Now), revoker: nowhere{}, once: once{nil}, vault: session.NewVault(keys, nil, time.Now),
	}, nil
}

// nowhere is a log that nothing can be written to.
type nowhere struct{}

var errCheckOnly = errors.New("the configuration is only being checked")

// Write refuses.
func (nowhere) Write(context.Context, ...revocation.Entry) (revocation.Delivery, error) {
	return 0, errCheckOnly
}
