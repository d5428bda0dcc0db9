package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/tokens"
	"github.com/edgeauth/edgeauth/web"
)

// edge is what lives as long as the process, whatever the configuration becomes by a reload.
type edge struct {
	log     *slog.Logger
	level   *slog.LevelVar
	audit   *audit.Log
	metrics *admin.Metrics
	pages   *web.Pages
	hook    *hook

	keys     *session.Keyring
	store    sharedStore
	replica  *revocation.Replica
	follower *revocation.Follower
	fleet    *revocation.Fleet
	writer   *revocation.Writer
	durable  durable
	open     *proxy.Exchanges
	memory   memory
	index    *sessions.Index
	recorder *sessions.Recorder
	tokens   *tokens.Keeper
	hub      *api.Hub

	started   time.Time
	addresses map[string]string // of the listeners, by the key that names them; set before serving

	tree     atomic.Pointer[tree]
	draining atomic.Bool
	stale    atomic.Bool // whether the configuration file is not the configuration in use
}

// newEdge opens what a process needs once: log, key ring, store. It does no network but to a local file.
func newEdge(cfg *config.Config, logs io.Writer) (*edge, error) {
	e := &edge{level: new(slog.LevelVar), metrics: admin.NewMetrics(), started: time.Now()}
	e.level.Set(cfg.Telemetry.LogLevel)
	e.log = newLogger(logs, cfg.Telemetry.LogFormat, e.level)
	adoptLibraries(e.log)
	e.hook = newHook(e.log, e.metrics)
	e.hub = api.NewHub()
	e.audit = audit.New(e.log, e.observe, time.Now)
	var err error
	if e.pages, err = web.NewPages(); err != nil {
		return nil, err
	}
	if e.keys, err = openKeys(cfg, e.log); err != nil {
		return nil, err
	}
	if e.store, err = openStore(cfg, e.log, storeWatch{e.metrics}); err != nil {
		return nil, err
	}
	e.replica = revocation.NewReplica(time.Now)
	e.writer = revocation.NewWriter(e.store, e.replica, cfg.Server.Region, e.delivered)
	if e.durable, err = openDurable(e, cfg); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	e.fleet = newFleet(cfg, e.log, e.durable.folder != nil)
	grace := revocation.DefaultGrace
	if cfg.Store.Type == config.StoreEmbedded {
		grace = 0 // the file has one user: nobody else could give it anything back
	}
	e.follower = revocation.NewFollower(revocation.FollowerOptions{
		Stream: e.store, Sink: e.store, Replica: e.replica, Log: e.log, Notify: e.happened, Now: time.Now, Grace: grace, Bound: bound(cfg), Fleet: e.fleet,
	})
	e.index = newIndex(e)
	e.recorder = newRecorder(e.index, e.metrics)
	e.tokens = newKeeper(e)
	e.memory = memory{risk.NewPopulation(time.Now), risk.NewFailures()}
	e.open = newExchanges(e)
	e.measure()
	return e, nil
}

func newLogger(w io.Writer, format config.LogFormat, level slog.Leveler) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if format == config.LogText {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}

// openKeys reads the key ring. Where the store is embedded there is one edge only, so it may make its own ring; several
// edges that each made one would refuse each other's sessions.
func openKeys(cfg *config.Config, log *slog.Logger) (*session.Keyring, error) {
	path := cfg.Session.KeysFile
	_, err := session.ReadKeys(path)
	switch {
	case session.KeysMissing(err) && cfg.Store.Type == config.StoreEmbedded:
		if err := os.MkdirAll(cfg.Server.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("making server.data_dir: %w", err)
		}
		if err := createKeys(path, time.Now()); err != nil {
			return nil, err
		}
		log.Info("made a key ring, because there was none", "file", path)
	case session.KeysMissing(err):
		return nil, fmt.Errorf("there is no key ring at %s: make one with `edgeauth keys new --file %s` and give the same file to every edge", path, path)
	case err != nil:
		return nil, err
	}
	tellWhoReads(path, log)
	return session.OpenKeyring(path)
}

// happened turns what the follower saw into audit events.
func (e *edge) happened(what revocation.Happening, detail string) {
	event := audit.Event{Detail: detail}
	switch what {
	case revocation.Begun:
		event.Name = audit.LogBegun
	case revocation.Reseeded:
		event.Name = audit.LogReseeded
	case revocation.Unreadable:
		event.Name = audit.EntryUnreadable
	case revocation.Gap:
		event.Name = audit.LogGap
	case revocation.Leaned:
		event.Name = audit.LogFromDisk
	}
	e.audit.Write(context.Background(), event)
}

func (e *edge) delivered(n int) {
	e.audit.Write(context.Background(), audit.Event{Name: audit.OutboxDelivered, Detail: fmt.Sprintf("%d entries", n)})
}

// revoke writes to the log for an operator, with the audit event and the metric that go with it.
func (e *edge) revoke(ctx context.Context, entry revocation.Entry, of about) (revocation.Delivery, error) {
	if entry.Kind == revocation.KindNotBefore {
		entry.Since = max(entry.Since, e.replica.Cover(time.Now(), e.fleet.Lead()))
		entry.Until = max(entry.Until, entry.Since+revocation.Millis(session.MaxLifetime/time.Millisecond))
	}
	d, err := e.writer.Write(ctx, entry)
	if err != nil {
		return d, err
	}
	e.metrics.Revocation(entry.Scope.String(), "operator", d.String())
	e.audit.Write(ctx, of.revoked(entry, d))
	return d, nil
}

// ServeHTTP answers with the tree that is in place when the request arrives.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	endUnclear(w, r)
	e.tree.Load().handler.ServeHTTP(w, r)
}

func (e *edge) close() error { return errors.Join(e.store.Close(), e.durable.close(e)) }
