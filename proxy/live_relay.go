package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// tunnelled prepares an exchange for what follows after a 101 of the backend.
func (l *live) tunnelled(res *http.Response) {
	backend, ok := res.Body.(io.ReadWriteCloser)
	if !ok || l.x.accept == "" {
		return // not a WebSocket; or none that net/http would carry
	}
	l.socket = newSocket(l, backend)
	res.Body = backendEnd{backend, l.socket}
}

// Hijack takes the client's connection over for a tunnel.
func (w *finalWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil || w.live == nil || w.live.socket == nil {
		return conn, rw, err
	}
	w.live.socket.client = conn
	return clientEnd{conn, w.live.socket}, rw, nil
}

// clientEnd is the client's connection of a socket.
type clientEnd struct {
	net.Conn
	s *socket
}

// Write writes what the backend sent.
func (c clientEnd) Write(p []byte) (int, error) { return c.s.down.Write(p) }

// WriteTo sends what the client says to the backend. It begins when the 101 is out: from now on the socket can be closed as
// one.
func (c clientEnd) WriteTo(w io.Writer) (int64, error) {
	if !c.s.l.endsBy(c.s) {
		return 0, errCut
	}
	return relay(w, c.Conn)
}

// CloseWrite tells the client that the backend has nothing more to say.
func (c clientEnd) CloseWrite() error { return closeWrite(c.Conn) }

// backendEnd is the backend's connection of a socket.
type backendEnd struct {
	io.ReadWriteCloser
	s *socket
}

// Write writes what the client sent.
func (b backendEnd) Write(p []byte) (int, error) { return b.s.up.Write(p) }

// WriteTo sends what the backend says to the client.
func (b backendEnd) WriteTo(w io.Writer) (int64, error) { return relay(w, b.ReadWriteCloser) }

// CloseWrite tells the backend that the client has nothing more to say.
func (b backendEnd) CloseWrite() error { return closeWrite(b.ReadWriteCloser) }

func closeWrite(to any) error {
	if w, ok := to.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// The buffer of one direction: most WebSockets are silent most of the time, and a few are not.
const (
	leastBuffer = 1 << 10
	mostBuffer  = 32 << 10
)

// relay copies until the end. Its buffer grows with what arrives at once.
func relay(to io.Writer, from io.Reader) (n int64, err error) {
	buf := make([]byte, leastBuffer)
	for {
		got, err := from.Read(buf)
		if got > 0 {
			if _, err := to.Write(buf[:got]); err != nil {
				return n, err
			}
			n += int64(got)
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if got == len(buf) && got < mostBuffer {
			buf = make([]byte, 2*len(buf))
		}
	}
}
