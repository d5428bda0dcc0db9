package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
)

func checkACME(cfg ACME) error {
	var errs []error
	if !cfg.AcceptTerms {
		errs = append(errs, errors.New("the CA's terms of service are not accepted: read them, then set accept_terms: true"))
	}
	if cfg.Directory != "" {
		u, err := url.Parse(cfg.Directory)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			errs = append(errs, fmt.Errorf("ACME directory %q must be an https URL", cfg.Directory))
		}
	}
	for _, c := range cfg.Challenges {
		if c != HTTP01 && c != TLSALPN01 {
			errs = append(errs, fmt.Errorf("ACME challenge %q is unknown: use %s or %s", c, HTTP01, TLSALPN01))
		}
	}
	return errors.Join(errs...)
}

// checkIssuable refuses what neither challenge can prove.
func checkIssuable(hosts []string) error {
	if len(hosts) == 0 {
		return errors.New("tls mode acme needs at least one host")
	}
	for _, host := range hosts {
		if _, err := netip.ParseAddr(host); err == nil {
			return fmt.Errorf("host %s is an IP address, which ACME gets no certificate for: use a DNS name, or tls mode files", host)
		}
	}
	return nil
}

// checkStorage only looks: it refuses a path that can never be a folder. Making the folder and proving that it can be
// written is certmagic's, which does both before each order, so that no certificate is asked for and then lost.
func checkStorage(dir string) error {
	if dir == "" {
		return errors.New("tls mode acme needs a storage folder for its account, keys and certificates")
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking at the ACME storage folder (may this user enter it?): %w", err)
	case !info.IsDir():
		return fmt.Errorf("the ACME storage %s is not a folder: name one, or a path where one can be made", dir)
	}
	return nil
}

// readRoots returns the roots in file, or the system's when file is empty.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("reading the system's root certificates (is the package ca-certificates there?): %w", err)
		}
		return pool, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the ACME CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the ACME CA file %s holds no PEM certificate", file)
	}
	return pool, nil
}
