// Package idptest serves package idp on a free loopback port for the length of a test. It owns the port only, and
// exists so that package idp, which is part of the demo binary, does not import package testing.
package idptest

import (
	"crypto/x509"
	"net/http/httptest"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
)

// Start serves a provider on plain http until the test ends. Without options it has the users of the demo and no
// client (idp.Server.SetClient adds one); the issuer is http://127.0.0.1:port unless an option names another.
func Start(t testing.TB, opts ...func(*idp.Options)) *idp.Server {
	t.Helper()
	s, _ := start(t, false, opts)
	return s
}

// StartTLS is Start on https with a certificate for 127.0.0.1 that the returned pool vouches for.
func StartTLS(t testing.TB, opts ...func(*idp.Options)) (*idp.Server, *x509.CertPool) {
	t.Helper()
	s, ts := start(t, true, opts)
	pool := x509.NewCertPool()
	pool.AddCert(ts.Certificate())
	return s, pool
}

func start(t testing.TB, secure bool, opts []func(*idp.Options)) (*idp.Server, *httptest.Server) {
	t.Helper()
	o := idp.Options{Users: idp.DemoUsers()}
	for _, opt := range opts {
		opt(&o)
	}
	s, err := idp.New(o)
	if err != nil {
		t.Fatalf("starting the identity provider: %v", err)
	}
	ts := httptest.NewUnstartedServer(s)
	if secure {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(func() {
		ts.CloseClientConnections() // a lie may still be talking
		ts.Close()
	})
	if o.Issuer == "" {
		s.SetIssuer(ts.URL)
	}
	return s, ts
}
