package wire

import (
	"context"
	"crypto/tls"
	"net"
)

// Reader tells in a word what a TLS hello shows. It must not keep the info.
type Reader func(*tls.ClientHelloInfo) string

// greeted is a connection below TLS. crypto/tls shows it with the hello, and the *tls.Conn above it leads back to it, so
// that what was read of a hello stays with its connection.
type greeted struct {
	net.Conn
	hello string // written by the handshake, read when it is over
}

// reading makes a configuration read hellos before it chooses by them.
func reading(config *tls.Config, read Reader) {
	choose := config.GetConfigForClient
	config.GetConfigForClient = func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		if g, ok := info.Conn.(*greeted); ok {
			g.hello = read(info)
		}
		if choose == nil {
			return nil, nil // the configuration itself
		}
		return choose(info)
	}
}

type helloKey struct{}

// Hello returns what was read of the TLS hello of a request's connection; empty where there was none.
func Hello(ctx context.Context) string {
	hello, _ := ctx.Value(helloKey{}).(string)
	return hello
}

// withHello attaches what was read of a connection's hello.
func withHello(ctx context.Context, c net.Conn) context.Context {
	t, ok := c.(interface{ NetConn() net.Conn })
	if !ok {
		return ctx
	}
	if g, ok := t.NetConn().(*greeted); ok && g.hello != "" {
		return context.WithValue(ctx, helloKey{}, g.hello)
	}
	return ctx
}
