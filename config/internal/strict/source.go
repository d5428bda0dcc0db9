package strict

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
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
	starts []Place        // of all nodes
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

// hide masks the text that begins at a place: exactly where it stands there as it is, with or without quotes; otherwise
// (escapes, several lines) everything up to the next thing that begins.
func (s *source) hide(at Place, text string, verbatim bool) {
	if at.Line < 1 || at.Line > len(s.lines) {
		return
	}
	line := s.lines[at.Line-1]
	from := max(0, min(at.Column-1, len(line)))
	if n := lengthHere(string(line[from:]), text); verbatim && n > 0 {
		s.hidden[at.Line] = append(s.hidden[at.Line], span{from, from + n})
		return
	}
	end := s.nextStart(at)
	for n := at.Line; n <= end.Line && n <= len(s.lines); n++ {
		to := len(s.lines[n-1])
		if n == end.Line {
			to = min(to, end.Column-1)
		}
		s.hidden[n] = append(s.hidden[n], span{from, to})
		from = 0
	}
}

// lengthHere is the length of text, in characters, where rest begins with it; 0 where it does not.
func lengthHere(rest, text string) int {
	for _, raw := range []string{text, `"` + text + `"`, "'" + text + "'"} {
		if text != "" && strings.HasPrefix(rest, raw) {
			return utf8.RuneCountInString(raw)
		}
	}
	return 0
}

// parsedAs says that the keys are known, and where each node begins.
func (s *source) parsedAs(n *yaml.Node) {
	s.parsed = true
	s.starts = append(s.starts, Place{n.Line, n.Column})
	for _, c := range n.Content {
		s.parsedAs(c)
	}
}

// nextStart is where the first node after a place begins, or the end of the file.
func (s *source) nextStart(at Place) Place {
	next := Place{len(s.lines) + 1, 1}
	for _, p := range s.starts {
		if at.before(p) && p.before(next) {
			next = p
		}
	}
	return next
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
	return window(out, shown)
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

// secretLikeAt judges by the look of a line, where the file could not be parsed.
func (s *source) secretLikeAt(line, i int) (end int, ok bool) {
	if s.parsed {
		return 0, false
	}
	if i == 0 && s.continuesSecret(line) {
		return len(s.lines[line-1]), true
	}
	text := string(s.lines[line-1])
	m := secretLike.FindStringSubmatchIndex(text)
	if m == nil || utf8.RuneCountInString(text[:m[2]]) != i || strings.HasPrefix(text[m[2]:], "${") {
		return 0, false
	}
	return len(s.lines[line-1]), true
}

// continuesSecret reports whether a line is indented below a key that sounds like a secret.
func (s *source) continuesSecret(line int) bool {
	for above := line - 1; above >= 1; above-- {
		if indentation(s.lines[above-1]) < indentation(s.lines[line-1]) {
			return secretLike.MatchString(string(s.lines[above-1]))
		}
	}
	return false
}

func indentation(line []rune) int {
	for i, r := range line {
		if r != ' ' {
			return i
		}
	}
	return len(line)
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
