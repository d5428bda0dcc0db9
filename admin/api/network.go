package api

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Network knows callers by what they prove over the network: a bearer token (RFC 6750), else the client certificate. TLS has verified
// its chain, but a connection may outlive that: certificates expire, and authorities are taken off the list. A token that is given
// has to be good, whatever certificate comes with it.
type Network struct {
	Certificates map[string]Role // by typed name: "cn:ops", "dns:ops.example.com", "email:…", "uri:…"
	Authorities  *x509.CertPool  // who may sign client certificates; nil: nobody
	Now          func() time.Time
	Tokens       Tokens          // nil: no token is taken
	Provider     string          // who issues them, by its configured name
	Roles        map[string]Role // by the values of the claim that Tokens returns
}

// Tokens judges bearer tokens. Errors wrap ErrBadProof or ErrUnproven.
type Tokens interface {
	Verify(ctx context.Context, raw string) (Token, error)
}

// Token is what a good bearer token says.
type Token struct {
	Subject identity.Subject
	Expires time.Time
	Values  []string // of the claim that roles are read from
}

// verifyTimeout bounds the judging of one token: keys may have to be fetched.
const verifyTimeout = 5 * time.Second

// Caller implements Authenticator.
func (n *Network) Caller(r *http.Request) (Caller, error) {
	if given := r.Header.Values("Authorization"); len(given) > 0 {
		return n.byToken(r.Context(), given)
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return n.byConnection(r.TLS.PeerCertificates)
	}
	return Caller{}, ErrNoProof
}

// byConnection judges what a client has shown when it connected as if it connected now.
func (n *Network) byConnection(shown []*x509.Certificate) (Caller, error) {
	o := x509.VerifyOptions{Roots: n.Authorities, Intermediates: x509.NewCertPool(), CurrentTime: n.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range shown[1:] {
		o.Intermediates.AddCert(c)
	}
	if n.Authorities == nil { // Verify would ask the system's
		return Caller{}, ErrOldProof
	}
	if _, err := shown[0].Verify(o); err != nil {
		return Caller{}, fmt.Errorf("%w: %w", ErrOldProof, err)
	}
	return n.byCertificate(shown[0]), nil
}

func (n *Network) byToken(ctx context.Context, given []string) (Caller, error) {
	scheme, raw, ok := strings.Cut(given[0], " ")
	if len(given) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || n.Tokens == nil {
		return Caller{}, ErrBadProof
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	t, err := n.Tokens.Verify(ctx, strings.TrimSpace(raw))
	if err != nil {
		return Caller{}, fmt.Errorf("verifying a bearer token: %w", err)
	}
	c := Caller{Name: "token:" + n.Provider + "/" + t.Subject.Sub, Until: t.Expires}
	for _, v := range t.Values {
		c.Role = max(c.Role, n.Roles[v])
	}
	return c, nil
}

// byCertificate gives a certificate the greatest role of its names.
func (n *Network) byCertificate(leaf *x509.Certificate) Caller {
	c := Caller{Until: leaf.NotAfter}
	for _, name := range CertificateNames(leaf) {
		if role := n.Certificates[name]; c.Name == "" || role > c.Role {
			c.Name, c.Role = "cert:"+name, role
		}
	}
	return c
}

// CertificateNames are the names of a certificate, each with its kind, so that nobody gets the role of another by a name of another kind:
// "uri:", "dns:", "email:" for the alternative names, "cn:" for the common name of the subject.
func CertificateNames(c *x509.Certificate) (names []string) {
	for _, u := range c.URIs {
		names = append(names, "uri:"+u.String())
	}
	for _, d := range c.DNSNames {
		names = append(names, "dns:"+strings.ToLower(d))
	}
	for _, e := range c.EmailAddresses {
		names = append(names, "email:"+e)
	}
	if c.Subject.CommonName != "" {
		names = append(names, "cn:"+c.Subject.CommonName)
	}
	return names
}
