package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/file"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/tokens"
)

// sharedStore is all that an edge asks of its store: each part of it is handed on as the small interface that its user
// declares.
type sharedStore interface {
	revocation.Stream
	revocation.Sink
	session.Bytes
	tokens.Leases
	history.Lists
	sessions.Rolls
	sessions.Walker
	claimer
	Status() (ok bool, detail string)
	Close() error
}

type claimer interface {
	Claim(ctx context.Context, key string, value []byte, ttl time.Duration) (store.Claim, error)
}

// openStore opens the store that the configuration names. The embedded one needs data_dir. watch may be nil.
func openStore(cfg *config.Config, log *slog.Logger, watch redis.Observer) (sharedStore, error) {
	if cfg.Store.Type == config.StoreRedis {
		redis.LogTo(log) // the client's logger belongs to the process: set once, before there is a client
		opt, err := redisOptions(cfg.Store.Redis)
		if err != nil {
			return nil, err
		}
		opt.Observer = watch
		return redis.New(opt)
	}
	if err := os.MkdirAll(cfg.Server.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("making server.data_dir: %w", err)
	}
	return file.Open(cfg.Server.DataDir)
}

// openExisting opens the store for a command. An embedded store that is not there is an error: to make one would look
// like success to somebody who named the wrong folder.
func openExisting(cfg *config.Config, log *slog.Logger) (sharedStore, error) {
	if cfg.Store.Type == config.StoreEmbedded {
		path := filepath.Join(cfg.Server.DataDir, file.Name)
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("looking for the embedded store, in the server.data_dir that the edge runs with: %w", err)
		}
	}
	return openStore(cfg, log, nil)
}

// rootsFrom reads a PEM file of certificates to trust; nil, the system's, for no file.
func rootsFrom(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading roots: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading roots: %s holds no certificate in PEM", path)
	}
	return pool, nil
}

// once lets login claim marks in the store.
type once struct{ store claimer }

// Claim translates the store's words into login's.
func (o once) Claim(ctx context.Context, key string, value []byte, ttl time.Duration) (login.Claim, error) {
	c, err := o.store.Claim(ctx, key, value, ttl)
	switch {
	case err != nil:
		return 0, err
	case c == store.Fresh:
		return login.Fresh, nil
	case c == store.Own:
		return login.Own, nil
	case c == store.Taken:
		return login.Taken, nil
	}
	return 0, errors.New("the store gave no answer to a claim")
}
