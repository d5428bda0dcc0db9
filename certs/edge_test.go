package certs_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
)

// edge is the two listeners of an edge, which stay while managers come and go.
type edge struct {
	ports     pebbletest.Ports
	httpLn    net.Listener
	tlsLn     net.Listener
	HTTP, TLS string // their addresses
}

func newEdge(t *testing.T) *edge {
	t.Helper()
	e := &edge{}
	for _, ln := range []*net.Listener{&e.httpLn, &e.tlsLn} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		*ln = l
	}
	e.HTTP, e.TLS = e.httpLn.Addr().String(), e.tlsLn.Addr().String()
	e.ports = pebbletest.Ports{HTTP: e.httpLn.Addr().(*net.TCPAddr).Port, TLS: e.tlsLn.Addr().(*net.TCPAddr).Port}
	return e
}

// again makes new listeners on the same ports, as a restarted process does.
func (e *edge) again(t *testing.T) *edge {
	t.Helper()
	n := &edge{ports: e.ports, HTTP: e.HTTP, TLS: e.TLS}
	for addr, ln := range map[string]*net.Listener{e.HTTP: &n.httpLn, e.TLS: &n.tlsLn} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		*ln = l
	}
	return n
}

// run starts a manager behind the listeners and returns it and a function that ends it and them.
func (e *edge) run(t *testing.T, cfg certs.Config) (*certs.Manager, func()) {
	t.Helper()
	m, err := certs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, e.serve(t, m, cfg.Hosts)
}

// serve runs m behind the listeners and returns a function that ends it and them.
func (e *edge) serve(t *testing.T, m *certs.Manager, hosts []string) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	quiet := log.New(io.Discard, "", 0)
	plain := &http.Server{Handler: m.HTTPHandler(certs.Redirect(hosts)), ErrorLog: quiet}
	secure := &http.Server{Handler: http.HandlerFunc(hello), TLSConfig: m.TLSConfig(), ErrorLog: quiet}
	go func() { _ = plain.Serve(e.httpLn) }()
	go func() { _ = secure.ServeTLS(e.tlsLn, "", "") }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		_, _ = plain.Close(), secure.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }

// acmeConfig is for one host and challenge, with Pebble as the CA.
func acmeConfig(t *testing.T, e *edge, p *pebbletest.Server, host string, challenges ...certs.Challenge) certs.Config {
	return certs.Config{
		Mode: certs.ModeACME, Hosts: []string{host}, Log: (&logBook{}).logger(),
		ACME: certs.ACME{
			Directory: p.Directory, CAFile: p.CAFile, Storage: t.TempDir(), AcceptTerms: true,
			Challenges: challenges, HTTPPort: e.ports.HTTP, TLSALPNPort: e.ports.TLS,
		},
	}
}

// serves reports whether m has a certificate for its only host and no complaint.
func serves(m *certs.Manager) func() bool {
	return func() bool {
		st := m.Status()[0]
		return st.Err == nil && !st.NotAfter.IsZero()
	}
}
