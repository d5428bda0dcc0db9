package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// startSecureRealm runs an edge with TLS on https://localhost with a port of its own. Its certificate is self-signed.
func startSecureRealm(t *testing.T, provider string) realm {
	t.Helper()
	kc := keycloak.Shared(t)
	addr := edgetest.Addr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	origin := "https://localhost:" + port
	cert, key := writeCertificate(t)
	kc.UpdateClient("edgeauth", func(client map[string]any) {
		client["redirectUris"] = append(client["redirectUris"].([]any), origin+"/.edgeauth/callback")
		attributes := client["attributes"].(map[string]any)
		attributes["post.logout.redirect.uris"] = fmt.Sprint(attributes["post.logout.redirect.uris"], "##", origin, "/.edgeauth/logged-out")
	})
	return runRealm(t, kc, edgetest.Setup{
		Listen: addr, URL: origin, Rest: realmConfig(t, kc, provider),
		Server: fmt.Sprintf("  http_listen: %s\n  tls:\n    mode: files\n    certificates: [{cert_file: %q, key_file: %q}]\n", edgetest.Addr(t), cert, key),
	}, origin)
}

// writeCertificate makes a certificate for localhost, signed by itself.
func writeCertificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}

// signIn fills in Keycloak's form, which the tab shows, and returns when the page after it has loaded.
func signIn(tab *browser.Tab, name, password string) {
	tab.Fill("#username", name)
	tab.Fill("#password", password)
	tab.Click("#kc-login")
}

// arrives waits until the tab shows exactly this address.
func arrives(tab *browser.Tab, address string) { tab.WaitURL("^" + regexp.QuoteMeta(address) + "$") }

// within waits until what selector names holds text.
func within(t *testing.T, tab *browser.Tab, selector, text string) {
	t.Helper()
	for end := time.Now().Add(edgetest.Patience); ; time.Sleep(50 * time.Millisecond) {
		now := tab.Text(selector)
		if strings.Contains(now, text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s never showed %q, but %q", selector, text, now)
		}
	}
}
