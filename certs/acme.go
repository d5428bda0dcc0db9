package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
)

// Challenge is one way to prove to the CA that a name is ours.
type Challenge string

const (
	// HTTP01 is answered by the plain http listener (RFC 8555, 8.3).
	HTTP01 Challenge = "http-01"
	// TLSALPN01 is answered in the handshake of the https listener (RFC 8737).
	TLSALPN01 Challenge = "tls-alpn-01"
)

// alpnProtocol is the one that a CA offers when it checks a TLS-ALPN-01 challenge (RFC 8737, 6.2).
const alpnProtocol = "acme-tls/1"

// defaultCheck is how often certificates are looked at for renewal.
const defaultCheck = 10 * time.Minute

// ErrPending says that no certificate for the host was had yet, and none was refused either.
var ErrPending = errors.New("no certificate yet")

// ACME says which CA to ask and where to keep what it gives.
type ACME struct {
	Email       string      // where the CA may write to; may be empty
	Directory   string      // the CA's directory URL; Let's Encrypt when empty
	CAFile      string      // PEM roots to trust for Directory, instead of the system's; may be empty
	Storage     string      // the folder for account, keys and certificates; Run makes it when missing
	AcceptTerms bool        // the operator accepts the CA's terms of service; must be true
	Challenges  []Challenge // both when empty
	HTTPPort    int         // where HTTP-01 reaches this machine; 80 when zero, others for tests
	TLSALPNPort int         // where TLS-ALPN-01 reaches this machine; 443 when zero, others for tests

	CheckEvery time.Duration // how often certificates are looked at for renewal; 10 minutes when zero
}

// acmeSource obtains one certificate for each host. There is no on-demand issuance: a name that is not configured
// gets neither a certificate nor a look into the storage.
type acmeSource struct {
	log    *slog.Logger
	hosts  []string
	cfg    ACME
	roots  *x509.CertPool
	engine atomic.Pointer[engine]

	mu       sync.Mutex         // guards problems
	problems map[string]problem // by host: how the last attempt ended
}

// problem is how an attempt to get a certificate ended, and what was being served then.
type problem struct {
	err      error // nil when it succeeded
	notAfter time.Time
}

func newACME(cfg ACME, hosts []string, log *slog.Logger) (*acmeSource, error) {
	if err := errors.Join(checkACME(cfg), checkIssuable(hosts), checkStorage(cfg.Storage)); err != nil {
		return nil, err
	}
	roots, err := readRoots(cfg.CAFile)
	if err != nil {
		return nil, err
	}
	if cfg.Directory == "" {
		cfg.Directory = certmagic.LetsEncryptProductionCA
	}
	if cfg.CheckEvery == 0 {
		cfg.CheckEvery = defaultCheck
	}
	s := &acmeSource{log: log, hosts: hosts, cfg: cfg, roots: roots, problems: map[string]problem{}}
	for _, host := range hosts {
		s.problems[host] = problem{err: ErrPending}
	}
	return s, nil
}

// certificate answers a handshake for a configured name and refuses all others before certmagic sees them, so that
// a flood of random names costs neither storage reads nor memory.
func (s *acmeSource) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !slices.Contains(s.hosts, strings.ToLower(hello.ServerName)) {
		return nil, fmt.Errorf("no certificate for server name %q", hello.ServerName)
	}
	e := s.engine.Load()
	if e == nil {
		return nil, fmt.Errorf("certificates are not loaded yet: %w", ErrPending)
	}
	return e.config.GetCertificate(hello)
}

// status says what is served for host and how the last attempt ended. A failure is forgotten when a newer certificate
// is served since: another edge on the same storage may have renewed it.
func (s *acmeSource) status(host string) HostStatus {
	end := s.notAfter(host)
	s.mu.Lock()
	last := s.problems[host]
	s.mu.Unlock()
	switch {
	case last.err != nil && !end.After(last.notAfter):
		return HostStatus{Host: host, NotAfter: end, Err: last.err}
	case !end.IsZero() && time.Now().After(end):
		return HostStatus{Host: host, NotAfter: end, Err: fmt.Errorf("the certificate expired at %s", end.UTC().Format(time.RFC3339))}
	default:
		return HostStatus{Host: host, NotAfter: end}
	}
}

func (s *acmeSource) notAfter(host string) time.Time {
	if e := s.engine.Load(); e != nil {
		return e.notAfter(host)
	}
	return time.Time{}
}

// note records how an attempt for host ended and logs a failure once: certmagic reports some of them twice, the second
// time wrapped.
func (s *acmeSource) note(host string, err error) {
	end := s.notAfter(host)
	s.mu.Lock()
	last := s.problems[host].err
	s.problems[host] = problem{err: err, notAfter: end}
	s.mu.Unlock()
	if err != nil && (last == nil || !errors.Is(err, last)) {
		s.log.Error("no new certificate: the old one stays, if there is one", "host", host, "error", err)
	}
}
