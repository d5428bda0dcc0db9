package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/config"
)

// governance is the governance API under one configuration: for the control socket always, for the network where it is
// configured.
type governance struct {
	api     func() (*api.API, error) // made when it is asked for first: it costs 8 ms and some megabytes
	made    atomic.Pointer[api.API]  // nil: nobody has asked yet
	over    atomic.Bool              // streams have to end, also those of an API that is made only now
	network http.Handler             // nil: not on the network
	certs   *certs.Manager           // nil: plain text
	tls     *tls.Config
}

func newGovernance(cfg *config.Config, t *tree, p parts) (*governance, error) {
	g := &governance{}
	g.api = sync.OnceValues(func() (*api.API, error) {
		a, err := newAPI(cfg, t, p)
		if err == nil {
			g.made.Store(a)
			if g.over.Load() {
				a.End()
			}
		}
		return a, err
	})
	if cfg.Admin.API.Listen == "" {
		return g, nil
	}
	a, err := g.api()
	if err != nil {
		return nil, err
	}
	if err := g.encrypt(cfg.Admin.API, p.log); err != nil {
		return nil, err
	}
	callers := t.callers(cfg)
	if g.tls != nil {
		callers.Authorities = g.tls.ClientCAs
	}
	g.network = a.Handler(callers.Caller)
	return g, nil
}

func newAPI(cfg *config.Config, t *tree, p parts) (*api.API, error) {
	var providers []api.Provider
	for _, c := range cfg.Providers {
		providers = append(providers, api.Provider{Name: c.Name, Issuer: c.Issuer})
	}
	names := cfg.Levels.Ranked()
	return api.New(api.Options{
		Index: cursors{p.index}, Standings: p.replica, Log: p.governed.log, Events: p.governed.hub, Explain: explainer{t, p.governed.known},
		Providers: providers, Levels: names[:], Audit: p.audit, Logger: p.log, Now: time.Now, Lead: p.fleet.Lead,
		Burden: t.weigh(levels(cfg.Levels)),
	})
}

// end ends the API's streams, which would hold up the end of the process, or outlive their configuration.
func (g *governance) end() {
	g.over.Store(true)
	if a := g.made.Load(); a != nil {
		a.End()
	}
}

// callers are those who may use the API over the network.
func (t *tree) callers(cfg *config.Config) *api.Network {
	c := cfg.Admin.API
	n := &api.Network{Certificates: roles(c.Certificates.Viewer, c.Certificates.Operator), Now: time.Now}
	if p, ok := cfg.APIProvider(); ok && !c.Bearer.IsZero() {
		n.Provider, n.Roles = p.Name, roles(c.Bearer.Viewer, c.Bearer.Operator)
		n.Tokens = accessTokens{t.providers[p.Name], c.Bearer.Audience, c.Bearer.Claim}
	}
	return n
}

// roles gives who is in both lists the greater role.
func roles(viewers, operators []string) map[string]api.Role {
	out := map[string]api.Role{}
	for _, name := range viewers {
		out[name] = api.Viewer
	}
	for _, name := range operators {
		out[name] = api.Operator
	}
	return out
}

// encrypt reads the listener's certificate and whose client certificates count. Without tokens, nobody gets beyond the handshake who
// has none.
func (g *governance) encrypt(c config.API, log *slog.Logger) error {
	if c.CertFile == "" {
		return nil
	}
	var err error
	g.certs, err = certs.New(certs.Config{Mode: certs.ModeFiles, Files: []certs.Pair{{CertFile: c.CertFile, KeyFile: c.KeyFile}}, Log: log})
	if err != nil {
		return fmt.Errorf("admin.api: %w", err)
	}
	g.tls = g.certs.TLSConfig()
	g.tls.SessionTicketsDisabled = true // each connection shows its certificate anew
	if c.Certificates.IsZero() {
		return nil
	}
	g.tls.ClientAuth = tls.VerifyClientCertIfGiven
	if c.Bearer.IsZero() {
		g.tls.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if g.tls.ClientCAs, err = rootsFrom(c.ClientCAFile); err == nil && g.tls.ClientCAs == nil {
		err = errors.New("there is no client_ca_file")
	}
	if err != nil {
		return fmt.Errorf("admin.api.client_ca_file: %w", err)
	}
	return nil
}

// apiListen is the key, and so the name, of the API's listener.
const apiListen = "admin.api.listen"

const (
	apiPing = 30 * time.Second // of silence, after which a client is asked whether it is there
	apiPong = 15 * time.Second
)

// governanceService opens the API's listener. One that others reach speaks TLS, whatever the configuration was when it was read.
func (e *edge) governanceService(cfg *config.Config) (service, error) {
	ln, err := net.Listen("tcp", cfg.Admin.API.Listen)
	if err != nil {
		return service{}, fmt.Errorf("listening for %s: %w", apiListen, err)
	}
	s := service{name: apiListen, ln: ln, tls: e.tree.Load().governance.tls != nil}
	if at, ok := ln.Addr().(*net.TCPAddr); !s.tls && (!ok || !at.IP.IsLoopback()) {
		_ = ln.Close()
		return service{}, fmt.Errorf("%s: %s is not loopback, so it needs cert_file and key_file", apiListen, ln.Addr())
	}
	s.server = e.newServer(cfg, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.tree.Load().governance.network.ServeHTTP(w, r)
	}))
	s.server.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return e.tree.Load().governance.tls, nil }
	s.server.HTTP2 = &http.HTTP2Config{SendPingTimeout: apiPing, PingTimeout: apiPong}
	return s, nil
}

// actorHeader carries who uses the control socket, as far as the command line knows: whoever may open the socket may do all.
const actorHeader = "Edgeauth-Actor"

// actorName is a user's name as systems allow it.
var actorName = regexp.MustCompile(`^[A-Za-z0-9._@\\-]{1,64}$`)

// owner knows who comes over the control socket.
func owner(r *http.Request) (api.Caller, error) {
	name := r.Header.Get(actorHeader)
	if !actorName.MatchString(name) {
		name = "unknown"
	}
	return api.Caller{Name: "cli:" + name, Role: api.Operator}, nil
}

// local is the API on the control socket.
func (e *edge) local() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := e.tree.Load().governance.api()
		if err != nil {
			e.log.Error("the governance API cannot be made", "error", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		a.Handler(owner).ServeHTTP(w, r)
	})
}
