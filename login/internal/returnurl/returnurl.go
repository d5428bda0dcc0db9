// Package returnurl owns the question where a login may end: on a page of the same origin, and nowhere that two parsers
// could read in two ways. It is pure.
package returnurl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Max bounds a return URL in bytes, so that a sealed state stays below 2 KB.
const Max = 1200

// Sessions is the one page of the login's own where a login may end: it does nothing by being shown.
const Sessions = "/.edgeauth/sessions"

// ErrRefused is a return URL that is not of this origin, or that two parsers could read in two ways.
var ErrRefused = errors.New("return URL refused")

// Parse reads where to go after a login: a path of this origin, with query and fragment, or an absolute URL that
// begins with exactly the origin. The result begins with one slash and is printable ASCII; resolved against the origin
// by any rules (RFC 3986, WHATWG) it stays within it. An empty one is "/". Anything ambiguous is refused, not repaired:
// errors wrap ErrRefused.
func Parse(raw, origin string) (string, error) {
	if raw == "" {
		return "/", nil
	}
	rest, absolute := strings.CutPrefix(raw, origin)
	if absolute && (rest == "" || rest[0] == '?' || rest[0] == '#') {
		rest = "/" + rest
	}
	if !strings.HasPrefix(rest, "/") {
		return "", fmt.Errorf("%w: it is neither a path nor of this origin", ErrRefused)
	}
	if strings.ContainsFunc(rest, isControl) {
		return "", fmt.Errorf("%w: it holds a control character", ErrRefused)
	}
	out := escape(rest)
	if len(out) > Max {
		return "", fmt.Errorf("%w: %d bytes, %d are possible", ErrRefused, len(out), Max)
	}
	if out == Sessions {
		return out, nil
	}
	path := out
	if end := strings.IndexAny(out, "?#"); end >= 0 {
		path = out[:end]
	}
	if err := checkPath(path); err != nil {
		return "", err
	}
	return out, nil
}

// isControl reports what browsers drop from a URL before they read it (WHATWG URL, 4.4), and its like.
func isControl(c rune) bool { return c < 0x20 || c == 0x7f }

// misread reports what browsers fold into a slash, besides.
func misread(c rune) bool { return c == '\\' || isControl(c) }

// checkPath looks at the path as a careless reader would, decoded once.
func checkPath(escaped string) error {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return fmt.Errorf("%w: its escapes are broken", ErrRefused)
	}
	if strings.HasPrefix(path, "//") || strings.ContainsFunc(path, misread) {
		return fmt.Errorf("%w: its path can be taken for a host", ErrRefused)
	}
	for i, segment := range strings.Split(path, "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("%w: its path has dot segments", ErrRefused)
		}
		if i == 1 && strings.EqualFold(segment, ".edgeauth") {
			return fmt.Errorf("%w: it is one of the login's own pages", ErrRefused)
		}
	}
	return nil
}

// escape writes what a browser would escape anyway (space, quotes, angle brackets, all that is not ASCII), and the
// backslash, which browsers send as it is in a query.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '`' || c == '\\' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
