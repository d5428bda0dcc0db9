package excerpt

import (
	"strconv"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Within is where a character of a node's text stands, counted from 0 in what YAML made of it; the number of its characters
// is its end. YAML folds white space in some styles: a character of it is found to about its line.
func (s *Source) Within(n *yaml.Node, offset int) Place {
	w := walker{lines: s.lines, style: n.Style, at: Place{n.Line, n.Column}}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0: // the text begins below the sign
		w.at = Place{n.Line + 1, 1}
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		w.at.Column++
	}
	for i, c := range []rune(n.Value) {
		if i == offset && unicode.IsSpace(c) {
			return w.at
		}
		if !unicode.IsSpace(c) && !w.skip() {
			return At(n.Line, n.Column)
		}
		if i == offset {
			return w.at
		}
		if !unicode.IsSpace(c) || !w.ended() && (w.rune() == c || w.escaped()) {
			w.at.Column += w.width()
		}
	}
	return w.at
}

// walker goes through the lines of a file as YAML reads a text in them.
type walker struct {
	lines [][]rune
	style yaml.Style
	at    Place
}

func (w *walker) line() []rune {
	if w.at.Line < 1 || w.at.Line > len(w.lines) {
		return nil
	}
	return w.lines[w.at.Line-1]
}

func (w *walker) ended() bool { return w.at.Column > len(w.line()) }

func (w *walker) rune() rune { return w.line()[w.at.Column-1] }

// next is the character after the current one, or 0.
func (w *walker) next() rune {
	if w.at.Column < len(w.line()) {
		return w.line()[w.at.Column]
	}
	return 0
}

func (w *walker) escaped() bool { return w.style&yaml.DoubleQuotedStyle != 0 && w.rune() == '\\' }

// skip goes to the next character that is no white space. It fails at the end of the file.
func (w *walker) skip() bool {
	for w.at.Line <= len(w.lines) {
		switch {
		case w.ended(), w.escaped() && w.next() == 0: // a line that ends in a backslash goes on in the next
			w.at = Place{w.at.Line + 1, 1}
		case unicode.IsSpace(w.rune()):
			w.at.Column++
		case w.escaped() && w.whiteSpace():
			w.at.Column += w.width()
		default:
			return true
		}
	}
	return false
}

// whiteSpace reports whether the escape that stands here means white space (YAML 1.2.2, 5.7).
func (w *walker) whiteSpace() bool {
	switch c := w.next(); c {
	case ' ', '\t', 't', 'n', 'r', 'v', 'f', '_', 'N', 'L', 'P':
		return true
	case 'x', 'u', 'U':
		from := w.at.Column + 1
		to := min(from+w.width()-2, len(w.line()))
		code, err := strconv.ParseUint(string(w.line()[from:to]), 16, 32)
		return err == nil && unicode.IsSpace(rune(code))
	}
	return false
}

// width is how many characters of the file make the current one of the text.
func (w *walker) width() int {
	switch {
	case w.style&yaml.SingleQuotedStyle != 0 && w.rune() == '\'' && w.next() == '\'':
		return 2
	case !w.escaped():
		return 1
	}
	switch w.next() {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}
