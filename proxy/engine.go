package proxy

import (
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"sync"

	"github.com/edgeauth/edgeauth/proxy/internal/turns"
)

// engine carries one exchange to an upstream and the answer back. It asks the exchange what to send and what may come
// back; everything about connections, bodies and framing is its own.
type engine interface {
	carry(w http.ResponseWriter, r *http.Request, x *exchange)
	close()
}

var _ engine = (*reverse)(nil)

// reverse is the engine on top of httputil.ReverseProxy.
type reverse struct {
	plain    *http.Transport
	upgrades *http.Transport // WebSockets need HTTP/1.1, also where all else is HTTP/2 or may be
	buffers  *buffers
	log      *log.Logger
}

func newReverse(cfg UpstreamConfig) *reverse {
	e := &reverse{buffers: newBuffers(), plain: transport(cfg, cfg.Protocol)}
	e.upgrades = e.plain
	if cfg.Protocol != HTTP1 {
		e.upgrades = transport(cfg, HTTP1)
	}
	// What ReverseProxy has to say are bodies that broke off, mostly because a client left.
	e.log = slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug)
	return e
}

// carry answers on w. It panics with http.ErrAbortHandler when a response breaks off after it began.
func (e *reverse) carry(w http.ResponseWriter, r *http.Request, x *exchange) {
	via := e.plain
	if x.upgrade != "" {
		via = e.upgrades
	}
	final := &finalWriter{ResponseWriter: w, live: x.live, body: x.body, http1: r.ProtoMajor == 1}
	p := &httputil.ReverseProxy{
		Transport:      via,
		BufferPool:     e.buffers,
		ErrorLog:       e.log,
		Rewrite:        func(pr *httputil.ProxyRequest) { x.request(pr.Out) },
		ModifyResponse: x.response,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { x.failed(final, r, err) },
	}
	p.ServeHTTP(final, r.WithContext(turns.With(r.Context())))
}

func (e *reverse) close() {
	e.plain.CloseIdleConnections()
	e.upgrades.CloseIdleConnections()
}

// buffers is a httputil.BufferPool of 32 KiB pieces.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
}

// Get is for httputil.BufferPool.
func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

// Put is for httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
