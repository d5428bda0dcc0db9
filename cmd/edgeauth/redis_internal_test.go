package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/redis"
)

func TestACertificateForRedisThatWasRenewedNeedsNoRestart(t *testing.T) {
	dir := t.TempDir()
	server := pebbletest.WritePair(t, dir, "server", "localhost")
	first, second := pebbletest.WritePair(t, dir, "first", "edge.example"), pebbletest.WritePair(t, dir, "second", "edge.example")
	trusted := filepath.Join(dir, "trusted.pem")
	mustWrite(t, trusted, mustRead(t, second.CertFile))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	redistest.Start(t, redistest.WithArgs("--tls-port", port, "--tls-cert-file", server.CertFile, "--tls-key-file", server.KeyFile,
		"--tls-ca-cert-file", trusted, "--tls-auth-clients", "yes"))

	opt, err := redisOptions(config.Redis{
		Addresses: []string{net.JoinHostPort("127.0.0.1", port)}, TLS: true, CAFile: server.CertFile, ServerName: "localhost",
		CertFile: first.CertFile, KeyFile: first.KeyFile, ConnectTimeout: time.Second, CommandTimeout: time.Second, Connections: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := redis.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Put(t.Context(), "k", nil, time.Minute); err == nil || !strings.Contains(err.Error(), "cert_file") {
		t.Errorf("with a certificate that Redis does not trust: %v", err)
	}
	mustWrite(t, first.CertFile, mustRead(t, second.CertFile))
	mustWrite(t, first.KeyFile, mustRead(t, second.KeyFile))
	if err := s.Put(t.Context(), "k", nil, time.Minute); err != nil {
		t.Errorf("with the renewed one: %v", err)
	}
	mustWrite(t, first.KeyFile, []byte("none"))
	if _, err := redisOptions(config.Redis{TLS: true, CertFile: first.CertFile, KeyFile: first.KeyFile}); err == nil {
		t.Error("a key that is none was accepted at the start")
	}
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustWrite(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
