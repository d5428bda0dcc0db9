package audit

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text makes what a stranger sent fit for a log line: at most limit bytes (and an ellipsis), and nothing in it that a
// terminal would obey or that would turn the text around; such characters and bytes that are no UTF-8 are written as Go
// writes them, \x1b for instance. Log handlers escape line ends themselves, but not all of these. Printable text within
// the limit comes back as it is.
func Text(s string, limit int) string {
	if len(s) <= limit && printable(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		piece := s[:size]
		if !plain(r, size) {
			piece = strings.Trim(strconv.Quote(piece), `"`)
		}
		if b.Len()+len(piece) > limit {
			b.WriteString("…")
			break
		}
		b.WriteString(piece)
		s = s[size:]
	}
	return b.String()
}

func printable(s string) bool {
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if !plain(r, size) {
			return false
		}
		s = s[size:]
	}
	return true
}

// plain is false for a byte that is no UTF-8: it decodes to RuneError of size 1.
func plain(r rune, size int) bool { return strconv.IsPrint(r) && (r != utf8.RuneError || size > 1) }
