package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/config"
)

// reloader replaces the edge's tree when the configuration changes, and runs the loops of the one in place.
type reloader struct {
	edge  *edge
	path  string // empty: there is no file to read again
	hup   <-chan os.Signal
	stamp string // of the files, when the configuration in use was read; empty: to be read again
	said  string // what is wrong with the file, as it was last said

	stop      context.CancelFunc // ends the loops of the tree in place
	stopCerts context.CancelFunc // ends the loop of the certificates in use
	wg        sync.WaitGroup     // those loops
}

func newReloader(e *edge, path string, hup <-chan os.Signal) *reloader {
	r := &reloader{edge: e, path: path, hup: hup, stop: func() {}, stopCerts: func() {}}
	r.stamp = r.stampNow(e.tree.Load().cfg)
	e.metrics.Gauge(admin.GaugeConfigValid, "Whether the configuration file is the configuration in use; 0 after a broken reload.", nil,
		func() float64 { return truth(!e.stale.Load()) })
	return r
}

// lookEvery is how often the files are looked at. SIGHUP does not wait for it.
const lookEvery = 2 * time.Second

// run follows the configuration until the context ends. It returns nil.
func (r *reloader) run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	r.begin(ctx, r.edge.tree.Load(), nil)
	defer func() { r.stop(); r.stopCerts(); r.wg.Wait() }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.hup:
			r.said = "" // who asks gets an answer
			r.reload(ctx)
		case <-tick.C:
			if r.path != "" && r.stampNow(r.edge.tree.Load().cfg) != r.stamp {
				r.reload(ctx)
			}
		}
	}
}

// begin starts the loops of a tree; what it took over from the old one goes on.
func (r *reloader) begin(ctx context.Context, t, old *tree) {
	if old == nil || t.certs != old.certs {
		r.stopCerts()
		r.stopCerts = r.loop(ctx, t.certs.Run)
	}
	r.stop()
	r.stop = r.loop(ctx, t.run)
	r.edge.measureTree(t)
}

func (r *reloader) loop(ctx context.Context, run func(context.Context) error) context.CancelFunc {
	ctx, cancel := context.WithCancel(ctx)
	r.wg.Go(func() {
		if err := run(ctx); err != nil && ctx.Err() == nil {
			r.edge.log.Error("a background task ended", "error", err)
		}
	})
	return cancel
}

// reload reads the file and swaps the tree if all of it is good. A file that changed while it was read is read again, and
// so is a broken one: a secret that comes later, or a mode that is put right, leaves no mark on the file that names it.
func (r *reloader) reload(ctx context.Context) {
	if r.path == "" {
		return
	}
	old := r.edge.tree.Load()
	before := r.stampNow(old.cfg)
	t, err := r.build(old)
	r.edge.stale.Store(err != nil)
	if r.stamp = ""; err != nil {
		r.refuse(ctx, err)
		return
	}
	if r.stampNow(old.cfg) == before {
		r.stamp = r.stampNow(t.cfg)
	}
	r.said = ""
	r.edge.level.Set(t.cfg.Telemetry.LogLevel)
	r.begin(ctx, t, old)
	r.edge.tree.Store(t)
	t.use(r.edge.open)
	r.edge.hook.use(t.hook)
	old.retire()
	r.each(slog.LevelWarn, "a remark on the changed configuration", t.cfg.Warnings)
	r.edge.audit.Write(ctx, audit.Event{Name: audit.ConfigReloaded, Detail: r.path})
}

// build makes a tree of what the file says now.
func (r *reloader) build(old *tree) (*tree, error) {
	cfg, err := config.Load(r.path, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	if err := fixed(old.cfg, cfg); err != nil {
		return nil, err
	}
	return newTree(cfg, r.edge.parts(), old)
}

// refuse says what is wrong, once.
func (r *reloader) refuse(ctx context.Context, err error) {
	if err.Error() == r.said {
		return
	}
	r.said = err.Error()
	r.edge.log.Error("the changed configuration cannot be used; the one before it stays in use", "file", r.path, "error", inShort(err))
	r.each(slog.LevelError, "a mistake in the changed configuration", mistakes(err))
	r.edge.audit.Write(ctx, audit.Event{Name: audit.ConfigRefused, Detail: r.path})
}

// mistakes are the single mistakes of a file; none where the error is something else.
func mistakes(err error) []config.Error {
	var all *config.Errors
	if errors.As(err, &all) {
		return all.List
	}
	return nil
}

// inShort is one line for a log.
func inShort(err error) string {
	if list := mistakes(err); len(list) > 0 {
		return counted(len(list), "mistake")
	}
	return err.Error()
}

// each writes a record for every mistake or warning.
func (r *reloader) each(level slog.Level, message string, list []config.Error) {
	for _, one := range list {
		r.edge.log.Log(context.Background(), level, message, "problem", one.Error(), "hint", one.Hint)
	}
}

// fixed names the settings that a running process cannot change.
func fixed(old, cfg *config.Config) error {
	var changed []string
	for key, same := range map[string]bool{
		"server.listen": old.Server.Listen == cfg.Server.Listen, "server.http_listen": old.Server.HTTPListen == cfg.Server.HTTPListen,
		apiListen: old.Admin.API.Listen == cfg.Admin.API.Listen, "admin.api.cert_file": (old.Admin.API.CertFile == "") == (cfg.Admin.API.CertFile == ""),
		"server.name": old.Server.Name == cfg.Server.Name, "server.region": old.Server.Region == cfg.Server.Region,
		"server.data_dir": old.Server.DataDir == cfg.Server.DataDir, "admin.listen": old.Admin.Listen == cfg.Admin.Listen,
		"store": reflect.DeepEqual(old.Store, cfg.Store), "session.keys_file": old.Session.KeysFile == cfg.Session.KeysFile,
		"server.read_header_timeout": old.Server.ReadHeaderTimeout == cfg.Server.ReadHeaderTimeout,
		"server.idle_timeout":        old.Server.IdleTimeout == cfg.Server.IdleTimeout,
		"server.max_header_bytes":    old.Server.MaxHeaderBytes == cfg.Server.MaxHeaderBytes,
		"telemetry.log_format":       old.Telemetry.LogFormat == cfg.Telemetry.LogFormat,
		"server.tls.mode":            (old.Server.TLS.Mode == config.TLSOff) == (cfg.Server.TLS.Mode == config.TLSOff),
	} {
		if !same {
			changed = append(changed, key)
		}
	}
	if slices.Sort(changed); len(changed) > 0 {
		return fmt.Errorf("%s can only change by a restart", strings.Join(changed, ", "))
	}
	return nil
}

// stampNow tells one state of the files from another.
func (r *reloader) stampNow(cfg *config.Config) string {
	var b strings.Builder
	for _, f := range append([]string{r.path, cfg.DryRun.File}, cfg.Files...) {
		info, err := os.Stat(f)
		if err != nil {
			fmt.Fprintf(&b, "%s: none\n", f)
			continue
		}
		fmt.Fprintf(&b, "%s: %d %d\n", f, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}
