package certs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
)

// commonName is what m shows a client that asks for name.
func commonName(t *testing.T, m *certs.Manager, name string) string {
	t.Helper()
	cert, err := m.TLSConfig().GetCertificate(&tls.ClientHelloInfo{
		ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.X25519},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf.Subject.CommonName
}

func TestFilesAreChosenByNameAndTheFirstAnswersTheRest(t *testing.T) {
	dir := t.TempDir()
	m, err := certs.New(certs.Config{
		Mode: certs.ModeFiles, Hosts: []string{"app.corp.test", "x.wild.test", "lost.test"},
		Files: []certs.Pair{
			certs.Pair(pebbletest.WritePair(t, dir, "one", "app.corp.test")), certs.Pair(pebbletest.WritePair(t, dir, "two", "*.wild.test")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"app.corp.test": "one", "x.wild.test": "two", "lost.test": "one", "": "one"} {
		if got := commonName(t, m, name); got != want {
			t.Errorf("%q is shown %q, want %q", name, got, want)
		}
	}
	st := m.Status()
	if st[0].Err != nil || st[1].Err != nil || !errors.Is(st[2].Err, certs.ErrNotCovered) {
		t.Errorf("status is %v", st)
	}
	if cfg := m.TLSConfig(); cfg.MinVersion != tls.VersionTLS12 || strings.Join(cfg.NextProtos, " ") != "h2 http/1.1" {
		t.Errorf("TLS from %x with %v", cfg.MinVersion, cfg.NextProtos)
	}
}

func TestSwappedFilesAreTakenUpAndBrokenOnesAreNot(t *testing.T) {
	dir := t.TempDir()
	pair := pebbletest.WritePair(t, dir, "old", "app.corp.test")
	next := pebbletest.WritePair(t, dir, "new", "app.corp.test")
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		m, err := certs.New(certs.Config{
			Mode: certs.ModeFiles, Hosts: []string{"app.corp.test"}, Files: []certs.Pair{certs.Pair(pair)}, Log: book.logger(),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = m.Run(ctx) }()
		poll := func() { time.Sleep(time.Minute); synctest.Wait() }

		steps := []struct {
			name   string
			change func() error
			shown  string
			wrong  string // part of the error in Status
		}{
			{"nothing changed", func() error { return nil }, "old", ""},
			{"the new certificate beside the old key", func() error { return copyFile(next.CertFile, pair.CertFile) }, "old", "does not match"},
			{"the new key too", func() error { return copyFile(next.KeyFile, pair.KeyFile) }, "new", ""},
			{"the certificate gone", func() error { return os.Rename(pair.CertFile, pair.CertFile+".gone") }, "new", "no such file"},
			{"the same certificate back", func() error { return os.Rename(pair.CertFile+".gone", pair.CertFile) }, "new", ""},
			{"a torn key", func() error { return os.Truncate(pair.KeyFile, 40) }, "new", pair.KeyFile},
		}
		for _, step := range steps {
			if err := step.change(); err != nil {
				t.Fatal(err)
			}
			poll()
			if got := commonName(t, m, "app.corp.test"); got != step.shown {
				t.Errorf("%s: %q is served, want %q", step.name, got, step.shown)
			}
			err := m.Status()[0].Err
			if (step.wrong == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), step.wrong) {
				t.Errorf("%s: status is %v, want %q", step.name, err, step.wrong)
			}
		}
		if n := strings.Count(book.String(), "level=ERROR"); n != 3 {
			t.Errorf("%d errors were logged for 3 mistakes:\n%s", n, book)
		}
	})
}

func TestMistakesAreNamedWithTheirCure(t *testing.T) {
	dir := t.TempDir()
	one, two := pebbletest.WritePair(t, dir, "one", "a.test"), pebbletest.WritePair(t, dir, "two", "b.test")
	notPEM := filepath.Join(dir, "not.pem")
	if err := os.WriteFile(notPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	acme := func(change func(*certs.ACME)) certs.Config {
		a := certs.ACME{Storage: filepath.Join(dir, "acme"), AcceptTerms: true}
		change(&a)
		return certs.Config{Mode: certs.ModeACME, Hosts: []string{"a.test"}, ACME: a}
	}
	files := func(cert, key string) certs.Config {
		return certs.Config{Mode: certs.ModeFiles, Files: []certs.Pair{{CertFile: cert, KeyFile: key}}}
	}
	tests := []struct {
		name string
		cfg  certs.Config
		want []string
	}{
		{"no such mode", certs.Config{Mode: "magic"}, []string{"magic", "off, files or acme"}},
		{"no pair", certs.Config{Mode: certs.ModeFiles}, []string{"at least one pair"}},
		{"no certificate file", files(dir+"/nil.pem", one.KeyFile), []string{"nil.pem", "does it exist"}},
		{"no key file", files(one.CertFile, dir+"/nil.key"), []string{"nil.key", "does it exist"}},
		{"not PEM", files(notPEM, one.KeyFile), []string{notPEM, "must be PEM"}},
		{"another's key", files(one.CertFile, two.KeyFile), []string{one.CertFile, two.KeyFile, "belongs to this key"}},
		{"terms", acme(func(a *certs.ACME) { a.AcceptTerms = false }), []string{"accept_terms: true"}},
		{"plain directory", acme(func(a *certs.ACME) { a.Directory = "http://ca.test/dir" }), []string{"ca.test", "https"}},
		{"CA file", acme(func(a *certs.ACME) { a.CAFile = notPEM }), []string{notPEM, "no PEM certificate"}},
		{"challenge", acme(func(a *certs.ACME) { a.Challenges = []certs.Challenge{"dns-01"} }), []string{"dns-01", "http-01"}},
		{"no storage", acme(func(a *certs.ACME) { a.Storage = "" }), []string{"storage folder"}},
		{"storage is a file", acme(func(a *certs.ACME) { a.Storage = notPEM }), []string{notPEM}},
		{"address", certs.Config{Mode: certs.ModeACME, Hosts: []string{"192.0.2.1"}, ACME: acme(func(*certs.ACME) {}).ACME}, []string{"192.0.2.1", "files"}},
		{"wildcard", certs.Config{Hosts: []string{"*.a.test"}}, []string{"*.a.test", "no DNS name"}},
		{"port", certs.Config{Hosts: []string{"a.test:443"}}, []string{"a.test:443", "port"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := certs.New(tt.cfg)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestModeOffServesNoTLSAndPassesHTTPOn(t *testing.T) {
	m, err := certs.New(certs.Config{Mode: certs.ModeOff, Hosts: []string{"app.corp.test"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Run(ctx); err != nil || m.TLSConfig() != nil || len(m.Status()) != 0 {
		t.Errorf("Run %v, config %v, status %v", err, m.TLSConfig(), m.Status())
	}
	answer := httptest.NewRecorder()
	m.HTTPHandler(http.HandlerFunc(hello)).ServeHTTP(answer, httptest.NewRequest("GET", "/.well-known/acme-challenge/x", nil))
	if answer.Code != http.StatusOK {
		t.Errorf("the next handler was not asked: %d", answer.Code)
	}
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
