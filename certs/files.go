package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// pollEvery is how often certificate files are read again. They are compared by content, since a secret mount swaps a
// symbolic link and a coarse clock hides a second write: reading a few kilobytes is cheaper than being wrong.
const pollEvery = 10 * time.Second

// ErrNotCovered says that no certificate file names the host.
var ErrNotCovered = errors.New("no certificate file covers this name")

// fileSource serves certificates from PEM files.
type fileSource struct {
	log   *slog.Logger
	pairs []*filePair
}

// filePair is one pair of files and the last good certificate that they held.
type filePair struct {
	Pair
	cert atomic.Pointer[tls.Certificate] // never nil once made
	err  atomic.Pointer[error]           // why the files' present content is not served, if it is not

	seen    []byte // the content last looked at; it and seenErr are touched by New and then the polling loop alone
	seenErr error  // why seen cannot be served, if it cannot
}

func newFiles(pairs []Pair, log *slog.Logger) (*fileSource, error) {
	if len(pairs) == 0 {
		return nil, errors.New("tls mode files needs at least one pair of certificate and key file")
	}
	s := &fileSource{log: log}
	for _, pair := range pairs {
		p := &filePair{Pair: pair}
		if _, err := p.read(); err != nil {
			return nil, err
		}
		s.pairs = append(s.pairs, p)
	}
	return s, nil
}

func (s *fileSource) run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			for _, p := range s.pairs {
				s.follow(p)
			}
		}
	}
}

// follow takes up a change of p's files and reports it once.
func (s *fileSource) follow(p *filePair) {
	before := p.problem()
	changed, err := p.read()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		s.log.Error("certificate files are broken: the last good pair goes on serving",
			"cert_file", p.CertFile, "key_file", p.KeyFile, "error", err)
	case err == nil && (changed || before != nil):
		s.log.Info("certificate files read again", "cert_file", p.CertFile, "not_after", p.cert.Load().Leaf.NotAfter)
	}
}

// read loads the pair when its content is new. It keeps the last good certificate when the content is broken, which
// includes a half-finished swap: a new certificate beside the old key.
func (p *filePair) read() (changed bool, err error) {
	defer func() { p.err.Store(&err) }()
	certPEM, err := os.ReadFile(p.CertFile)
	if err != nil {
		return false, fmt.Errorf("reading the certificate file (does it exist, and may this user read it?): %w", err)
	}
	keyPEM, err := os.ReadFile(p.KeyFile)
	if err != nil {
		return false, fmt.Errorf("reading the key file (does it exist, and may this user read it?): %w", err)
	}
	content := bytes.Join([][]byte{certPEM, keyPEM}, []byte{0})
	if bytes.Equal(content, p.seen) {
		return false, p.seenErr
	}
	p.seen, p.seenErr = content, nil
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		p.seenErr = p.explain(err)
		return true, p.seenErr
	}
	p.cert.Store(&cert)
	return true, nil
}

// explain adds the files' names and the usual cure to what crypto/tls says, which never quotes key material.
func (p *filePair) explain(err error) error {
	cure := "both must be PEM, the chain with the leaf first, the key without a passphrase"
	if strings.Contains(err.Error(), "does not match") {
		cure = "write the certificate that belongs to this key, or the key that belongs to it"
	}
	return fmt.Errorf("loading %s with key %s: %w (%s)", p.CertFile, p.KeyFile, err, cure)
}

func (p *filePair) problem() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// certificate picks the first pair that the client can use for the name it asked for; without one, the first pair,
// as crypto/tls does.
func (s *fileSource) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, p := range s.pairs {
		if cert := p.cert.Load(); hello.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	return s.pairs[0].cert.Load(), nil
}

func (s *fileSource) status(host string) HostStatus {
	for _, p := range s.pairs {
		leaf := p.cert.Load().Leaf
		if leaf.VerifyHostname(host) != nil {
			continue
		}
		st := HostStatus{Host: host, NotAfter: leaf.NotAfter, Err: p.problem()}
		if st.Err == nil && time.Now().After(leaf.NotAfter) {
			st.Err = fmt.Errorf("the certificate in %s expired at %s", p.CertFile, leaf.NotAfter.UTC().Format(time.RFC3339))
		}
		return st
	}
	return HostStatus{Host: host, Err: ErrNotCovered}
}
