package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
)

// noStore is what the answers of net/http lack.
const noStore = "Cache-Control: no-store\r\n"

// The states of a connection.
const (
	between   int32 = iota // no handler runs: all that is written, net/http answers by itself
	answering              // a handler has a request, and its answer may not be out yet
	released               // HTTP/2: handlers run side by side, and no answer is text
)

// conn adds noStore to what net/http answers by itself. Between two requests nobody else writes, so that no byte of a
// handler, and none that it passes on from somewhere else, is ever looked at.
type conn struct {
	net.Conn
	state atomic.Int32
}

// wrap keeps what net/http and hijackers look for in a connection.
func wrap(c net.Conn) net.Conn {
	switch c := c.(type) {
	case *net.TCPConn:
		return &tcpConn{conn{Conn: c}, c}
	case *tls.Conn:
		return &tlsConn{conn{Conn: c}, c}
	}
	return &conn{Conn: c}
}

// tcpConn lets the kernel copy (sendfile, splice).
type tcpConn struct {
	conn
	io.ReaderFrom
}

// tlsConn tells net/http of its TLS, for http.Request.TLS.
type tlsConn struct {
	conn
	tls *tls.Conn
}

func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// NetConn is the connection below TLS, as of a *tls.Conn.
func (c *tlsConn) NetConn() net.Conn { return c.tls.NetConn() }

// Write implements net.Conn. net/http writes an answer of its own in one piece.
func (c *conn) Write(p []byte) (int, error) {
	end := bytes.Index(p, []byte("\r\n")) + len("\r\n")
	if c.state.Load() != between || !bytes.HasPrefix(p, []byte("HTTP/1.")) || end < len("\r\n") {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(slices.Concat(p[:end], []byte(noStore), p[end:]))
	return min(n, len(p)), err
}

// CloseWrite lets net/http say that nothing more comes before it closes, so that a client that still sends reads the
// answer instead of a reset.
func (c *conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// enter is called before a handler runs.
func (c *conn) enter(r *http.Request) {
	if r.ProtoMajor != 1 {
		c.state.Store(released)
		return
	}
	c.state.Store(answering)
}

// leave is called when an answer has been written as a whole, and the next request is awaited. For HTTP/2, and for who
// has hijacked the connection, that moment never comes.
func (c *conn) leave() { c.state.CompareAndSwap(answering, between) }

// watched is a connection of this package.
type watched interface {
	enter(*http.Request)
	leave()
}

type connKey struct{}

// watch makes srv tell its connections when handlers run. What srv does already at these moments it still does.
func watch(srv *http.Server) {
	inner, withContext, changed := srv.Handler, srv.ConnContext, srv.ConnState
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(watched); ok {
			c.enter(r)
		}
		inner.ServeHTTP(w, r)
	})
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if withContext != nil {
			ctx = withContext(ctx, c)
		}
		return context.WithValue(withHello(ctx, c), connKey{}, c)
	}
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		if w, ok := c.(watched); ok && state == http.StateIdle {
			w.leave()
		}
		if changed != nil {
			changed(c, state)
		}
	}
}
