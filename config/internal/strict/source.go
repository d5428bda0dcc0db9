package strict

import (
	"regexp"
	"strings"
)

// mask stands where a secret was written into the file itself.
const mask = "[redacted]"

// widest is the most that is shown of a line, in characters.
const widest = 120

// secretLike finds values of keys that sound like secrets, for lines that could not be parsed.
var secretLike = regexp.MustCompile(`(?i)(?:secret|password|token)["']?\s*:\s*(.+)$`)

// source is the text of a file by lines, with the places that must not be shown.
type source struct {
	lines  [][]rune
	hidden map[int][]span // by line
	parsed bool           // the keys are known, and with them every secret
}

// span is a range of characters of one line, from 0, the end excluded.
type span struct{ from, to int }

func newSource(text string) *source {
	s := &source{hidden: map[int][]span{}}
	for _, line := range strings.Split(unifyBreaks(text), "\n") {
		s.lines = append(s.lines, []rune(line))
	}
	return s
}

// unifyBreaks makes a newline of everything that YAML counts as the end of a line.
func unifyBreaks(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
}

// hide masks what stands at a place: the text where it stands there as it is, otherwise the rest of the line, and the
// whole of the following lines that a longer text may cover.
func (s *source) hide(at Place, text string, until int) {
	if at.Line < 1 || at.Line > len(s.lines) {
		return
	}
	line := s.lines[at.Line-1]
	from := max(0, min(at.Column-1, len(line)))
	to := len(line)
	if t := []rune(text); len(t) > 0 && strings.HasPrefix(string(line[from:]), text) {
		to = from + len(t)
	}
	s.hidden[at.Line] = append(s.hidden[at.Line], span{from, to})
	for n := at.Line + 1; n < until && n <= len(s.lines); n++ {
		s.hidden[n] = append(s.hidden[n], span{0, len(s.lines[n-1])})
	}
}

// show returns a line as it may be shown, and where in it the column stands.
func (s *source) show(at Place) (string, int) {
	if at.Line < 1 || at.Line > len(s.lines) {
		return "", 0
	}
	line := s.lines[at.Line-1]
	caret := max(0, min(at.Column-1, len(line)))
	out := make([]rune, 0, len(line))
	shown := caret
	for i := 0; i < len(line); i++ {
		if i == caret {
			shown = len(out)
		}
		if end, ok := s.hiddenAt(at.Line, i); ok {
			out = append(out, []rune(mask)...)
			if caret > i && caret < end {
				shown = len(out) - len(mask)
			}
			i = end - 1
			continue
		}
		out = append(out, visible(line[i]))
	}
	if caret == len(line) {
		shown = len(out)
	}
	return window(tabless(out), shown)
}

func (s *source) hiddenAt(line, i int) (end int, ok bool) {
	for _, h := range s.hidden[line] {
		if h.from <= i && i < h.to && h.to > end {
			end, ok = h.to, true
		}
	}
	if ok {
		return end, true
	}
	return s.secretLikeAt(line, i)
}

func (s *source) secretLikeAt(line, i int) (end int, ok bool) {
	if s.parsed {
		return 0, false
	}
	text := string(s.lines[line-1])
	m := secretLike.FindStringSubmatchIndex(text)
	if m == nil || len([]rune(text[:m[2]])) != i || strings.HasPrefix(text[m[2]:], "${") {
		return 0, false
	}
	return len(s.lines[line-1]), true
}

func tabless(r []rune) []rune {
	for i, c := range r {
		if c == '\t' {
			r[i] = ' '
		}
	}
	return r
}

// window cuts a long line to what surrounds the caret.
func window(line []rune, caret int) (string, int) {
	if len(line) <= widest {
		return string(line), caret
	}
	from := max(0, min(caret-widest/2, len(line)-widest))
	cut := line[from : from+widest]
	out := string(cut)
	caret -= from
	if from > 0 {
		out, caret = "…"+out, caret+1
	}
	if from+widest < len(line) {
		out += "…"
	}
	return out, caret
}
