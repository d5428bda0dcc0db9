package proxy

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/proxy/internal/scrub"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// exchange is one permitted request on its way to an upstream and back.
type exchange struct {
	h       *Handler
	route   *Route
	asks    *Route // whose conditions decided; the route itself or the one below it
	target  target.Target
	bearer  *opened  // who is there; nil for nobody
	told    *told    // what the upstream is told of them; nil for nobody
	token   []string // the value of the upstream's AccessToken field; nil: none
	record  *web.Record
	body    *clientBody
	live    *live  // nil before it is carried, and for preflights
	upgrade string // the protocol that the client asks for instead of HTTP, or ""
	accept  string // what a WebSocket's backend must answer
	now     time.Time
	agent   string // User-Agent
}

// request turns the outgoing request, a copy of the incoming one without hop-by-hop fields, into what the upstream may
// see.
func (x *exchange) request(out *http.Request) {
	u := &x.route.cfg.Upstream.cfg
	t := x.target.Strip(x.route.strip)
	out.URL.Scheme, out.URL.Host = u.Address.Scheme, u.Address.Host
	out.URL.Path, out.URL.RawPath, out.URL.RawQuery, out.URL.ForceQuery = t.Decoded, t.Path, t.Query, false
	out.Host = x.h.host[0]
	if u.RewriteHost {
		out.Host = u.Address.Host
	}
	out.Trailer = nil
	x.header(out.Header)
}

// header removes what clients may not say and adds what the edge says.
func (x *exchange) header(h http.Header) {
	x.h.rules.Request(h)
	if x.upgrade == "" {
		delete(h, "Connection")
		delete(h, "Upgrade")
	}
	if x.record.Client.IsValid() {
		h["X-Forwarded-For"] = []string{x.record.Client.String()}
	}
	h["X-Forwarded-Proto"], h["X-Forwarded-Host"] = x.h.proto, x.h.host
	h["X-Request-Id"] = []string{x.record.RequestID}
	addHop(h)
	u := &x.route.cfg.Upstream.cfg
	if name := http.CanonicalHeaderKey(u.AccessToken.Name); name != "" {
		delete(h, name) // Authorization is for the client to send where an upstream is told nothing in it
		if x.token != nil {
			h[name] = x.token
		}
	}
	if x.told == nil {
		return
	}
	for _, f := range x.told.fields {
		h[f.Name] = f.Values
	}
	if x.told.token != nil {
		h[http.CanonicalHeaderKey(u.AssertionHeader)] = x.told.token
	}
}

// response removes what a backend may not say. An error makes the exchange fail before anything was written.
func (x *exchange) response(res *http.Response) error {
	if x.live.ended() != nil {
		return errCut // the backend answered when it saw the edge leave
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		if x.accept != "" && res.Header.Get("Sec-Websocket-Accept") != x.accept {
			return fmt.Errorf("%w: its Sec-WebSocket-Accept does not fit the key", errNotWebSocket)
		}
	}
	x.h.rules.Response(res.Header)
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.live.tunnelled(res)
		return nil
	}
	x.h.rules.Response(res.Trailer)
	body := &trailed{ReadCloser: res.Body, res: res, rules: x.h.rules, live: x.live, cut: errCut}
	res.Body = body
	if x.bearer != nil {
		scrub.Private(res.Header)
		x.renew(res.Header)
	}
	if x.live == nil {
		return nil
	}
	return x.live.answers(res, body)
}

// trailed is a response's body, at whose end the trailers are known.
type trailed struct {
	io.ReadCloser
	res   *http.Response
	rules *scrub.Rules
	live  *live // nil for preflights
	cut   error // how it ends when the exchange is cut
}

// Read removes from the trailers what a backend may not say.
func (t *trailed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		t.rules.Response(t.res.Trailer)
	}
	if err != nil && t.live.ended() != nil {
		err = t.cut // even where the backend, which saw the edge leave, says that it is complete
	}
	return n, err
}
