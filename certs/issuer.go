package certs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/certmagic"
)

// ErrBadCertificate says that the CA issued something that cannot serve: it is thrown away, before it replaces the
// good certificate in the storage.
var ErrBadCertificate = errors.New("the CA issued a certificate that cannot be used")

// strictIssuer is certmagic's ACME issuer with two differences: it never asks anything on the terminal, and it looks
// at what was issued. It gives up certmagic's "replaces" hint to the CA (RFC 9773, 5), which is for the plain type alone.
type strictIssuer struct{ *certmagic.ACMEIssuer }

// PreCheck is certmagic's, but never interactive: a daemon's standard input answers no questions.
func (i strictIssuer) PreCheck(ctx context.Context, names []string, _ bool) error {
	return i.ACMEIssuer.PreCheck(ctx, names, false)
}

// Issue obtains a certificate for csr. It returns ErrBadCertificate for one that does not fit csr.
func (i strictIssuer) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	issued, err := i.ACMEIssuer.Issue(ctx, csr)
	if err != nil {
		return nil, err
	}
	if err := fits(issued.Certificate, csr, time.Now()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadCertificate, err)
	}
	return issued, nil
}

// fits reports why the first certificate of chain cannot serve csr's names with csr's key at now, if it cannot.
func fits(chain []byte, csr *x509.CertificateRequest, now time.Time) error {
	block, _ := pem.Decode(bytes.TrimSpace(chain))
	if block == nil {
		return errors.New("it is not PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("parsing it: %w", err)
	}
	if key, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(leaf.PublicKey) {
		return errors.New("it is for another key")
	}
	if !now.Before(leaf.NotAfter) {
		return fmt.Errorf("it ended at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	for _, name := range csr.DNSNames {
		if err := leaf.VerifyHostname(name); err != nil {
			return err
		}
	}
	return nil
}
