package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/revocation"
)

func TestAnEdgeIsCalledAsConfiguredOrAsItsHostAndKnowsWhoRanBefore(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	cfg := &config.Config{}
	cfg.Server.DataDir = t.TempDir()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := newFleet(cfg, quiet, true).Self().Name(), revocation.NewOrigin(host).Name(); got != want {
		t.Errorf("without a name it is called %q, want %q", got, want)
	}
	cfg.Server.Name, cfg.Server.Region = "web-1", "north"
	if f := newFleet(cfg, quiet, true); f.Self().Name() != "web-1" || f.Region() != "north" {
		t.Errorf("it is called %s in %q", f.Self(), f.Region())
	}

	file := filepath.Join(cfg.Server.DataDir, runFile)
	first, second := revocation.NewOrigin("a"), revocation.NewOrigin("a")
	succeed(file, first, quiet)
	if before := succeed(file, second, quiet); before != first {
		t.Errorf("before it ran %q, want %q", before, first)
	}
	if err := os.WriteFile(file, []byte("<b>\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if before := succeed(file, first, quiet); before != "" {
		t.Errorf("a file that says nonsense names %q", before)
	}
	if before := succeed(filepath.Join(file, "none"), first, quiet); before != "" {
		t.Errorf("a file that cannot be written names %q", before)
	}
}
