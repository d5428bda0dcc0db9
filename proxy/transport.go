package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/proxy/internal/turns"
)

// maxResponseHeader bounds a backend's header section in bytes.
const maxResponseHeader = 256 << 10

// transport returns the connections of one protocol. No proxy of the environment is asked: an upstream is reached
// directly or not at all. Nothing is decompressed: bodies cross as they are.
func transport(cfg UpstreamConfig, protocol Protocol) *http.Transport {
	var p http.Protocols
	p.SetHTTP1(protocol == HTTP1 || protocol == Auto)
	p.SetHTTP2(protocol == H2 || protocol == Auto)
	p.SetUnencryptedHTTP2(protocol == H2C)
	d := newDialer(cfg, protocol)
	return &http.Transport{
		DialContext:            d.plain,
		DialTLSContext:         d.encrypted,
		ResponseHeaderTimeout:  cfg.ResponseTimeout,
		IdleConnTimeout:        cfg.IdleTimeout,
		MaxIdleConnsPerHost:    1024,
		MaxResponseHeaderBytes: maxResponseHeader,
		DisableCompression:     true,
		WriteBufferSize:        8 << 10,
		ReadBufferSize:         8 << 10,
		Protocols:              &p,
	}
}

// dialer opens the connections of one transport. Those that speak HTTP/1.1 keep turns, so that nobody gets what a backend
// sent unasked; HTTP/2 tells exchanges apart by itself.
type dialer struct {
	cfg      UpstreamConfig
	protocol Protocol
	tcp      net.Dialer
	tls      *tls.Config
}

func newDialer(cfg UpstreamConfig, protocol Protocol) *dialer {
	return &dialer{cfg: cfg, protocol: protocol, tcp: net.Dialer{KeepAlive: 30 * time.Second}, tls: &tls.Config{
		ServerName: cfg.Address.Hostname(), RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12, NextProtos: offers(protocol)}}
}

// offers is what TLS may negotiate. Without an offer the server speaks HTTP/1.1.
func offers(p Protocol) []string {
	switch p {
	case Auto:
		return []string{"h2", "http/1.1"}
	case H2:
		return []string{"h2"}
	}
	return nil
}

// plain connects without TLS.
func (d *dialer) plain(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := d.limited(ctx)
	defer cancel()
	if d.protocol == H2C {
		return d.tcp.DialContext(ctx, network, address)
	}
	w, err := d.wire(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return turns.New(w, w, d.spoiled), nil
}

// encrypted connects with TLS. For HTTP/2 it returns a *tls.Conn, by which net/http knows what was negotiated.
func (d *dialer) encrypted(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := d.limited(ctx)
	defer cancel()
	w, err := d.wire(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := tls.Client(w, d.tls)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = w.Close() // there is nothing to say goodbye to
		return nil, err
	}
	if c.ConnectionState().NegotiatedProtocol == "h2" {
		return c, nil
	}
	return turns.New(c, w, d.spoiled), nil
}

// limited bounds a connection's making, TLS included.
func (d *dialer) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.cfg.ConnectTimeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.cfg.ConnectTimeout)
}

func (d *dialer) wire(ctx context.Context, network, address string) (*turns.Wire, error) {
	c, err := d.tcp.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w, err := turns.NewWire(c)
	if err != nil {
		_ = c.Close()
	}
	return w, err
}

func (d *dialer) spoiled() {
	d.cfg.Log.Warn("an upstream sent bytes that nobody had asked for; its connection was dropped", "upstream", d.cfg.Name)
}
