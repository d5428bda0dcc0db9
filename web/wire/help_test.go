package wire_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/web/wire"
)

// patience bounds every wait.
const patience = 30 * time.Second

// server is a listener in service.
type server struct {
	*http.Server
	addr  string
	roots *x509.CertPool // nil: plain
}

type mode struct {
	name string
	tls  bool
}

func modes() []mode { return []mode{{"plain", false}, {"TLS", true}} }

// bare serves with nothing of this package.
func bare(srv *http.Server, ln net.Listener, secure bool) error {
	if secure {
		return srv.ServeTLS(ln, "", "")
	}
	return srv.Serve(ln)
}

// ours serves as the edge does.
func ours(srv *http.Server, ln net.Listener, secure bool) error {
	if secure {
		return wire.ServeTLS(srv, ln, nil)
	}
	return wire.Serve(srv, ln)
}

// start serves h until the test ends, and fails it unless serving ends then.
func start(t *testing.T, h http.HandlerFunc, secure bool, serve func(*http.Server, net.Listener, bool) error, set ...func(*http.Server)) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	s := &server{addr: ln.Addr().String(), Server: &http.Server{Handler: h, Protocols: &p, MaxHeaderBytes: 4096, ReadHeaderTimeout: patience}}
	if secure {
		s.TLSConfig, s.roots = certificate(t)
	}
	for _, f := range set {
		f(s.Server)
	}
	done := make(chan error, 1)
	go func() { done <- serve(s.Server, ln, secure) }()
	t.Cleanup(func() {
		_ = s.Close()
		select {
		case err := <-done:
			if !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("serving ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("serving does not end with the server")
		}
	})
	return s
}

// certificate borrows what httptest brings for 127.0.0.1.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}, roots
}

// dial opens a connection that speaks HTTP/1.
func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if s.roots != nil {
		return tls.Client(c, &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}})
	}
	return c
}

// send writes a text and returns all that comes back until the server closes.
func (s *server) send(t *testing.T, raw string) string {
	t.Helper()
	c := s.dial(t)
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil && len(got) == 0 {
		t.Fatal(err)
	}
	return string(got)
}

// next reads one answer with its body.
func next(t *testing.T, in *bufio.Reader) (*http.Response, string) {
	t.Helper()
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(body)
}
