// Package pebbletest runs Pebble, a real ACME server that validates for real, for one test: it asks a DNS server of ours for
// each name and connects to the ports that it was told. Between it and the client stands a proxy that counts orders and can
// spoil answers. It must not know what asks for certificates.
package pebbletest

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
	"github.com/edgeauth/edgeauth/internal/need"
)

// Server is one Pebble. Its fields may be used by several goroutines.
type Server struct {
	Directory string // of the proxy, which passes all to Pebble
	CAFile    string // to be trusted for Directory
	Orders    atomic.Int64
	Spoil     atomic.Pointer[func(*http.Response) error] // a fault to inject into Pebble's answers
	Down      atomic.Bool                                // closes every connection without an answer
	server    *http.Server
}

// Ports are where Pebble finds the edge.
type Ports struct{ HTTP, TLS int }

// Start runs Pebble until the test ends. Its certificates live for the given seconds. Where there is no Pebble it skips the
// test (see need).
func Start(t *testing.T, ports Ports, seconds int) *Server {
	t.Helper()
	bin := need.Pebble(t)
	dir := t.TempDir()
	own := WritePair(t, dir, "pebble", "localhost")
	backend := freePort(t)
	config := map[string]any{"pebble": map[string]any{
		"listenAddress": backend, "managementListenAddress": "",
		"certificate": own.CertFile, "privateKey": own.KeyFile,
		"httpPort": ports.HTTP, "tlsPort": ports.TLS, "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "for tests", "validityPeriod": seconds}},
	}}
	file := filepath.Join(dir, "pebble.json")
	writeJSON(t, file, config)
	cmd := exec.Command(bin, "-config", file, "-dnsserver", startDNS(t))
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "GODEBUG=") // the FIPS lane is for us, not for Pebble
	log, err := os.Create(filepath.Join(dir, "pebble.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	process, err := child.Start(cmd, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Kill()
		_ = log.Close()
		if said, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("Pebble said:\n%s", said)
		}
	})
	p := &Server{CAFile: own.CertFile}
	p.serve(t, own, backend)
	waitFor(t, func() bool {
		conn, err := net.Dial("tcp", backend)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return p
}

// serve starts the proxy. It keeps the Host header, from which Pebble makes its URLs.
func (s *Server) serve(t *testing.T, own Pair, backend string) {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: backend})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: PoolOf(t, own.CertFile), ServerName: "localhost"}},
		ModifyResponse: func(r *http.Response) error {
			if f := s.Spoil.Load(); f != nil {
				return (*f)(r)
			}
			return nil
		},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	s.Directory = "https://localhost:" + port + "/dir"
	s.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Down.Load() {
			panic(http.ErrAbortHandler)
		}
		if strings.Contains(r.URL.Path, "order-plz") {
			s.Orders.Add(1)
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = s.server.ServeTLS(ln, own.CertFile, own.KeyFile) }()
	t.Cleanup(func() {
		_ = s.server.Close()
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	})
}

func writeJSON(t *testing.T, file string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a loopback address that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// waitFor waits up to 30 s until Pebble listens.
func waitFor(t *testing.T, listens func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !listens(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("pebbletest: Pebble does not listen after 30 s")
		}
	}
}
