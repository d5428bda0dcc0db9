package certs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
)

func TestNewLeavesTheACMEStorageUntouched(t *testing.T) {
	t.Parallel()
	there := t.TempDir()
	missing := filepath.Join(there, "edgeauth", "acme")
	for _, storage := range []string{missing, there} {
		_, err := certs.New(certs.Config{
			Mode: certs.ModeACME, Hosts: []string{"app.corp.test"}, ACME: certs.ACME{Storage: storage, AcceptTerms: true},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(there); err != nil || len(left) != 0 {
		t.Errorf("New wrote %v (%v)", left, err)
	}
}

func TestAStorageThatCannotBeMadeIsReportedAndTriedAgain(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	p := pebbletest.Start(t, e.ports, threeMonths)
	book := &logBook{}
	cfg := acmeConfig(t, e, p, "app.corp.test")
	parent := filepath.Join(t.TempDir(), "parent")
	cfg.ACME.Storage, cfg.Log = filepath.Join(parent, "acme"), book.logger()
	m, err := certs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	// The folder's parent becomes a file: an obstacle that stops root too, unlike missing rights.
	if err := os.WriteFile(parent, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e.serve(t, m, cfg.Hosts)
	waitFor(t, "Status and the log to name the folder", func() bool {
		err := m.Status()[0].Err
		return err != nil && strings.Contains(err.Error(), parent) && strings.Contains(book.String(), "level=ERROR")
	})
	if err := os.Remove(parent); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a certificate", serves(m))
	if info, err := os.Stat(cfg.ACME.Storage); err != nil || info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the folder is %v (%v), want one for this user alone", info, err)
	}
}
