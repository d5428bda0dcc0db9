package certs_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/certs"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
)

const threeMonths = 90 * 24 * 3600

func TestACertificateIsIssuedByEitherChallenge(t *testing.T) {
	t.Parallel()
	for _, challenge := range []certs.Challenge{certs.HTTP01, certs.TLSALPN01} {
		t.Run(string(challenge), func(t *testing.T) {
			e := newEdge(t)
			p := pebbletest.Start(t, e.ports, threeMonths)
			m, _ := e.run(t, acmeConfig(t, e, p, "app.corp.test", challenge))
			waitFor(t, "a certificate", serves(m))
			leaf, err := handshake(e.TLS, "app.corp.test")
			if err != nil {
				t.Fatal(err)
			}
			if err := leaf.VerifyHostname("app.corp.test"); err != nil {
				t.Error(err)
			}
			if got := m.Status()[0].NotAfter; !got.Equal(leaf.NotAfter) {
				t.Errorf("Status says %v, the certificate %v", got, leaf.NotAfter)
			}
		})
	}
}

func TestARestartTakesTheCertificateFromStorageWithoutANewOrder(t *testing.T) {
	t.Parallel()
	first := newEdge(t)
	p := pebbletest.Start(t, first.ports, threeMonths)
	cfg := acmeConfig(t, first, p, "app.corp.test")
	m, stop := first.run(t, cfg)
	waitFor(t, "a certificate", serves(m))
	before, err := handshake(first.TLS, "app.corp.test")
	if err != nil {
		t.Fatal(err)
	}
	stop()
	orders := p.Orders.Load()

	second := first.again(t)
	m, _ = second.run(t, cfg)
	waitFor(t, "the stored certificate", serves(m))
	after, err := handshake(second.TLS, "app.corp.test")
	if err != nil {
		t.Fatal(err)
	}
	if !after.Equal(before) || p.Orders.Load() != orders {
		t.Errorf("another certificate or order: %d orders before, %d after", orders, p.Orders.Load())
	}
}

// TL-05: handshakes for names that are not configured.
func TestTL05AnUnknownNameGetsNeitherCertificateNorOrder(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	p := pebbletest.Start(t, e.ports, threeMonths)
	m, _ := e.run(t, acmeConfig(t, e, p, "app.corp.test"))
	waitFor(t, "a certificate", serves(m))
	orders := p.Orders.Load()
	for i := range 200 {
		if _, err := handshake(e.TLS, fmt.Sprintf("n%d.corp.test", i)); err == nil {
			t.Fatalf("n%d.corp.test got a certificate", i)
		}
	}
	if _, err := handshake(e.TLS, ""); err == nil {
		t.Error("a client without SNI got a certificate")
	}
	challenge := &tls.Config{ServerName: "n1.corp.test", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true} // no certificate must come
	if conn, err := tls.Dial("tcp", e.TLS, challenge); err == nil {
		_ = conn.Close()
		t.Error("a challenge handshake for an unknown name was answered")
	}
	if leaf, err := handshake(e.TLS, "APP.corp.TEST"); err != nil || leaf.VerifyHostname("app.corp.test") != nil {
		t.Errorf("the configured name in capitals: %v", err)
	}
	if got := p.Orders.Load(); got != orders {
		t.Errorf("%d orders were made for unknown names", got-orders)
	}
}

// TL-05: the ACME directory is down.
func TestTL05ADirectoryThatIsDownAtStartIsTriedAgainWhileHTTPAnswers(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	p := pebbletest.Start(t, e.ports, threeMonths)
	p.Down.Store(true)
	m, _ := e.run(t, acmeConfig(t, e, p, "app.corp.test"))
	waitFor(t, "Status to say why", func() bool {
		err := m.Status()[0].Err
		return err != nil && !errors.Is(err, certs.ErrPending)
	})
	if _, err := handshake(e.TLS, "app.corp.test"); err == nil {
		t.Error("a certificate came out of nothing")
	}
	if got := get(t, e, "app.corp.test", "/x"); got.StatusCode != http.StatusMovedPermanently {
		t.Errorf("the http listener answers %d", got.StatusCode)
	}
	p.Down.Store(false)
	waitFor(t, "a certificate after the CA's return", serves(m))
}

// TL-05: a renewal fails, since the CA is down, rate-limits or returns a bad certificate.
func TestTL05TheOldCertificateStaysWhenRenewalFails(t *testing.T) {
	t.Parallel()
	faults := map[string]func(*pebbletest.Server, *testing.T){
		"down":            func(p *pebbletest.Server, _ *testing.T) { p.Down.Store(true) },
		"rate-limited":    func(p *pebbletest.Server, _ *testing.T) { p.Spoil.Store(&rateLimit) },
		"bad certificate": func(p *pebbletest.Server, t *testing.T) { f := otherCertificate(t); p.Spoil.Store(&f) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t)
			p := pebbletest.Start(t, e.ports, 6) // due for renewal, and ended, by the time of the restart
			cfg := acmeConfig(t, e, p, "app.corp.test", certs.HTTP01)
			m, stop := e.run(t, cfg)
			waitFor(t, "a certificate", func() bool { return !m.Status()[0].NotAfter.IsZero() })
			old, err := handshake(e.TLS, "app.corp.test")
			if err != nil {
				t.Fatal(err)
			}
			waitFor(t, "it to end", func() bool { return m.Status()[0].Err != nil })
			stop()

			fault(p, t)
			for range 2 { // the second restart shows that the storage kept it too
				e = e.again(t)
				m, stop = e.run(t, cfg)
				waitFor(t, "the renewal to fail", func() bool {
					st := m.Status()[0]
					return st.Err != nil && !errors.Is(st.Err, certs.ErrPending) && !strings.Contains(st.Err.Error(), "expired")
				})
				leaf, err := handshake(e.TLS, "app.corp.test")
				if err != nil || !leaf.Equal(old) {
					t.Errorf("the old certificate is gone: %v", err)
				}
				stop()
			}
		})
	}
}

func TestACertificateIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	p := pebbletest.Start(t, e.ports, 15)
	cfg := acmeConfig(t, e, p, "app.corp.test")
	cfg.ACME.CheckEvery = 500_000_000 // half a second
	m, _ := e.run(t, cfg)
	waitFor(t, "a certificate", serves(m))
	first := m.Status()[0].NotAfter
	waitFor(t, "its renewal", func() bool { return m.Status()[0].NotAfter.After(first) })
	if leaf, err := handshake(e.TLS, "app.corp.test"); err != nil || !leaf.NotAfter.After(first) {
		t.Errorf("the renewed certificate is not served: %v", err)
	}
}

func TestTheLogHoldsNoPrivateKey(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	p := pebbletest.Start(t, e.ports, threeMonths)
	book := &logBook{}
	cfg := acmeConfig(t, e, p, "app.corp.test")
	cfg.Log = book.logger()
	m, stop := e.run(t, cfg)
	waitFor(t, "a certificate", serves(m))
	stop()
	said := book.String()
	if !strings.Contains(said, "certificate obtained") || !strings.Contains(said, "component=certmagic") {
		t.Errorf("the log lacks our word or certmagic's:\n%s", said)
	}
	if strings.Contains(said, "PRIVATE KEY") {
		t.Error("a private key is in the log")
	}
}

var rateLimit = func(r *http.Response) error {
	if strings.Contains(r.Request.URL.Path, "order-plz") {
		replaceBody(r, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many","status":429}`)
		r.StatusCode, r.Status = http.StatusTooManyRequests, "429 Too Many Requests"
		r.Header.Set("Content-Type", "application/problem+json")
	}
	return nil
}

// otherCertificate spoils what is issued: the right name, but a stranger's key.
func otherCertificate(t *testing.T) func(*http.Response) error {
	stranger, err := os.ReadFile(pebbletest.WritePair(t, t.TempDir(), "stranger", "app.corp.test").CertFile)
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Response) error {
		if strings.Contains(r.Request.URL.Path, "/certZ/") {
			replaceBody(r, string(stranger))
		}
		return nil
	}
}

func replaceBody(r *http.Response, body string) {
	_ = r.Body.Close()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewBufferString(body)), int64(len(body))
	r.Header.Set("Content-Length", fmt.Sprint(len(body)))
}
