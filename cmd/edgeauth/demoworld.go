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
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// demoWorld is what stands around the edge in the demo: the identity provider and the two applications.
type demoWorld struct {
	origin  string // of the edge
	issuer  string
	servers []demoServer
}

type demoServer struct {
	ln net.Listener
	h  http.Handler
}

// newDemoWorld opens the listeners. The provider is reached as localhost and the edge by its address, because cookies
// do not tell ports apart.
func newDemoWorld(edgeAddr string) (*demoWorld, error) {
	w := &demoWorld{origin: "http://" + edgeAddr}
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
			return nil, errors.Join(fmt.Errorf("listening for the demo: %w", err), w.close())
		}
		w.servers = append(w.servers, demoServer{ln, h})
	}
	_, port, _ := net.SplitHostPort(w.servers[0].ln.Addr().String())
	w.issuer = "http://localhost:" + port
	provider.SetIssuer(w.issuer)
	return w, nil
}

func (w *demoWorld) close() (err error) {
	for _, s := range w.servers {
		err = errors.Join(err, s.ln.Close())
	}
	return err
}

// serve runs provider and applications until the context ends. Their open streams end with it.
func (w *demoWorld) serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range w.servers {
		srv := &http.Server{Handler: s.h, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
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
	}
	return g.Wait()
}

// config is the edge's configuration: what a user would write, so that the demo shows the product and not a special case.
func (w *demoWorld) config(f demoFlags, dir string) []byte {
	level := "warn"
	if f.verbose {
		level = "info"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `server:
  hosts:
    - url: %s
  listen: %q
  data_dir: %q
  drain: 2s
providers:
  demo:
    display_name: Demo identity provider
    issuer: %s
    client_id: edgeauth
    client_secret: demo
upstreams:
  page:
    addresses: [http://%s]
    assertion:
      enabled: true
  api:
    addresses: [http://%s]
routes:
  - {path: /public, upstream: page, public: true}
  - {path: /staff, upstream: page, groups: [staff]}
  - {path: /admin, upstream: page, groups: [admin]}
  - {path: /api, upstream: api}
  - {path: /, upstream: page}
admin:
  listen: 127.0.0.1:0
telemetry:
  log_level: %s
  log_format: text
`, w.origin, f.listen, dir, w.issuer, w.servers[1].ln.Addr(), w.servers[2].ln.Addr(), level)
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
           Log in as alice (password alice, group staff) or bob (password bob, groups staff and admin).
  Try      %[1]s/admin/     alice is refused, bob is not
           %[1]s/public/    asks nobody
           curl -i %[1]s/api/hello
                                       a program gets a 401 that it can read, not a redirect
           %[4]s revoke --config %[2]s --all
                                       in another terminal: everybody is logged out at once
  Health   http://%[3]s/readyz  and  /metrics
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
