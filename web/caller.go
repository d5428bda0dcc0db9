package web

import (
	"net/http"
	"strings"
)

// Caller is who made a request, as far as its form tells. It decides the format of an answer, never whether access is
// given.
type Caller uint8

// The callers.
const (
	Program    Caller = iota // fetch, XHR, a non-GET, anything unknown: status and a JSON body, never a redirect
	Navigation               // a browser showing a page: may be redirected, reads HTML
	WebSocket                // an upgrade: a plain status
	GRPC                     // a gRPC status
	Preflight                // a CORS preflight
)

// CallerOf classifies a request. Where the browser sends Fetch Metadata, that decides; else a GET or HEAD that accepts
// HTML is a navigation.
func CallerOf(r *http.Request) Caller {
	switch {
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
		return GRPC
	case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
		return Preflight
	case IsWebSocket(r):
		return WebSocket
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return formPost(r)
	case r.Header.Get("X-Requested-With") != "":
		return Program
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		if mode == "navigate" {
			return Navigation
		}
		return Program
	}
	if acceptsHTML(r) {
		return Navigation
	}
	return Program
}

// formPost tells a form that a person sent, and whose answer is shown as a page, from a program's call. Only the edge's
// own endpoints answer it with a page; it is never redirected to a login (see MayRedirect).
func formPost(r *http.Request) Caller {
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" || r.Header.Get("Sec-Fetch-Mode") == "" && acceptsHTML(r) {
		return Navigation
	}
	return Program
}

// MayRedirect reports whether a missing login may be answered by a redirect: only a navigation by GET or HEAD.
func MayRedirect(r *http.Request) bool {
	return CallerOf(r) == Navigation && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// IsWebSocket reports whether r asks for a WebSocket, by upgrade (RFC 6455) or extended CONNECT (RFC 8441).
func IsWebSocket(r *http.Request) bool {
	if r.Method == http.MethodConnect && r.Header.Get(":protocol") == "websocket" {
		return true
	}
	return hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket")
}

func acceptsHTML(r *http.Request) bool {
	return hasToken(r.Header["Accept"], "text/html") || hasToken(r.Header["Accept"], "application/xhtml+xml")
}

// hasToken looks for a token in a comma-separated list over several lines, without case and without parameters.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			part, _, _ = strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
