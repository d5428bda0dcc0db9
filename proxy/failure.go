package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/edgeauth/edgeauth/web"
)

// errNotWebSocket is a backend that switches protocols without having understood the request.
var errNotWebSocket = errors.New("backend did not accept the WebSocket")

// statusClientGone is nginx's status for a client that left. Nobody receives it; it is for the access record.
const statusClientGone = 499

// failed answers an exchange that ended before a response began.
func (x *exchange) failed(w http.ResponseWriter, r *http.Request, err error) {
	crowd, crowded := tooMany(err)
	switch {
	case x.live.ended() != nil:
		x.live.instead(w, r)
	case crowded:
		x.h.opt.Pages.Fail(w, r, x.refuseMore(crowd))
	case x.body != nil && x.body.broken():
		x.h.opt.Pages.Fail(w, r, &web.Error{Code: http.StatusBadRequest, Reason: "malformed_body", Title: "Malformed request",
			Public: "The body of the request broke off or was malformed.", Err: err})
	case r.Context().Err() != nil:
		x.record.Reason = "client_gone"
		w.WriteHeader(statusClientGone)
	case timedOut(err):
		x.h.opt.Pages.Fail(w, r, &web.Error{Code: http.StatusGatewayTimeout, Reason: "upstream_timeout", Title: "The application did not answer",
			Public: "The application behind this address took too long. Please try again in a moment.", Err: err})
	default:
		x.h.opt.Pages.Fail(w, r, &web.Error{Code: http.StatusBadGateway, Reason: "upstream_unreachable", Title: "The application cannot be reached",
			Public: "The application behind this address did not answer properly. Please try again in a moment.", Err: err})
	}
}

// timedOut reports whether an upstream was too slow. net/http's error for a late response header is known only as a
// net.Error.
func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// clientBody notes whether reading the client's body failed, so that the client's mistake is not taken for the
// upstream's. The transport may still read when the answer is already on its way.
type clientBody struct {
	io.ReadCloser
	failed  atomic.Bool // it broke off, or is malformed
	over    atomic.Bool // read to its end
	stopped atomic.Bool // nothing more is read
	reading sync.Mutex  // held while reading
}

// Read notes every error but the end. Behind the end it asks nobody: a transport reads once more than there is, and net/http
// gives an error for that when the answer has begun meanwhile, so that a good exchange would be broken off.
func (b *clientBody) Read(p []byte) (int, error) {
	if b.over.Load() {
		return 0, io.EOF
	}
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.stopped.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil, http.ErrBodyReadAfterClose:
	case io.EOF:
		b.over.Store(true)
	default:
		b.failed.Store(true)
	}
	return n, err
}

// stop returns when nobody reads any more, nor will. The deadline for reading must be over.
func (b *clientBody) stop() {
	b.stopped.Store(true)
	b.reading.Lock()
	defer b.reading.Unlock()
}

func (b *clientBody) broken() bool { return b.failed.Load() }

// open reports whether there is a body whose end has not been read. It has none to be found where something was wrong with it.
func (b *clientBody) open() bool { return b != nil && !b.over.Load() }
