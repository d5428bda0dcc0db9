package web

import (
	"net/http"
	"strconv"
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
	case grpcType(r) != "":
		return GRPC
	case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
		return Preflight
	case IsWebSocket(r):
		return WebSocket
	case r.Header.Get("X-Requested-With") != "":
		return Program
	case len(r.Header["Sec-Fetch-Mode"]) > 0:
		return byFetchMode(r)
	case acceptsHTML(r.Header["Accept"]) && pageMethod(r.Method):
		return Navigation
	}
	return Program
}

// byFetchMode believes a mode only if there is one: two of them are no browser's.
func byFetchMode(r *http.Request) Caller {
	if modes := r.Header["Sec-Fetch-Mode"]; len(modes) == 1 && modes[0] == "navigate" && pageMethod(r.Method) {
		return Navigation
	}
	return Program
}

// pageMethod reports whether a browser may show the answer as a page. A form that a person sent is among them; it is
// never redirected to a login (see MayRedirect).
func pageMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodPost
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

// grpcType returns the media type of a gRPC or gRPC-Web call without its message format, or "". Such calls are POSTs
// (gRPC over HTTP/2, "Requests"). Since they are refused with status 200, nothing else may pass for one.
func grpcType(r *http.Request) string {
	types := r.Header["Content-Type"]
	if r.Method != http.MethodPost || len(types) != 1 {
		return ""
	}
	media, _, _ := strings.Cut(types[0], ";")
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(media)), "+")
	switch base {
	case "application/grpc", "application/grpc-web", "application/grpc-web-text":
		return base
	}
	return ""
}

// acceptsHTML looks for HTML in Accept by name: programs send */*. A weight of zero refuses (RFC 9110, 12.4.2).
func acceptsHTML(accept []string) bool {
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			media, params, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(media)) {
			case "text/html", "application/xhtml+xml":
				if !weighsNothing(params) {
					return true
				}
			}
		}
	}
	return false
}

func weighsNothing(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if weight, err := strconv.ParseFloat(value, 32); strings.EqualFold(name, "q") && err == nil && weight == 0 {
			return true
		}
	}
	return false
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
