package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/internal/demo/carrier"
	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// demoWorld is what stands around the edge in the demo: the identity provider and the two applications, and the carrier
// between browser and edge.
type demoWorld struct {
	origin  string // public, so the carrier's
	public  net.Listener
	issuer  string
	servers []demoServer
}

type demoServer struct {
	ln net.Listener
	h  http.Handler
}

// newDemoWorld opens the listeners. The provider is reached as localhost and the edge by its address, because cookies
// do not tell ports apart.
func newDemoWorld(publicAddr string) (_ *demoWorld, err error) {
	w := &demoWorld{origin: "http://" + publicAddr}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.public, err = net.Listen("tcp", publicAddr); err != nil {
		return nil, fmt.Errorf("listening for the demo: %w", err)
	}
	page, err := demo.Page()
	if err != nil {
		return nil, err
	}
	provider, err := idp.New(idp.Options{Users: idp.DemoUsers(), Clients: []idp.Client{{
		ID: "edgeauth", Secret: "demo", RedirectURIs: []string{w.origin + "/.edgeauth/callback"},
		PostLogoutURIs: []string{w.origin + "/.edgeauth/logged-out"}, BackchannelLogoutURI: w.origin + "/.edgeauth/backchannel-logout",
	}}})
	if err != nil {
		return nil, fmt.Errorf("making the demo's identity provider: %w", err)
	}
	for _, h := range []http.Handler{provider, page, demo.API()} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("listening for the demo: %w", err)
		}
		w.servers = append(w.servers, demoServer{ln, h})
	}
	_, port, _ := net.SplitHostPort(w.servers[0].ln.Addr().String())
	w.issuer = "http://localhost:" + port
	provider.SetIssuer(w.issuer)
	return w, nil
}

func (w *demoWorld) close() (err error) {
	if w.public != nil {
		err = w.public.Close()
	}
	for _, s := range w.servers {
		err = errors.Join(err, s.ln.Close())
	}
	return err
}

// serve runs provider and applications until the context ends. Their open streams end with it.
func (w *demoWorld) serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range w.servers {
		g.Go(func() error { return s.serve(ctx) })
	}
	return g.Wait()
}

// carry runs the carrier, which leads from the public address to the edge.
func (w *demoWorld) carry(ctx context.Context, e *edge) error {
	return demoServer{w.public, carrier.New(e.addresses["server.listen"])}.serve(ctx)
}

func (s demoServer) serve(ctx context.Context) error {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	srv := &http.Server{Handler: s.h, Protocols: &p, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the demo: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	return g.Wait()
}

// write puts the edge's configuration and what it names into a folder.
func (w *demoWorld) write(f demoFlags, dir string) (config string, err error) {
	mmdb, err := places.Write(dir)
	if err != nil {
		return "", err
	}
	config = filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, w.config(f, dir, mmdb), 0o600); err != nil {
		return "", fmt.Errorf("writing the demo's configuration: %w", err)
	}
	return config, nil
}

// config is the edge's configuration: what a user would write, so that the demo shows the product and not a special case.
func (w *demoWorld) config(f demoFlags, dir, mmdb string) []byte {
	level := "warn"
	if f.verbose {
		level = "info"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `server:
  hosts:
    - url: %s # the carrier, which leads here
  listen: 127.0.0.1:0
  trusted_proxies: [127.0.0.1] # the carrier again: it says which city a request comes from
  data_dir: %q
  drain: 2s
providers:
  demo:
    display_name: Demo identity provider
    issuer: %s
    client_id: edgeauth
    client_secret: demo
    clock_skew: 1s # one machine, one clock
upstreams:
  page:
    addresses: [http://%s]
    headers:
      level: X-Auth-Level
    assertion:
      enabled: true
  api:
    addresses: [http://%s]
routes:
  - {path: /public, upstream: page, public: true}
  - {path: /staff, upstream: page, groups: [staff]}
  - {path: /admin, upstream: page, groups: [admin]}
  - {path: /vault, upstream: page, classes: [sensitive]}
  - {path: /api, upstream: api}
  - {path: /, upstream: page}
risk:
  places:
    city: [%q]
admin:
  listen: 127.0.0.1:0
telemetry:
  log_level: %s
  log_format: text
`, w.origin, dir, w.issuer, w.servers[1].ln.Addr(), w.servers[2].ln.Addr(), mmdb, level)
	if f.redis != "" {
		fmt.Fprintf(&b, "store:\n  type: redis\n  redis:\n    addresses: [%q]\n    db: 15\n", f.redis)
	}
	return b.Bytes()
}

// announce waits until a login is possible and then says what there is to try.
func (w *demoWorld) announce(ctx context.Context, e *edge, out io.Writer, config string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for state, _ := e.tree.Load().checkProviders(); state != "ready" || !e.replica.Ready(); state, _ = e.tree.Load().checkProviders() {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	_, err := fmt.Fprintf(out, `
  Open     %[1]s/
           Log in as alice (group staff), bob (staff and admin) or carol (staff). Passwords are the names.
  Travel   choose two cities far from Berlin on the first page: the security level is high, and
           %[1]s/vault/     asks for a fingerprint (a button)
  Try      %[1]s/admin/     alice is refused, bob is not
           %[1]s/public/    asks nobody
           curl -i %[1]s/api/hello
                                       a program gets a 401 that it can read, not a redirect
           %[4]s revoke --config %[2]s --all
                                       in another terminal: every session ends at once (the next page logs you in
                                       again without asking, while the identity provider still knows you)
  Console  http://%[3]s/ (what the edge knows of itself), /readyz and /metrics
  End      Ctrl-C

ready
`, w.origin, config, e.addresses[adminListen], invocation())
	return err
}

// invocation is how this program can be called again from another terminal.
func invocation() string {
	self, err := os.Executable()
	if err != nil {
		return "edgeauth"
	}
	if strings.Contains(self, "go-build") {
		return "go run ./cmd/edgeauth"
	}
	if found, err := exec.LookPath("edgeauth"); err == nil && found == self {
		return "edgeauth"
	}
	return self
}
