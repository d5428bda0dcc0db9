// Package certs answers TLS handshakes: with certificates read from files, or obtained and renewed by ACME
// (RFC 8555) through certmagic. It owns the certificates, their renewal and the challenges that prove a name, and it
// is the one place that knows certmagic and zap. It must not know routes, sessions or the configuration file.
package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Mode says where certificates come from.
type Mode string

const (
	// ModeOff serves no TLS at all: the edge listens for plain http.
	ModeOff Mode = "off"
	// ModeFiles serves the pairs in Config.Files and follows their changes.
	ModeFiles Mode = "files"
	// ModeACME obtains one certificate for each of Config.Hosts and renews it.
	ModeACME Mode = "acme"
)

// Config is what New needs, already resolved.
type Config struct {
	Mode  Mode
	Hosts []string // the DNS names to serve, without port; in any case of letters
	Files []Pair   // for ModeFiles; the first also answers clients whose name no pair covers
	ACME  ACME     // for ModeACME
	Log   *slog.Logger
}

// Pair names the two PEM files of one certificate: the chain, leaf first, and its private key.
type Pair struct{ CertFile, KeyFile string }

// source is one way to come by certificates. All methods may be called concurrently.
type source interface {
	run(ctx context.Context) error
	certificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	status(host string) HostStatus
}

// Manager holds the certificates of one configuration. It serves what it has from the moment Run is called.
type Manager struct {
	mode   Mode
	hosts  []string
	source source // nil when the mode is off
}

// New checks cfg and reads what lies on disk. It writes nothing, does no network and starts nothing. Its errors name the
// file or key that is wrong and how to cure it.
func New(cfg Config) (*Manager, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	hosts, err := dnsNames(cfg.Hosts)
	if err != nil {
		return nil, err
	}
	m := &Manager{mode: cfg.Mode, hosts: hosts}
	switch cfg.Mode {
	case ModeOff, "":
		m.mode = ModeOff
	case ModeFiles:
		m.source, err = newFiles(cfg.Files, cfg.Log)
	case ModeACME:
		m.source, err = newACME(cfg.ACME, hosts, cfg.Log)
	default:
		err = fmt.Errorf("tls mode %q is unknown: use off, files or acme", cfg.Mode)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Run keeps the certificates fresh until ctx ends, and returns nil then. It must be called once. A certificate that
// cannot be had, read or renewed is no reason to return: the last good one goes on serving, Status and the log say why,
// and Run tries again.
func (m *Manager) Run(ctx context.Context) error {
	if m.source == nil {
		<-ctx.Done()
		return nil
	}
	return m.source.run(ctx)
}

// TLSConfig returns a new configuration for an HTTPS listener: TLS 1.2 or newer, h2 and http/1.1, and acme-tls/1
// where ACME is used (RFC 8737). It returns nil when the mode is off.
func (m *Manager) TLSConfig() *tls.Config {
	if m.source == nil {
		return nil
	}
	cfg := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: m.source.certificate,
	}
	if m.mode == ModeACME {
		cfg.NextProtos = append(cfg.NextProtos, alpnProtocol)
	}
	return cfg
}

// HTTPHandler is for the plain http listener. With ACME it owns everything under /.well-known/acme-challenge/: the
// answer to a live HTTP-01 challenge (RFC 8555, 8.3), and 404 for whatever else stands there. All other requests, and
// all requests in the other modes, go to next.
func (m *Manager) HTTPHandler(next http.Handler) http.Handler {
	a, ok := m.source.(*acmeSource)
	if !ok {
		return next
	}
	return a.httpHandler(next)
}

// Status reports on every configured host, in the order of Config.Hosts.
func (m *Manager) Status() Status {
	if m.source == nil {
		return nil
	}
	all := make(Status, len(m.hosts))
	for i, host := range m.hosts {
		all[i] = m.source.status(host)
	}
	return all
}

// Status is the state of every host's certificate; empty when the mode is off.
type Status []HostStatus

// HostStatus is the state of one host's certificate.
type HostStatus struct {
	Host     string
	NotAfter time.Time // the end of the certificate being served; zero when there is none
	Err      error     // why there is none, or why it is not what it should be; nil when all is well
}
