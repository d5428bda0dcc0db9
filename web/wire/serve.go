package wire

import (
	"net"
	"net/http"
	"sync"
)

// Serve is srv.Serve with no-store on all that net/http answers by itself. It changes srv, which must have a handler, so
// it is called once for each srv.
func Serve(srv *http.Server, ln net.Listener) error {
	watch(srv)
	return srv.Serve(listener{ln})
}

// ServeTLS is Serve for TLS, as srv.TLSConfig says. A handshake may take srv.ReadHeaderTimeout. What read (nil: nothing is
// read) finds in the TLS hello is the Hello of all requests of the connection.
func ServeTLS(srv *http.Server, ln net.Listener, read Reader) error {
	h := newHandshakes(srv, ln)
	if read != nil {
		reading(h.config, read)
	}
	watch(srv)
	var loop sync.WaitGroup
	defer loop.Wait()
	loop.Go(h.run)
	return srv.Serve(h)
}

// listener hands on connections that add no-store.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrap(c), nil
}
