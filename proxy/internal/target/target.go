// Package target owns what a request's target means: it reads the target as it stood on the wire and either returns one
// canonical path and query, or refuses. What it returns is both what routes are matched against and what is forwarded,
// so that no reader behind the edge can take it for something else. It knows no routes, no headers and no sessions.
package target

import (
	"errors"
	"fmt"
	"strings"
)

// The ways in which a target can be refused. Errors of this package wrap one of them.
var (
	ErrForm  = errors.New("request target is neither a path nor an address of this host")
	ErrPath  = errors.New("ambiguous path")
	ErrQuery = errors.New("malformed query")
	ErrLong  = errors.New("request target is too long")
)

const (
	maxTarget     = 16 << 10 // bytes; far above what browsers and IIS (4 KiB path, 2 KiB query) let through
	maxParameters = 5000     // net/http refuses to parse 10,000
)

// Target is one canonical request target.
type Target struct {
	// Path is percent-encoded and begins with a slash: unreserved characters stand for themselves, all other escapes
	// are in upper case, and there are no empty, `.` or `..` segments (the last may be empty).
	Path string
	// Decoded is what Path decodes to. Routes are matched against it: whoever decodes Path once arrives here.
	Decoded string
	// Query is as it was received, without the question mark.
	Query string
}

// Parse reads a request target in origin-form, or in absolute-form if its authority is host (RFC 9112, 3.2). Host is
// the public host as it stands in a URL, with port where it is not the scheme's own.
func Parse(raw, host string) (Target, error) {
	if len(raw) > maxTarget {
		return Target{}, fmt.Errorf("%w: %d bytes", ErrLong, len(raw))
	}
	if strings.IndexByte(raw, '#') >= 0 {
		return Target{}, fmt.Errorf("%w: a fragment does not travel", ErrPath)
	}
	raw, err := origin(raw, host)
	if err != nil {
		return Target{}, err
	}
	path, query, _ := strings.Cut(raw, "?")
	if err := checkQuery(query); err != nil {
		return Target{}, err
	}
	t := Target{Path: path, Decoded: path, Query: query}
	if !plain(path) {
		if t.Path, t.Decoded, err = canonical(path); err != nil {
			return Target{}, err
		}
	}
	if err := checkSegments(t.Decoded); err != nil {
		return Target{}, err
	}
	return t, nil
}

// String is the target as it is forwarded and as links to it are made.
func (t Target) String() string {
	if t.Query == "" {
		return t.Path
	}
	return t.Path + "?" + t.Query
}

// Strip returns the target without its first n segments.
func (t Target) Strip(n int) Target {
	for range n {
		t.Path, t.Decoded = behind(t.Path), behind(t.Decoded)
	}
	return t
}

// behind cuts the first segment. Neither form of a path holds a slash that is no separator.
func behind(path string) string {
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[1+i:]
	}
	return "/"
}

// origin returns the origin-form of raw.
func origin(raw, host string) (string, error) {
	if strings.HasPrefix(raw, "/") {
		return raw, nil
	}
	rest, ok := cutFold(raw, "http://")
	if !ok {
		rest, ok = cutFold(raw, "https://")
	}
	if !ok {
		return "", ErrForm
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	if !SameHost(rest[:end], host) {
		return "", ErrForm
	}
	if rest = rest[end:]; !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest, nil
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// SameHost compares two authorities without case, without the dot that ends a fully qualified name and without a port
// that one of the two schemes implies.
func SameHost(a, b string) bool { return strings.EqualFold(bare(a), bare(b)) }

func bare(host string) string {
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
	return strings.TrimSuffix(host, ".")
}
