package target

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unreserved are the characters that mean the same encoded or not (RFC 3986, 2.3).
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// literal are the other characters that may stand in a segment (RFC 3986, 3.3), without the semicolon, which some
// servers cut off together with what follows.
func literal(c byte) bool { return strings.IndexByte("!$&'()*+,=:@", c) >= 0 }

// plain reports whether a path is canonical as it stands, dot segments aside.
func plain(path string) bool {
	for i := range len(path) {
		if c := path[i]; !unreserved(c) && c != '/' && !literal(c) {
			return false
		}
	}
	return path != ""
}

// canonical returns the two forms of a path. Escapes of reserved characters stay, since `%2B` and `+` may differ for
// the application; escapes of the characters by which readers disagree about the structure are refused.
func canonical(path string) (escaped, decoded string, err error) {
	var esc, dec strings.Builder
	esc.Grow(len(path) + 16)
	dec.Grow(len(path))
	for i := 0; i < len(path); i++ {
		c, wasEscaped := path[i], path[i] == '%'
		if wasEscaped {
			if i+2 >= len(path) || !hexDigit(path[i+1]) || !hexDigit(path[i+2]) {
				return "", "", fmt.Errorf("%w: malformed escape", ErrPath)
			}
			c = unhex(path[i+1])<<4 | unhex(path[i+2])
			i += 2
		}
		if err := permitted(c, wasEscaped); err != nil {
			return "", "", err
		}
		dec.WriteByte(c)
		if unreserved(c) || !wasEscaped && (literal(c) || c == '/') {
			esc.WriteByte(c)
		} else {
			fmt.Fprintf(&esc, "%%%02X", c)
		}
	}
	return esc.String(), dec.String(), checkText(dec.String())
}

// permitted refuses the characters that make one path mean two things.
func permitted(c byte, escaped bool) error {
	switch {
	case c == ';':
		return fmt.Errorf("%w: a path parameter", ErrPath)
	case c == '\\':
		return fmt.Errorf("%w: a backslash", ErrPath)
	case c < ' ' || c == 0x7f:
		return fmt.Errorf("%w: a control character", ErrPath)
	case c == ' ' && !escaped: // HTTP/2 could carry it
		return fmt.Errorf("%w: a space", ErrPath)
	case escaped && (c == '/' || c == '.' || c == '%'):
		return fmt.Errorf("%w: an encoded %q", ErrPath, c)
	}
	return nil
}

// checkText refuses what is not UTF-8 (over-long forms among it) and control characters beyond ASCII.
func checkText(decoded string) error {
	if !utf8.ValidString(decoded) {
		return fmt.Errorf("%w: not UTF-8", ErrPath)
	}
	if strings.ContainsFunc(decoded, unicode.IsControl) {
		return fmt.Errorf("%w: a control character", ErrPath)
	}
	return nil
}

// checkSegments refuses dot segments, and empty segments except the last.
func checkSegments(path string) error {
	if path == "" || path[0] != '/' {
		return ErrForm
	}
	for rest := path[1:]; ; {
		segment, after, more := strings.Cut(rest, "/")
		switch {
		case segment == "." || segment == "..":
			return fmt.Errorf("%w: a dot segment", ErrPath)
		case segment == "" && more:
			return fmt.Errorf("%w: an empty segment", ErrPath)
		case !more:
			return nil
		}
		rest = after
	}
}

// checkQuery refuses what readers split or decode differently.
func checkQuery(q string) error {
	if strings.Count(q, "&") >= maxParameters {
		return fmt.Errorf("%w: more than %d parameters", ErrQuery, maxParameters)
	}
	for i := 0; i < len(q); i++ {
		switch c := q[i]; {
		case c == ';':
			return fmt.Errorf("%w: a semicolon", ErrQuery)
		case c <= ' ' || c == 0x7f:
			return fmt.Errorf("%w: a space or control character", ErrQuery)
		case c == '%' && (i+2 >= len(q) || !hexDigit(q[i+1]) || !hexDigit(q[i+2])):
			return fmt.Errorf("%w: malformed escape", ErrQuery)
		}
	}
	return nil
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
