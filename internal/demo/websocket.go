package demo

import (
	"context"
	"crypto/fips140"
	"net/http"

	"github.com/coder/websocket"
)

// maxMessage is the largest WebSocket message that is sent back.
const maxMessage = 1 << 20

// echo sends every message back. The page that opens the socket must come from the public host, which an edge that
// rewrites Host names in X-Forwarded-Host.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := accept(w, r)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(maxMessage)
	for echoOne(r.Context(), c) == nil {
	}
}

// accept answers the upgrade. Sec-WebSocket-Accept is a SHA-1 that protects nothing, so it is computed outside the
// enforcement of FIPS 140, where SHA-1 panics.
func accept(w http.ResponseWriter, r *http.Request) (c *websocket.Conn, err error) {
	o := &websocket.AcceptOptions{}
	if host := r.Header.Get("X-Forwarded-Host"); host != "" {
		o.OriginPatterns = []string{host}
	}
	fips140.WithoutEnforcement(func() { c, err = websocket.Accept(w, r, o) })
	return c, err
}

func echoOne(ctx context.Context, c *websocket.Conn) error {
	kind, message, err := c.Read(ctx)
	if err != nil {
		return err
	}
	return c.Write(ctx, kind, message)
}
