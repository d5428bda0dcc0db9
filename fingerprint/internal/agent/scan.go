package agent

import "strings"

const (
	maxProducts = 16 // in one line; browsers have at most 8
	maxName     = 32
)

// product is one part of a line: Chrome/140.0.0.0. Its version may be empty.
type product struct{ name, version string }

// line is a User-Agent in its parts.
type line struct {
	list     [maxProducts]product
	n        int
	comment  string // the first one, which names the system
	comments string // all from the first on, with what is between them
}

// scan cuts a line at its spaces and parentheses. What is no product (odd letters, a name too long) is passed over.
func scan(s string) line {
	var l line
	depth, start := 0, 0
	for i := 0; i <= len(s); i++ {
		var c byte = ' '
		if i < len(s) {
			c = s[i]
		}
		switch {
		case c == '(' && depth == 0:
			l.product(s[start:i])
			depth, start = 1, i+1
			if l.comments == "" {
				l.comments = s[start:]
			}
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			if depth--; depth == 0 {
				l.remark(s[start:i])
				start = i + 1
			}
		case c == ' ' && depth == 0:
			l.product(s[start:i])
			start = i + 1
		}
	}
	if depth > 0 {
		l.remark(s[min(start, len(s)):])
	}
	return l
}

func (l *line) remark(comment string) {
	if l.comment == "" {
		l.comment = comment
	}
}

func (l *line) product(word string) {
	name, version, _ := strings.Cut(word, "/")
	if l.n == maxProducts || name == "" || len(name) > maxName || !isName(name) {
		return
	}
	l.list[l.n] = product{name, version}
	l.n++
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

func (l *line) has(name string) bool {
	_, found := l.version(name)
	return found
}

func (l *line) version(name string) (string, bool) {
	for _, p := range l.list[:l.n] {
		if p.name == name {
			return p.version, true
		}
	}
	return "", false
}

// digits returns the number that a version begins with, up to five digits of it.
func digits(s string) string {
	n := 0
	for n < min(len(s), 5) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// after returns what follows a word.
func after(s, word string) (string, bool) {
	_, rest, found := strings.Cut(s, word)
	return rest, found
}
