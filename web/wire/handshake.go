package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// handshakes is a listener whose connections have their TLS handshake behind them. net/http makes it too late: it is
// the handshake that decides between HTTP/2, for which net/http wants the *tls.Conn itself, and HTTP/1, for which it
// takes any connection.
type handshakes struct {
	net.Listener
	config *tls.Config
	limit  time.Duration // of one handshake; 0: none
	log    *log.Logger   // nil: nobody is told

	ready chan accepted
	life  context.Context // ends when the listener is closed, and every handshake with it
	end   context.CancelFunc
	wg    sync.WaitGroup // handshakes
}

type accepted struct {
	conn net.Conn
	err  error
}

func newHandshakes(srv *http.Server, ln net.Listener) *handshakes {
	h := &handshakes{Listener: ln, config: srv.TLSConfig.Clone(), limit: srv.ReadHeaderTimeout, log: srv.ErrorLog, ready: make(chan accepted)}
	h.life, h.end = context.WithCancel(context.Background())
	return h
}

// run accepts connections and shakes hands with each on its own, until the listener is closed. An error is for whom
// calls Accept, who knows which ones pass.
func (h *handshakes) run() {
	defer h.wg.Wait()
	for h.life.Err() == nil {
		c, err := h.Listener.Accept()
		if err != nil {
			h.offer(accepted{err: err})
			continue
		}
		h.wg.Go(func() { h.shake(c) })
	}
}

// offer waits for Accept, or for the end.
func (h *handshakes) offer(a accepted) {
	select {
	case h.ready <- a:
	case <-h.life.Done():
		if a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

// Accept implements net.Listener.
func (h *handshakes) Accept() (net.Conn, error) {
	select {
	case a := <-h.ready:
		return a.conn, a.err
	case <-h.life.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. It ends handshakes, and closes connections that were not accepted yet.
func (h *handshakes) Close() error {
	h.end()
	return h.Listener.Close()
}

// shake makes one handshake.
func (h *handshakes) shake(raw net.Conn) {
	if h.limit > 0 {
		_ = raw.SetDeadline(time.Now().Add(h.limit)) // a closed connection, which the handshake finds as well
	}
	c := tls.Server(&greeted{Conn: raw}, h.config)
	if err := c.HandshakeContext(h.life); err != nil {
		h.refuse(raw, err)
		return
	}
	_ = raw.SetDeadline(time.Time{})
	switch c.ConnectionState().NegotiatedProtocol {
	case "", "http/1.1":
		h.offer(accepted{conn: wrap(c)})
	default: // HTTP/2, and what net/http closes because it was only about the handshake (ACME's challenge, RFC 8737)
		h.offer(accepted{conn: c})
	}
}

// refuse closes a connection without a good handshake. Who speaks plain HTTP is told so, in the words of net/http.
func (h *handshakes) refuse(raw net.Conn, err error) {
	defer raw.Close()
	reason := err.Error()
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		_, _ = io.WriteString(raw, "HTTP/1.0 400 Bad Request\r\n"+noStore+"\r\nClient sent an HTTP request to an HTTPS server.\n")
		reason = "client sent an HTTP request to an HTTPS server"
	}
	if h.log != nil {
		h.log.Printf("http: TLS handshake error from %s: %s", raw.RemoteAddr(), reason)
	}
}

// looksLikeHTTP reports whether the first bytes of a connection are the method of a request rather than a TLS record.
func looksLikeHTTP(first [5]byte) bool {
	switch string(first[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}
