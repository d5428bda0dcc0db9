// Package turns keeps the order of HTTP/1.1 on connections to upstreams: the server speaks after it has been asked, never
// before (RFC 9112, 9.3). net/http takes whatever lies in its buffer when a request goes out for the answer, so a backend
// that sends more than its answer could answer the next person's request. Here such bytes end the connection instead.
//
// The package knows net/http's habits and nothing of the edge.
package turns

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"syscall"
)

// ErrUnasked is what reading and writing return after a server has spoken out of turn.
var ErrUnasked = errors.New("the server sent bytes that nobody had asked for")

// Conn is a connection of a http.Transport that carries one HTTP/1.1 exchange after the other. Each exchange needs a
// context of With, which tells the connection where an exchange begins. It is safe for concurrent use, as net.Conn demands.
//
// What had arrived on this machine when an exchange began is never its answer. What arrives later is, if it arrives after
// the request's first byte was written: nobody can tell a late word of the former exchange from an early one of this.
type Conn struct {
	net.Conn // above wire, or wire itself
	wire     *Wire
	spoiled  func()

	heard chan struct{} // closed when the server will not be heard any more
	deaf  sync.Once     // closes heard

	mu    sync.Mutex // guards what follows
	asked bool       // the exchange has begun to write, so the server may speak
	bad   bool       // the server spoke out of turn
}

// New returns a Conn that keeps the turns of c, which is wire or lies above it: above the encryption, because TLS sends
// session tickets unasked. The function spoiled is called when the server has spoken out of turn, at most once.
func New(c net.Conn, wire *Wire, spoiled func()) *Conn {
	return &Conn{Conn: c, wire: wire, spoiled: spoiled, heard: make(chan struct{})}
}

// With returns a context for one request to a http.Transport. Its connection, if it is a Conn, begins a new exchange.
func With(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if c, ok := info.Conn.(*Conn); ok {
			c.begin()
		}
	}})
}

// begin starts an exchange: until its first byte is written, the server has nothing to say. The transport always reads
// from a connection that is not in use, and closes it when it gets something before a request has begun; a request begins
// after this call. So when the wire has settled, the transport has seen all that was there.
func (c *Conn) begin() {
	c.mu.Lock()
	c.asked = false
	c.mu.Unlock()
	c.wire.settle()
}

// Read returns what the server has to say in its turn, and ErrUnasked for anything else.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.inTurn() {
		err = ErrUnasked
		n = 0
	}
	if err != nil {
		c.end()
	}
	return n, err
}

// inTurn reports whether the server may speak, and notes that it did.
func (c *Conn) inTurn() bool {
	c.mu.Lock()
	asked, first := c.asked && !c.bad, !c.bad
	c.bad = !asked
	c.mu.Unlock()
	if !asked && first {
		c.spoiled()
	}
	return asked
}

// Write begins the server's turn. Nothing is written after ErrUnasked, so the transport may take another connection.
//
// A server that refuses a request while it is being sent may answer and hang up, and writing fails before its answer has been read. The
// transport would give up at once; so what failed is told when the server's last word has been read. Nobody waits for the network
// then: a connection that cannot be written on any more has nothing to read but what has arrived.
func (c *Conn) Write(p []byte) (int, error) {
	if !c.ask() {
		return 0, ErrUnasked
	}
	n, err := c.Conn.Write(p)
	if hungUp(err) {
		<-c.heard
	}
	return n, err
}

// hungUp reports whether writing failed because the server listens no more.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// end says that the server will not be heard any more.
func (c *Conn) end() { c.deaf.Do(func() { close(c.heard) }) }

func (c *Conn) ask() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = true
	return !c.bad
}

// Close closes the connection. TLS says goodbye first, which may take a while; begin does not wait for that.
func (c *Conn) Close() error {
	c.wire.end()
	c.end()
	return c.Conn.Close()
}

// CloseWrite says to the server that nothing more will come; for upgraded connections.
func (c *Conn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
