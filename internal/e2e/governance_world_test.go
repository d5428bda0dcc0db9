package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// authority signs certificates for tests.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the tests"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	a.key = newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate, for a server at 127.0.0.1 or for a client by that common name.
func (a *authority) sign(name string, edits ...func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, edit := range edits {
		edit(c)
	}
	key := newKey(a.t)
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// write puts a certificate and its key into files.
func (a *authority) write(pair tls.Certificate, name string) (cert, key string) {
	a.t.Helper()
	dir := a.t.TempDir()
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	a.file(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	a.file(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return cert, key
}

func (a *authority) file(path string, content []byte) {
	a.t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(a.pem)
	return p
}

// governed is an edge, or two with one Redis, whose governance API takes client certificates and tokens.
type governed struct {
	*world
	t     *testing.T
	ca    *authority
	edges []*edgetest.Edge
	api   []string // address of each edge's API
	front *balancer
	redis *redistest.Server
}

// apiConfig are the keys of an API with everything.
func (g *governed) apiConfig(addr string) string {
	cert, key := g.ca.write(g.ca.sign("api"), "api")
	roots := filepath.Join(g.t.TempDir(), "clients.crt")
	g.ca.file(roots, g.ca.pem)
	return fmt.Sprintf(`  api:
    listen: %s
    cert_file: %s
    key_file: %s
    client_ca_file: %s
    certificates: {viewer: ["dns:watch.test"], operator: ["cn:ops"]}
    bearer: {audience: edgeauth-api, claim: [realm_access, roles], viewer: [edge-viewer], operator: [edge-operator]}
`, addr, cert, key, roots)
}

// newGoverned starts an edge with an embedded store.
func newGoverned(t *testing.T, further string) *governed {
	t.Helper()
	g := &governed{world: newWorld(t), t: t, ca: newAuthority(t)}
	addr := edgetest.Addr(t)
	g.client(addr)
	g.add(edgetest.Setup{Listen: addr, Rest: g.config(further)})
	return g
}

// newGovernedFleet starts two edges behind one origin, with one Redis.
func newGovernedFleet(t *testing.T) *governed {
	t.Helper()
	w := newWorld(t)
	g := &governed{world: w, t: t, ca: newAuthority(t), front: startBalancer(t), redis: redistest.Start(t)}
	origin := g.front.ln.Addr().String()
	g.client(origin)
	rest := g.config(shared(newKeys(t), g.redis))
	for range 2 {
		g.add(edgetest.Setup{URL: "http://" + origin, Listen: edgetest.Addr(t), Rest: rest})
	}
	g.front.to(g.edges[0].Listen)
	return g
}

func (g *governed) add(s edgetest.Setup) {
	g.t.Helper()
	addr := edgetest.Addr(g.t)
	s.Admin = g.apiConfig(addr)
	e := edgetest.Prepare(g.t, s)
	e.Run()
	e.WaitReady()
	g.edges, g.api = append(g.edges, e), append(g.api, addr)
}

// caller is a gRPC client of an edge's API.
func (g *governed) caller(edge int, proof ...any) *client.Client {
	g.t.Helper()
	t := client.Target{URL: "https://" + g.api[edge], TLS: &tls.Config{RootCAs: g.ca.pool()}, Header: map[string]string{}}
	for _, p := range proof {
		switch p := p.(type) {
		case tls.Certificate:
			t.TLS.Certificates = []tls.Certificate{p}
		case string:
			t.Header["Authorization"] = "Bearer " + p
		}
	}
	c, err := client.New(t)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = c.Close() })
	return c
}

// token is an access token of alice's with a role, edited.
func (g *governed) token(role string, edits ...func(header, claims map[string]any)) string {
	now := time.Now()
	header := map[string]any{"alg": "RS256", "kid": g.idp.Key("RS256").ID, "typ": "JWT"}
	claims := map[string]any{"iss": g.idp.Issuer(), "sub": "demo-admin", "aud": []string{"edgeauth-api", "account"}, "typ": "Bearer",
		"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(time.Hour).Unix(), "realm_access": map[string]any{"roles": []string{"other", role}}}
	for _, edit := range edits {
		edit(header, claims)
	}
	return g.idp.Sign(header, claims)
}

// ops is the certificate of an operator.
func (g *governed) ops() tls.Certificate { return g.ca.sign("ops") }

// watcher is the certificate of a viewer.
func (g *governed) watcher() tls.Certificate {
	return g.ca.sign("anybody", func(c *x509.Certificate) { c.DNSNames = []string{"watch.test"} })
}
