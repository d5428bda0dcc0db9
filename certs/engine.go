package certs

import (
	"context"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// engine is one life of certmagic: its own cache and configuration, never the package's defaults.
type engine struct {
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

// start makes an engine. The cache runs certmagic's renewal loop until it is stopped.
func (s *acmeSource) start() *engine {
	logger := zap.New(slogCore{log: s.log})
	e := &engine{}
	e.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return e.config, nil },
		RenewCheckInterval: s.cfg.CheckEvery,
		Logger:             logger,
	})
	e.config = certmagic.New(e.cache, certmagic.Config{
		Issuers:   []certmagic.Issuer{}, // not nil, or certmagic would make its default one
		KeySource: certmagic.StandardKeyGenerator{KeyType: certmagic.P256},
		// Stapling hashes with SHA-1, which panics under GODEBUG=fips140=only, and CAs have stopped answering OCSP.
		OCSP:    certmagic.OCSPConfig{DisableStapling: true},
		Storage: &certmagic.FileStorage{Path: s.cfg.Storage},
		OnEvent: s.onEvent,
		Logger:  logger,
	})
	e.issuer = certmagic.NewACMEIssuer(e.config, s.template(logger))
	e.config.Issuers = []certmagic.Issuer{strictIssuer{e.issuer}}
	return e
}

func (s *acmeSource) template(logger *zap.Logger) certmagic.ACMEIssuer {
	only := s.cfg.Challenges
	return certmagic.ACMEIssuer{
		CA:                      s.cfg.Directory,
		Email:                   s.cfg.Email,
		Agreed:                  s.cfg.AcceptTerms,
		TrustedRoots:            s.roots,
		DisableHTTPChallenge:    len(only) > 0 && !slices.Contains(only, HTTP01),
		DisableTLSALPNChallenge: len(only) > 0 && !slices.Contains(only, TLSALPN01),
		AltHTTPPort:             s.cfg.HTTPPort,
		AltTLSALPNPort:          s.cfg.TLSALPNPort,
		Logger:                  logger,
	}
}

// onEvent hears from certmagic how its own renewals end.
func (s *acmeSource) onEvent(ctx context.Context, event string, data map[string]any) error {
	host, _ := data["identifier"].(string)
	switch event {
	case "cert_obtained":
		s.note(host, nil)
		s.log.Info("certificate obtained", "host", host, "renewal", data["renewal"])
	case "cert_failed":
		if err, ok := data["error"].(error); ok && ctx.Err() == nil {
			s.note(host, err)
		}
	}
	return nil // certmagic takes an error as a veto
}

// holds reports whether a certificate for host is loaded, fresh or not.
func (e *engine) holds(host string) bool { return !e.notAfter(host).IsZero() }

// notAfter is the latest end among host's loaded certificates; zero when there is none.
func (e *engine) notAfter(host string) (end time.Time) {
	for _, cert := range e.cache.AllMatchingCertificates(host) {
		if leaf := cert.Leaf; leaf != nil && leaf.NotAfter.After(end) {
			end = leaf.NotAfter
		}
	}
	return end
}
