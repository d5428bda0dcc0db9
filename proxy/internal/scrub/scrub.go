// Package scrub owns which header fields cross the edge: it removes from requests what only the edge may say, in every
// spelling that a server behind it could read as the same name, and from responses what only the edge may tell
// browsers. It sets nothing and knows no session.
package scrub

import (
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/session"
)

// constant table: folded names that no client may send. The edge sets some of them itself.
var reserved = [...]string{
	"x-real-ip", "true-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "x-client-ip", "client-ip",
	"x-cluster-client-ip", "fastly-client-ip", "x-azure-clientip", "x-azure-socketip", "wl-proxy-client-ip",
	"proxy-client-ip", "x-forward-for", "x-host", "x-rewrite-url", "x-replaced-path", "x-request-id",
	"x-http-method", "x-http-method-override", "x-method-override",
	"proxy",              // becomes HTTP_PROXY in CGI programs
	"aspfiltersessionid", // ASP.NET would take a cookieless ticket from it
	"trailer", "expect",  // trailers are not forwarded; the edge itself answers Expect
	"http2-settings", // of an upgrade to h2c, which would leave the edge's sight
}

// constant table: beginnings of folded names that no client may send.
var reservedPrefixes = [...]string{
	"x-forwarded", "forwarded", "x-original-", "x-envoy-", "x-accel-", "x-edgeauth-", "secure-session-",
	"sec-secure-session-", "sec-session-",
}

// constant table: folded names that are dropped when they are not spelled with letters, digits and dashes. They frame
// a message or say what its body is, and CGI-style servers would confuse them.
var framing = [...]string{"content-length", "content-type", "content-encoding", "transfer-encoding"}

// constant table: beginnings of folded names that no backend may send.
var responsePrefixes = [...]string{"x-edgeauth-", "secure-session-", "sec-secure-session-", "sec-session-"}

// Rules know the names of one edge. They are safe for concurrent use.
type Rules struct {
	request  map[string]bool
	framing  map[string]bool
	identity map[string]bool
}

// New returns the rules of an edge whose upstreams are told identities under the given names.
func New(identity []string) *Rules {
	r := &Rules{request: map[string]bool{}, framing: map[string]bool{}, identity: map[string]bool{}}
	for _, name := range reserved {
		r.request[name] = true
	}
	for _, name := range framing {
		r.framing[name] = true
	}
	for _, name := range identity {
		folded := string(fold(nil, name))
		r.request[folded], r.identity[folded] = true, true
	}
	return r
}

// Request removes from a request's header all fields that only the edge may send, the edge's cookies and connection
// authentication. Doing it again changes nothing.
func (r *Rules) Request(h http.Header) {
	var buf [64]byte
	for name := range h {
		if r.managed(fold(buf[:0], name), name) {
			delete(h, name)
		}
	}
	session.StripOwn(h)
	if lines, ok := h["Authorization"]; ok {
		keep(h, "Authorization", lines, func(line string) bool { return !perConnection(line) })
	}
}

// Managed reports whether Request would remove a field of that name.
func (r *Rules) Managed(name string) bool { return r.managed(fold(nil, name), name) }

func (r *Rules) managed(folded []byte, name string) bool {
	return r.request[string(folded)] || begins(folded, reservedPrefixes[:]) || Odd(name) && r.framing[string(folded)]
}

func begins(folded []byte, prefixes []string) bool {
	for _, p := range prefixes {
		if len(folded) >= len(p) && string(folded[:len(p)]) == p {
			return true
		}
	}
	return false
}

// fold appends to dst the name as CGI-style servers see it: without case, every character that is neither letter nor
// digit the same.
func fold(dst []byte, name string) []byte {
	for i := range len(name) {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z':
			dst = append(dst, c+('a'-'A'))
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			dst = append(dst, c)
		default:
			dst = append(dst, '-')
		}
	}
	return dst
}

// Odd reports whether a field name has characters besides ASCII letters, digits and dashes.
func Odd(name string) bool {
	return strings.ContainsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-')
	})
}

// keep leaves the lines of a field that satisfy ok.
func keep(h http.Header, name string, lines []string, ok func(string) bool) {
	kept := lines[:0:0]
	for _, line := range lines {
		if ok(line) {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(h, name)
		return
	}
	h[name] = kept
}

// perConnection reports whether credentials or a challenge belong to a scheme that authenticates a connection instead
// of a request (RFC 4559). The edge shares its connections to an upstream between people.
func perConnection(line string) bool {
	scheme, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
	return strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate")
}
