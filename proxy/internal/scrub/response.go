package scrub

import (
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/session"
)

// Response removes what a backend may not tell a browser: the edge's cookies, identity headers, device-bound session
// registration, connection authentication and other addresses for the edge's origin (Alt-Svc).
func (r *Rules) Response(h http.Header) {
	var buf [64]byte
	for name := range h {
		folded := fold(buf[:0], name)
		if r.identity[string(folded)] || begins(folded, responsePrefixes[:]) {
			delete(h, name)
		}
	}
	delete(h, "Alt-Svc")
	if lines, ok := h["Set-Cookie"]; ok {
		keep(h, "Set-Cookie", lines, func(line string) bool { return !session.OwnSetCookie(line) })
	}
	if lines, ok := h["Www-Authenticate"]; ok {
		keep(h, "Www-Authenticate", challenges(lines), func(string) bool { return true })
	}
}

// challenges drops NTLM and Negotiate, also where several challenges stand in one line.
func challenges(lines []string) []string {
	var out []string
	for _, line := range lines {
		var kept []string
		for part := range strings.SplitSeq(line, ",") {
			if !perConnection(part) {
				kept = append(kept, part)
			}
		}
		if rest := strings.TrimSpace(strings.Join(kept, ",")); rest != "" {
			out = append(out, rest)
		}
	}
	return out
}

// Early leaves of an informational response (103) only the links: browsers act on nothing else there, and its other
// fields would come around Response.
func Early(h http.Header) {
	for name := range h {
		if name != "Link" {
			delete(h, name)
		}
	}
}

// Private makes a response to an identified request unfit for shared caches: `private` is added unless it is there or
// nothing is stored at all, and what would permit them (public, s-maxage, and the fields by which surrogates and CDNs
// are told otherwise: RFC 9213) is taken out.
func Private(h http.Header) {
	for name := range h {
		if name == "Surrogate-Control" || name == "X-Accel-Expires" || strings.HasSuffix(name, "Cdn-Cache-Control") {
			delete(h, name)
		}
	}
	var kept []string
	closed := false
	for _, line := range h["Cache-Control"] {
		for _, directive := range directives(line) {
			name, _, _ := strings.Cut(strings.ToLower(directive), "=")
			switch strings.TrimSpace(name) {
			case "", "public", "s-maxage":
				continue
			case "no-store":
				closed = true
			case "private":
				closed = closed || !strings.Contains(directive, "=") // private="field" speaks of that field only
			}
			kept = append(kept, directive)
		}
	}
	if !closed {
		kept = append(kept, "private")
	}
	h["Cache-Control"] = []string{strings.Join(kept, ", ")}
}

// directives splits at the commas outside quoted strings.
func directives(line string) []string {
	var out []string
	quoted, start := false, 0
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ',' && !quoted:
			out = append(out, strings.TrimSpace(line[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(line[start:]))
}
