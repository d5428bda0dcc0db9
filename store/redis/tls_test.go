package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// startTLS runs a server that speaks TLS on another port than its own, and returns that address.
func startTLS(t *testing.T, cert, key, clients string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	_, port, _ := net.SplitHostPort(addr)
	redistest.Start(t, redistest.WithArgs("--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", clients))
	return addr
}

func TestTLSIsSpokenToAServerOfTheRightNameOnly(t *testing.T) {
	cert, key, roots := certificate(t)
	addr := startTLS(t, cert, key, "no")
	good := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	storetest.RequireAvailable(t, open(t, redis.Options{Addresses: []string{addr}, TLS: good}))

	for name, o := range map[string]redis.Options{
		"another name": {Addresses: []string{addr}, TLS: &tls.Config{RootCAs: roots, ServerName: "redis.example"}},
		"other roots":  {Addresses: []string{addr}, TLS: &tls.Config{RootCAs: x509.NewCertPool()}},
		"plain text":   {Addresses: []string{addr}},
	} {
		s := open(t, o)
		storetest.RequireUnavailable(t, s)
		if _, detail := s.Status(); name != "plain text" && !strings.Contains(detail, "certificate") {
			t.Errorf("%s: %s", name, detail)
		}
	}
}

func TestAServerThatAsksForACertificateIsShownOne(t *testing.T) {
	cert, key, roots := certificate(t)
	addr := startTLS(t, cert, key, "yes")
	own, err := tls.LoadX509KeyPair(cert, key)
	must(t, err)
	shown := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}}
	storetest.RequireAvailable(t, open(t, redis.Options{Addresses: []string{addr}, TLS: shown}))

	otherCert, otherKey, _ := certificate(t)
	other, err := tls.LoadX509KeyPair(otherCert, otherKey)
	must(t, err)
	for name, certificates := range map[string][]tls.Certificate{"none": nil, "a stranger's": {other}} {
		s := open(t, redis.Options{Addresses: []string{addr}, TLS: &tls.Config{RootCAs: roots, Certificates: certificates}})
		storetest.RequireUnavailable(t, s)
		if _, detail := s.Status(); !strings.Contains(detail, "cert_file") {
			t.Errorf("%s: %s", name, detail)
		}
	}
}

func TestAClusterThatSpeaksTLSAloneIsUsedAndItsFailoverOutlived(t *testing.T) {
	t.Parallel()
	cert, key, roots := certificate(t)
	cluster := redistest.StartCluster(t, 3, 1, redistest.WithTLS(cert, key, cert), redistest.WithArgs("--tls-auth-clients", "no"))
	o := redis.Options{Addresses: cluster.Addrs()[:2], Cluster: true, Acknowledge: 1, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	entries := everywhere()
	s := open(t, o)
	storetest.RequireAvailable(t, s)
	eventually(t, "the replicas acknowledge", func() bool { return s.Append(t.Context(), entries) == nil })
	cluster.Nodes()[0].Kill()
	requireEntries(t, s, entries)

	o.TLS = nil
	plain := open(t, o)
	storetest.RequireUnavailable(t, plain)
}

func TestAGroupWhoseSentinelsSpeakTLSAloneIsUsedAndItsFailoverOutlived(t *testing.T) {
	t.Parallel()
	cert, key, roots := certificate(t)
	group := redistest.StartGroup(t, 2, 3, redistest.WithTLS(cert, key, cert), redistest.WithArgs("--tls-auth-clients", "no"))
	o := redis.Options{Addresses: group.Addrs(), MasterName: redistest.MasterName, Acknowledge: 1, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	entries := everywhere()
	s := open(t, o)
	storetest.RequireAvailable(t, s)
	eventually(t, "a replica acknowledges", func() bool { return s.Append(t.Context(), entries) == nil })
	first := group.Master()
	first.Do("WAIT", "2", "10000")
	first.Kill()
	eventually(t, "another master answers", func() bool { _, err := s.Probe(t.Context(), 0, revocation.Beat{}); return err == nil })
	requireEntries(t, s, entries)

	o.TLS = nil
	plain := open(t, o)
	storetest.RequireUnavailable(t, plain)
}

// certificate writes a self-signed certificate for 127.0.0.1 and its key to files.
func certificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return pemFile(t, "CERTIFICATE", der), pemFile(t, "PRIVATE KEY", keyDER), roots
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}
