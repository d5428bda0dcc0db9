package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/identity"
)

// said judges tokens by what they are called.
type said struct{}

func (said) Verify(_ context.Context, raw string) (api.Token, error) {
	switch raw {
	case "outage":
		return api.Token{}, api.ErrUnproven
	case "both":
		return api.Token{Subject: identity.Subject{Issuer: issuer, Sub: "a"}, Expires: aboutNow(), Values: []string{"look", "act", "other"}}, nil
	case "none":
		return api.Token{Subject: identity.Subject{Issuer: issuer, Sub: "a"}, Expires: aboutNow()}, nil
	}
	return api.Token{}, api.ErrBadProof
}

func network() *api.Network {
	return &api.Network{Now: aboutNow, Certificates: map[string]api.Role{"cn:ops": api.Operator, "dns:watch.test": api.Viewer, "uri:spiffe://a/b": api.Viewer, "email:a@b": api.Operator},
		Tokens: said{}, Provider: "corp", Roles: map[string]api.Role{"look": api.Viewer, "act": api.Operator}}
}

func request(authorization ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Authorization"] = authorization
	return r
}

func TestATokenGivesTheGreatestRoleOfItsValues(t *testing.T) {
	for _, header := range []string{"Bearer both", "bearer both", "BEARER  both"} {
		got, err := network().Caller(request(header))
		if err != nil || got != (api.Caller{Name: "token:corp/a", Role: api.Operator, Until: aboutNow()}) {
			t.Errorf("%q: %+v %v", header, got, err)
		}
	}
	if got, err := network().Caller(request("Bearer none")); err != nil || got.Role != api.NoRole {
		t.Errorf("without a role: %+v %v", got, err)
	}
}

func TestATokenThatIsGivenCountsWhateverCertificateComesWithIt(t *testing.T) {
	for token, want := range map[string]struct {
		err  error
		role api.Role
	}{"x": {api.ErrBadProof, api.NoRole}, "outage": {api.ErrUnproven, api.NoRole}, "none": {nil, api.NoRole}} {
		r := request("Bearer " + token)
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: "ops"}, NotAfter: aboutNow()}}}}
		if got, err := network().Caller(r); !errors.Is(err, want.err) || got.Role != want.role {
			t.Errorf("%s: %+v %v", token, got, err)
		}
	}
}

func TestWhatProvesNothing(t *testing.T) {
	none := network()
	none.Tokens = nil
	for what, c := range map[string]struct {
		network *api.Network
		request *http.Request
		want    error
	}{
		"nothing":                      {network(), request(), api.ErrNoProof},
		"two tokens":                   {network(), request("Bearer both", "Bearer both"), api.ErrBadProof},
		"a password":                   {network(), request("Basic both"), api.ErrBadProof},
		"a scheme alone":               {network(), request("Bearer"), api.ErrBadProof},
		"an empty header":              {network(), request(""), api.ErrBadProof},
		"a bad token":                  {network(), request("Bearer x"), api.ErrBadProof},
		"a token nobody can judge":     {network(), request("Bearer outage"), api.ErrUnproven},
		"a token where none are taken": {none, request("Bearer both"), api.ErrBadProof},
	} {
		if got, err := c.network.Caller(c.request); !errors.Is(err, c.want) || got != (api.Caller{}) {
			t.Errorf("%s: %+v %v", what, got, err)
		}
	}
}

// authority is who signs client certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, cert: &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, PublicKey: key.Public()}}
	a.cert = a.sign(a.cert)
	return a
}

// sign returns a client's certificate that is good for an hour.
func (a *authority) sign(c *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), aboutNow().Add(-time.Hour), aboutNow().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, a.key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// shown is a request over a connection whose client has shown a certificate, which TLS has verified.
func shown(c *x509.Certificate) *http.Request {
	r := request()
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}, VerifiedChains: [][]*x509.Certificate{{c}}}
	return r
}

func TestAConnectionOutlivesNeitherItsCertificateNorTheTrustInWhoSignedIt(t *testing.T) {
	a := newAuthority(t)
	ops := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "ops"}})
	server := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "ops"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	for what, c := range map[string]struct {
		cert *x509.Certificate
		edit func(*api.Network)
		want error
	}{
		"in good order":                      {ops, func(*api.Network) {}, nil},
		"just before its end":                {ops, func(n *api.Network) { n.Now = func() time.Time { return ops.NotAfter } }, nil},
		"expired since":                      {ops, func(n *api.Network) { n.Now = func() time.Time { return ops.NotAfter.Add(time.Second) } }, api.ErrOldProof},
		"of an authority that was replaced":  {ops, func(n *api.Network) { n.Authorities = newAuthority(t).pool() }, api.ErrOldProof},
		"where no certificates count by now": {ops, func(n *api.Network) { n.Authorities = nil }, api.ErrOldProof},
		"a server's":                         {server, func(*api.Network) {}, api.ErrOldProof},
	} {
		n := network()
		n.Authorities = a.pool()
		c.edit(n)
		if got, err := n.Caller(shown(c.cert)); !errors.Is(err, c.want) || (err == nil) != (got.Role == api.Operator) {
			t.Errorf("%s: %+v %v", what, got, err)
		}
	}
}

func TestACertificateGivesTheGreatestRoleOfItsNames(t *testing.T) {
	a := newAuthority(t)
	spiffe := &url.URL{Scheme: "spiffe", Host: "a", Path: "/b"}
	for what, c := range map[string]struct {
		cert x509.Certificate
		want api.Caller
	}{
		"a common name":                    {x509.Certificate{Subject: pkix.Name{CommonName: "ops"}}, api.Caller{Name: "cert:cn:ops", Role: api.Operator}},
		"another common name":              {x509.Certificate{Subject: pkix.Name{CommonName: "Ops"}}, api.Caller{Name: "cert:cn:Ops"}},
		"that name as DNS":                 {x509.Certificate{DNSNames: []string{"ops"}}, api.Caller{Name: "cert:dns:ops"}},
		"a DNS name in capitals":           {x509.Certificate{DNSNames: []string{"Watch.TEST"}}, api.Caller{Name: "cert:dns:watch.test", Role: api.Viewer}},
		"a URI":                            {x509.Certificate{URIs: []*url.URL{spiffe}}, api.Caller{Name: "cert:uri:spiffe://a/b", Role: api.Viewer}},
		"a URI and an address":             {x509.Certificate{URIs: []*url.URL{spiffe}, EmailAddresses: []string{"a@b"}}, api.Caller{Name: "cert:email:a@b", Role: api.Operator}},
		"a kind within a common name":      {x509.Certificate{Subject: pkix.Name{CommonName: "cn:ops"}}, api.Caller{Name: "cert:cn:cn:ops"}},
		"no name":                          {x509.Certificate{}, api.Caller{}},
		"a wildcard is a name like others": {x509.Certificate{DNSNames: []string{"*.test"}}, api.Caller{Name: "cert:dns:*.test"}},
	} {
		r, n := shown(a.sign(&c.cert)), network()
		n.Authorities, c.want.Until = a.pool(), aboutNow().Add(time.Hour)
		if got, err := n.Caller(r); err != nil || got != c.want {
			t.Errorf("%s: %+v %v, want %+v", what, got, err, c.want)
		}
		r.TLS.VerifiedChains = nil // shown, and verified by nobody
		if _, err := n.Caller(r); !errors.Is(err, api.ErrNoProof) {
			t.Errorf("%s, not verified: %v", what, err)
		}
	}
}
