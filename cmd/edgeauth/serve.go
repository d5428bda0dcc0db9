package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/fingerprint"
	"github.com/edgeauth/edgeauth/web/wire"
)

// service is one listener with what answers on it.
type service struct {
	name   string
	server *http.Server
	ln     net.Listener
	tls    bool
}

// adminListen is the key, and so the name, of the admin listener.
const adminListen = "admin.listen"

// services opens the listeners that the configuration names. On an error none stays open.
func (e *edge) services(cfg *config.Config) (_ []service, err error) {
	var out []service
	defer func() {
		if err != nil {
			for _, s := range out {
				s.ln.Close()
			}
		}
	}()
	open := func(key, addr string, h http.Handler, withTLS bool) error {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("listening for %s: %w", key, err)
		}
		out = append(out, service{name: key, server: e.newServer(cfg, h), ln: ln, tls: withTLS})
		return nil
	}
	secure := cfg.Server.TLS.Mode != config.TLSOff
	if err := open("server.listen", cfg.Server.Listen, e, secure); err != nil {
		return out, err
	}
	if cfg.Server.HTTPListen != "" {
		if err := open("server.http_listen", cfg.Server.HTTPListen, http.HandlerFunc(e.plain), false); err != nil {
			return out, err
		}
	}
	if cfg.Admin.Listen != "" {
		host, _, _ := net.SplitHostPort(cfg.Admin.Listen) // valid: it was read as an address to listen on
		h := admin.Handler(admin.Options{Checks: e.checks(), Metrics: e.metrics, Overview: e.overview, Pages: e.pages, Host: host, Log: e.log})
		if err := open(adminListen, cfg.Admin.Listen, h, false); err != nil {
			return out, err
		}
	}
	if cfg.Admin.API.Listen != "" {
		s, err := e.governanceService(cfg)
		if err != nil {
			return out, err
		}
		out = append(out, s)
	}
	ln, err := e.listenControl(cfg)
	if err != nil {
		return out, err
	}
	if ln != nil {
		out = append(out, service{name: "control socket", server: e.newServer(cfg, e.control()), ln: ln})
	}
	return out, nil
}

// listenControl makes the control socket. An edge with Redis works without a data_dir that it could write to; then the
// command line has to write the log itself, which it can't while Redis is away.
func (e *edge) listenControl(cfg *config.Config) (net.Listener, error) {
	path := socketPath(cfg)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil && cfg.Store.Type == config.StoreRedis {
		e.log.Info("there is no control socket: server.data_dir cannot be made", "error", err)
		return nil, nil
	}
	ln, err := listenSocket(path)
	if err != nil && errors.Is(err, fs.ErrPermission) && cfg.Store.Type == config.StoreRedis {
		e.log.Info("there is no control socket: server.data_dir cannot be written", "error", err)
		return nil, nil
	}
	return ln, err
}

// headerSlop is what net/http reads beyond Server.MaxHeaderBytes: without it the limit would not be the configured one.
const headerSlop = 4096

func (e *edge) newServer(cfg *config.Config, h http.Handler) *http.Server {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: &p, DisableGeneralOptionsHandler: true, // `OPTIONS *` is refused like any other odd target
		ReadHeaderTimeout: cfg.Server.ReadHeaderTimeout, IdleTimeout: cfg.Server.IdleTimeout, MaxHeaderBytes: cfg.Server.MaxHeaderBytes - headerSlop,
		ErrorLog: slog.NewLogLogger(e.log.Handler(), slog.LevelDebug), // handshake noise of strangers
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return e.tree.Load().tls, nil },
		},
	}
}

// plain answers on the plain-http listener: ACME challenges, and redirects to https for the configured hosts.
func (e *edge) plain(w http.ResponseWriter, r *http.Request) { e.tree.Load().plain.ServeHTTP(w, r) }

// serve runs listeners and loops until ctx ends, then drains: no new connections, requests in flight get their time,
// and only then the loops end that they depend on.
func (e *edge) serve(ctx context.Context, services []service, r *reloader) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	loops, life := errgroup.WithContext(life)
	loops.Go(func() error { return e.follower.Run(life) })
	loops.Go(func() error { return e.writer.Run(life) })
	loops.Go(func() error { return boundGarbage(life) })
	loops.Go(func() error { return e.durable.run(life) })
	loops.Go(func() error { return e.keys.Run(life, e.log, e.keysChanged) })
	if s, ok := e.store.(interface{ Run(context.Context) error }); ok {
		loops.Go(func() error { return s.Run(life) })
	}
	loops.Go(func() error { return r.run(life) })
	loops.Go(func() error { return e.tokens.Run(life) })
	loops.Go(func() error { return e.announce(life) })
	loops.Go(func() error { return e.recorder.Run(life) })
	loops.Go(func() error { return e.open.Run(life) })
	loops.Go(func() error { return e.hook.sink.Run(life) })

	listeners, ctx := errgroup.WithContext(ctx)
	var drained time.Time     // when the drain has to be over; set by the first to begin it
	var others sync.WaitGroup // all but the admin listener, which tells of the drain until it is over
	for _, s := range services {
		if s.name != adminListen {
			others.Add(1)
		}
	}
	others.Add(1)
	listeners.Go(func() error {
		defer others.Done()
		select {
		case <-ctx.Done():
		case <-life.Done():
		}
		e.farewell(e.tree.Load().cfg.Server.Drain)
		return nil
	})
	for _, s := range services {
		listeners.Go(func() error { return s.serve() })
		listeners.Go(func() error {
			select {
			case <-ctx.Done():
			case <-life.Done():
			}
			if !e.draining.Swap(true) {
				drained = time.Now().Add(e.tree.Load().cfg.Server.Drain)
				e.tree.Load().governance.end()
				e.log.Info("shutting down: no new connections, requests in flight may finish", "within", e.tree.Load().cfg.Server.Drain.String())
			}
			if s.name == adminListen {
				others.Wait()
				return s.stop(0)
			}
			defer others.Done()
			return s.stop(e.tree.Load().cfg.Server.Drain)
		})
	}
	err := listeners.Wait()
	end()
	err = errors.Join(err, loops.Wait())
	e.hook.flush(drained)
	e.log.Info("stopped")
	return err
}

func (s service) serve() error {
	var err error
	if s.tls {
		err = wire.ServeTLS(s.server, s.ln, fingerprint.Program)
	} else {
		err = wire.Serve(s.server, s.ln)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving %s: %w", s.name, err)
}

// stop drains. What is left when the time is over is closed.
func (s service) stop(drain time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		return s.server.Close()
	}
	return nil
}

// announce says once that the edge is ready.
func (e *edge) announce(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !e.replica.Ready() {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	e.log.Info("ready")
	return nil
}

// certsConfig translates the configuration for certs.
func certsConfig(cfg *config.Config, log *slog.Logger) certs.Config {
	c := certs.Config{Mode: certs.Mode(cfg.Server.TLS.Mode), Log: log}
	for _, h := range cfg.Server.Hosts {
		if h.URL.Scheme == "https" && net.ParseIP(h.URL.Hostname()) == nil {
			c.Hosts = append(c.Hosts, h.URL.Hostname())
		}
	}
	for _, p := range cfg.Server.TLS.Certificates {
		c.Files = append(c.Files, certs.Pair{CertFile: p.CertFile, KeyFile: p.KeyFile})
	}
	a := cfg.Server.TLS.ACME
	c.ACME = certs.ACME{Email: a.Email, CAFile: a.CAFile, Storage: a.Storage, AcceptTerms: a.AcceptTerms}
	if a.Directory != nil {
		c.ACME.Directory = a.Directory.String()
	}
	// Challenges arrive at our own listeners, which may stand behind other ports: nothing else is to be opened for them.
	c.ACME.TLSALPNPort, c.ACME.HTTPPort = portOf(cfg.Server.Listen), portOf(cfg.Server.HTTPListen)
	if cfg.Server.HTTPListen == "" {
		c.ACME.Challenges = []certs.Challenge{certs.TLSALPN01}
	}
	return c
}

// portOf is the port of a listener's address; 0 where it has none or names it by a word.
func portOf(listen string) int {
	_, port, _ := net.SplitHostPort(listen)
	n, _ := strconv.Atoi(port)
	return n
}
