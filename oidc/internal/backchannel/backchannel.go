// Package backchannel makes edgeauth's own requests to one OpenID provider. It owns their limits (time, size, headers),
// their way (proxy, certificate roots, the back-channel address) and the first judgement of an answer: could the
// provider be asked, and is the answer one that may be looked at. It must not know what the answers mean.
package backchannel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// The limits of each request.
const (
	Timeout        = 10 * time.Second // from the dialling to the last byte of the body
	MaxBody        = 1 << 20          // bytes of a document, a key set or a userinfo answer
	MaxTokenBody   = 256 << 10        // bytes of a token answer
	maxHeaderBytes = 64 << 10
)

// Config says how a provider is reached.
type Config struct {
	Issuer  string         // the public issuer URL
	Origin  string         // the back-channel address; empty: the public one
	RootCAs *x509.CertPool // nil: the system's
	Proxy   *url.URL       // nil: the environment's
}

// Client makes the requests. It is safe for concurrent use, keeps no cookies and follows no redirect.
type Client struct {
	transport *http.Transport
	issuer    *url.URL
	origin    *url.URL // nil: requests go to the public address
}

// New makes a client, without any network.
func New(config Config) (*Client, error) {
	issuer, err := url.Parse(config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("parsing issuer: %w", err)
	}
	c := &Client{transport: newTransport(config), issuer: issuer}
	if config.Origin != "" {
		if c.origin, err = url.Parse(config.Origin); err != nil {
			return nil, fmt.Errorf("parsing back-channel address: %w", err)
		}
	}
	return c, nil
}

func newTransport(config Config) *http.Transport {
	return &http.Transport{
		Proxy:                  proxyOf(config.Proxy),
		TLSClientConfig:        &tls.Config{RootCAs: config.RootCAs, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true, // a TLS configuration of one's own turns it off otherwise
		TLSHandshakeTimeout:    Timeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // answers are small; without compression there is no bomb
	}
}

// proxyOf reads the environment once, now, and not at the first request of the process as net/http does.
func proxyOf(fixed *url.URL) func(*http.Request) (*url.URL, error) {
	if fixed != nil {
		return http.ProxyURL(fixed)
	}
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
}

// Close closes idle connections. The client may be used again.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Reach is the address at which edgeauth itself asks an endpoint: with the back-channel origin where there is one and
// the endpoint has the issuer's origin, unchanged otherwise.
func (c *Client) Reach(endpoint url.URL) url.URL {
	if c.origin != nil && SameOrigin(&endpoint, c.issuer) {
		endpoint.Scheme, endpoint.Host = c.origin.Scheme, c.origin.Host
	}
	return endpoint
}

// IsBackChannel reports whether u has the back-channel origin.
func (c *Client) IsBackChannel(u *url.URL) bool { return c.origin != nil && SameOrigin(u, c.origin) }

// SameOrigin compares scheme, host and port, whatever their case, a default port being the same as none.
func SameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
}

// HTTP is a client whose answers are whole and at most limit bytes long, for libraries that want one. An answer that is a
// redirect is an error, so there is nothing to follow.
func (c *Client) HTTP(limit int64) *http.Client {
	return &http.Client{Transport: &bounded{base: c.transport, limit: limit}}
}

// Answer is what a provider said with status 200.
type Answer struct {
	ContentType string // lower case, without parameters
	Body        []byte
}

// Get asks endpoint, by way of Reach. A bearer token is sent if it is not empty. The error is a *StatusError for any
// other status, or one of this package's sentinels.
func (c *Client) Get(ctx context.Context, endpoint url.URL, accept, bearer string) (Answer, error) {
	to := c.Reach(endpoint)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("making request: %w", err)
	}
	request.Header.Set("Accept", accept)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := c.HTTP(MaxBody).Do(request)
	if err != nil {
		return Answer{}, err
	}
	return read(response)
}

// Post sends a form to endpoint, by way of Reach, and returns the status of the answer, with its body. Authorize adds what proves
// who asks; it may change the form's header only. Errors are this package's sentinels.
func (c *Client) Post(ctx context.Context, endpoint url.URL, form url.Values, authorize func(http.Header)) (status int, body []byte, err error) {
	to := c.Reach(endpoint)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, fmt.Errorf("making request: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	authorize(request.Header)
	response, err := c.HTTP(MaxTokenBody).Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading answer: %w", err)
	}
	return response.StatusCode, body, nil
}

var (
	// ErrUnavailable: the provider could not be asked, or said that it cannot answer now.
	ErrUnavailable = errors.New("the provider cannot be reached")
	// ErrCertificate: the provider's certificate is not one that the configured roots vouch for.
	ErrCertificate = errors.New("the provider's certificate is not trusted")
	// ErrRedirect: the provider answered with a redirect, and none is followed.
	ErrRedirect = errors.New("the answer is a redirect")
	// ErrTooLarge: the answer is longer than allowed.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrEncoding: the answer is compressed, though that was not asked for.
	ErrEncoding = errors.New("the answer is compressed")
)
