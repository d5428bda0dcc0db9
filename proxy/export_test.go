package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/web"
)

// Decide is what happens to a request before it is forwarded, for benchmarks. It must be allowed.
func Decide(h *Handler, r *http.Request) error {
	t, err := h.read(r)
	if err != nil {
		return err
	}
	route, err := h.routeOf(r, t, isPreflight(r))
	if err != nil {
		return err
	}
	q, err := h.asked(r, route, t)
	if err != nil {
		return err
	}
	if v, _, _ := h.admit(r, route, q, h.opt.Now()); v.Action != policy.Allow {
		return fmt.Errorf("verdict %s for %s", v.Action, v.Reason)
	}
	return nil
}

// DecideBoth is Decide, and then what a candidate says.
func DecideBoth(h *Handler, r *http.Request) error {
	t, err := h.read(r)
	if err != nil {
		return err
	}
	route, err := h.routeOf(r, t, false)
	if err != nil {
		return err
	}
	now := h.opt.Now()
	v, o, _ := h.admit(r, route, policy.Request{}, now)
	h.compare(r, t, decided(route, v), o, now)
	return nil
}

// Forget empties the cache of opened cookies.
func Forget(h *Handler) {
	c := h.cache.Load()
	for i := range c.shards {
		if young := c.shards[i].young; len(young) > 0 { // clear costs something for an empty map, too
			clear(young)
		}
	}
}

// admitted is the exchange of a request, and who has been let in with it.
func admitted(h *Handler, r *http.Request) (*exchange, *opened) {
	t, err := h.read(r)
	if err != nil {
		panic(err)
	}
	route, err := h.routeOf(r, t, false)
	if err != nil {
		panic(err)
	}
	now := h.opt.Now()
	_, o, _ := h.admit(r, route, policy.Request{}, now)
	return h.exchange(r, route, t, now), o
}

// Outgoing returns what is done to the header of a request that is forwarded.
func Outgoing(h *Handler, r *http.Request) func(http.Header) {
	x, o := admitted(h, r)
	if err := x.identify(r, o); err != nil {
		panic(err)
	}
	x.record = &web.Record{RequestID: "ABCDEFGHIJKLMNOP"}
	return x.header
}

// Lending returns what gets the access token for a request that is forwarded.
func Lending(h *Handler, r *http.Request) func() error {
	x, o := admitted(h, r)
	x.bearer = o
	return func() error {
		answered, err := x.lend(nil, r)
		if err == nil && (answered || x.token == nil) {
			return fmt.Errorf("no token was lent")
		}
		return err
	}
}

// stub is an engine that is a function.
type stub func(http.ResponseWriter, *http.Request)

func (s stub) carry(w http.ResponseWriter, r *http.Request, _ *exchange) { s(w, r) }
func (stub) close()                                                      {}

// Carried makes an upstream of a function, which gets what an engine would.
func Carried(u *Upstream, by func(http.ResponseWriter, *http.Request)) { u.engine = stub(by) }

// ToClient is what a WebSocket writes to its client.
func ToClient(conn net.Conn) io.Writer {
	s := newSocket(&live{}, nil)
	s.client = conn
	return clientEnd{conn, s}
}

// Look makes exchanges look around once, for benchmarks.
func Look(e *Exchanges) { e.look(e.opt.Now()) }

// Cutting is how many exchanges were cut and have not ended.
func (e *Exchanges) Cutting() (n int) {
	for _, l := range func() []*live { e.mu.Lock(); defer e.mu.Unlock(); return append([]*live(nil), e.open...) }() {
		if l.ended() != nil {
			n++
		}
	}
	return n
}
