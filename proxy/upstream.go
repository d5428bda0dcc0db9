package proxy

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/proxy/internal/identify"
)

// Protocol is what an upstream is spoken to in.
type Protocol uint8

// The protocols. WebSockets use HTTP/1.1 in any case.
const (
	Auto  Protocol = iota // what TLS negotiates; HTTP/1.1 without TLS
	HTTP1                 // HTTP/1.1
	H2                    // HTTP/2 over TLS
	H2C                   // HTTP/2 without TLS, with prior knowledge
)

// IdentityHeaders are the names under which an upstream is told who is there: User, Email, Name, Groups, ACR, Level,
// Session. An empty name is not sent.
type IdentityHeaders = identify.Headers

// UpstreamConfig describes one application behind the edge.
type UpstreamConfig struct {
	Name              string
	Address           *url.URL // http or https, host and port; exactly one, pools come later
	Protocol          Protocol
	RewriteHost       bool           // the application sees the host of Address instead of the public one
	Roots             *x509.CertPool // nil: the system's
	IIS               bool           // see target.CheckIIS; its routes match without case
	Headers           IdentityHeaders
	AssertionHeader   string // empty: none is sent
	AssertionAudience string
	AccessToken       AccessTokenHeader
	ConnectTimeout    time.Duration // with TLS
	ResponseTimeout   time.Duration // until the response's header is there
	IdleTimeout       time.Duration // of an unused connection
	Log               *slog.Logger  // nil: nothing is logged
}

// Upstream is one application and the connections to it. It is safe for concurrent use and may serve several origins.
type Upstream struct {
	cfg    UpstreamConfig
	engine engine
}

// NewUpstream prepares an upstream. It does not connect.
func NewUpstream(cfg UpstreamConfig) (*Upstream, error) {
	a := cfg.Address
	if a == nil || a.Host == "" || a.Scheme != "http" && a.Scheme != "https" {
		return nil, fmt.Errorf("upstream %q needs an http or https address", cfg.Name)
	}
	if a.Path != "" && a.Path != "/" || a.RawQuery != "" || a.Fragment != "" || a.User != nil {
		return nil, fmt.Errorf("address of upstream %q has more than scheme, host and port", cfg.Name)
	}
	if (a.Scheme == "https") != (cfg.Protocol == H2) && (cfg.Protocol == H2 || cfg.Protocol == H2C) {
		return nil, fmt.Errorf("upstream %q: h2 is for https, h2c for http", cfg.Name)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Upstream{cfg: cfg, engine: newReverse(cfg)}, nil
}

// Name is the name in logs and metrics.
func (u *Upstream) Name() string { return u.cfg.Name }

// Close closes the connections that are not in use. Those in use end with their exchange.
func (u *Upstream) Close() { u.engine.close() }

// names are the header names that only the edge may send to this upstream.
func (u *Upstream) names() []string {
	names := u.cfg.Headers.Names()
	if u.cfg.AssertionHeader != "" {
		names = append(names, u.cfg.AssertionHeader)
	}
	if a := u.cfg.AccessToken.Name; a != "" && !strings.EqualFold(a, authorization) {
		names = append(names, a)
	}
	return names
}
