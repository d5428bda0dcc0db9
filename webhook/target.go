package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// MinSecret is how long a secret must be, in bytes.
	MinSecret = 16
	// maxAnswer and maxHeader bound what is read of an answer, in bytes. Nothing of it is used but the status and
	// Retry-After; a longer body costs the connection.
	maxAnswer = 16 << 10
	maxHeader = 16 << 10
)

// TargetConfig says where documents go. URL, Secret, Timeout and Queue are needed.
type TargetConfig struct {
	URL      *url.URL       // http or https; path and query may be secret, so that nothing here ever prints them
	Secret   []byte         // MinSecret bytes at least
	RootCAs  *x509.CertPool // nil: the system's
	Timeout  time.Duration  // of one attempt
	Queue    int            // documents that may wait
	RetryFor time.Duration  // how long after its first failure an array is given up; 0: after the first

	// Transport is for tests; nil is one with RootCAs and the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
	Transport http.RoundTripper
}

// Target is an endpoint. It never changes and prints without its secrets.
type Target struct {
	name     string                                                                    // scheme, host and port
	request  func(ctx context.Context, b *batch, now time.Time) (*http.Request, error) // holds URL and secret, where nothing prints them
	timeout  time.Duration
	queue    int
	retryFor time.Duration
	client   *http.Client
}

// NewTarget checks c and returns its target. It does no network.
func NewTarget(c TargetConfig) (*Target, error) {
	switch {
	case c.URL == nil || c.URL.Host == "" || c.URL.Scheme != "http" && c.URL.Scheme != "https":
		return nil, errors.New("the webhook's URL must be an absolute one of http or https")
	case len(c.Secret) < MinSecret:
		return nil, fmt.Errorf("the webhook's secret must have %d bytes or more", MinSecret)
	case c.Timeout <= 0 || c.Queue <= 0:
		return nil, errors.New("the webhook's timeout and queue must be above 0")
	}
	t := &Target{name: c.URL.Scheme + "://" + c.URL.Host, request: requests(c.URL.String(), c.Secret), timeout: c.Timeout, queue: c.Queue, retryFor: c.RetryFor}
	transport := c.Transport
	if transport == nil {
		transport = newTransport(c.RootCAs)
	}
	t.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // who signs for one address does not speak to another
	}}
	return t, nil
}

func newTransport(roots *x509.CertPool) *http.Transport {
	proxy := httpproxy.FromEnvironment().ProxyFunc() // as it is now; net/http would remember that of its first request
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true, // a TLS configuration of one's own turns it off otherwise
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           1,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // without compression there is no bomb
	}
}

func (t *Target) close() { t.client.CloseIdleConnections() }

// String is scheme, host and port.
func (t Target) String() string { return t.name }

// Format prints what String returns under every verb.
func (t Target) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// result is what one attempt came to; an empty cause is success.
type result struct {
	cause      Cause
	final      bool // another attempt would not change it
	retryAfter time.Duration
}

// post sends the batch once.
func (t *Target) post(ctx context.Context, b *batch, now time.Time) result {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	req, err := t.request(ctx, b, now)
	if err != nil {
		return result{cause: CauseOther}
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return result{cause: causeOf(err)}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // so that the connection can be used again; what it says does not matter
	return verdict(resp, now)
}

// requests returns what makes the request for a batch, signed for the moment in which it is made.
func requests(to string, secret []byte) func(context.Context, *batch, time.Time) (*http.Request, error) {
	return func(ctx context.Context, b *batch, now time.Time) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(b.body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "edgeauth-webhook")
		req.Header.Set("Edgeauth-Delivery", b.id)
		req.Header.Set("Edgeauth-Signature", signature(secret, now, b.body))
		if b.missed > 0 {
			req.Header.Set("Edgeauth-Missed", strconv.Itoa(b.missed))
		}
		return req, nil
	}
}

func signature(secret []byte, now time.Time, body []byte) string {
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// verdict reads an answer's status.
func verdict(resp *http.Response, now time.Time) result {
	switch code := resp.StatusCode; {
	case code >= 200 && code <= 299:
		return result{}
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests:
		return result{cause: CauseBusy, retryAfter: retryAfter(resp, now)}
	case code >= 500:
		return result{cause: CauseServer, retryAfter: retryAfter(resp, now)}
	case code >= 300 && code <= 399:
		return result{cause: CauseRedirect, final: true}
	}
	return result{cause: CauseClient, final: true}
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3); 0 where there is none that makes sense.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
