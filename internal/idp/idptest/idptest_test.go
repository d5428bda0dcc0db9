package idptest_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
)

// jwks asks for the keys with a client of its own until the limit passes.
func jwks(t *testing.T, s *idp.Server, transport *http.Transport, limit time.Duration) (*http.Response, error) {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Issuer()+"/jwks", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestTheIssuerIsWhereTheProviderAnswers(t *testing.T) {
	s, pool := idptest.StartTLS(t)
	resp, err := jwks(t, s, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, 30*time.Second)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(s.Issuer(), "https://127.0.0.1:") {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestHugeAnswersHaveTheirLength(t *testing.T) {
	s := idptest.Start(t)
	const n = 3 << 20
	s.Lie(idp.Lies{JWKSRaw: idptest.Huge(n)})
	resp, err := jwks(t, s, &http.Transport{}, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.Copy(io.Discard, resp.Body); got != n+13 || err != nil {
		t.Errorf("%d bytes, %v", got, err)
	}
	s.Lie(idp.Lies{JWKSRaw: idptest.GzipBomb(n)})
	if resp, err = jwks(t, s, &http.Transport{DisableCompression: true}, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.Copy(io.Discard, z); got != n+13 || err != nil {
		t.Errorf("%d bytes unpacked, %v", got, err)
	}
}

func TestAnswersThatNeverEndEndWithTheClient(t *testing.T) {
	s := idptest.Start(t)
	for name, lie := range map[string]http.HandlerFunc{"silence": idptest.Silence(), "headers": idptest.EndlessHeaders(time.Millisecond)} {
		s.Lie(idp.Lies{JWKSRaw: lie})
		if resp, err := jwks(t, s, &http.Transport{}, 100*time.Millisecond); err == nil {
			t.Errorf("%s: an answer came: %v", name, resp)
		}
	}
	s.Lie(idp.Lies{JWKSRaw: idptest.Drip(time.Millisecond)})
	resp, err := jwks(t, s, &http.Transport{}, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); n == 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d bytes, %v; want some until the deadline", n, err)
	}
}

func TestAnswersAndRedirectsSayWhatTheyAreTold(t *testing.T) {
	s := idptest.Start(t)
	s.Lie(idp.Lies{JWKSRaw: idptest.Answer(http.StatusTeapot, "text/html", "<p>")})
	resp, err := jwks(t, s, &http.Transport{}, 30*time.Second)
	if err != nil || resp.StatusCode != http.StatusTeapot || resp.Header.Get("Content-Type") != "text/html" {
		t.Errorf("%v, %v", resp, err)
	}
	s.Lie(idp.Lies{JWKSRaw: idptest.Redirect(http.StatusFound, "https://evil.test/k")})
	resp, err = jwks(t, s, &http.Transport{}, 30*time.Second)
	if err != nil || resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != "https://evil.test/k" {
		t.Errorf("%v, %v", resp, err)
	}
}
