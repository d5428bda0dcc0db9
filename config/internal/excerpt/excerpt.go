// Package excerpt shows lines of a file without its secrets. It owns places, masking and the width of what is shown; it is
// told which texts are secret and does not know why.
package excerpt

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// mask stands where a secret was written into the file itself.
const mask = "[redacted]"

// widest is the most that is shown of a line, in characters.
const widest = 120

// secretLike finds values of keys that sound like secrets, for lines that could not be parsed.
var secretLike = regexp.MustCompile(`(?i)(?:secret|passw\w*|passphrase|token|key|credentials?)["']?\s*:\s*(.*)$`)

// userInfo finds what stands between the slashes of a URL and its last @, for lines that could not be parsed. A password
// may hold any character, a slash too.
var userInfo = regexp.MustCompile(`://(\S*)@`)

// Source is the text of a file by lines, with the places that must not be shown.
type Source struct {
	lines  [][]rune
	hidden map[int][]span // by line
	parsed bool           // the keys are known, and with them every secret
	starts []Place        // of all nodes, in order
	masked map[int]maskedLine
}

// span is a range of characters of one line, from 0, the end excluded.
type span struct{ from, to int }

// New takes the text of a file whose keys are not yet known.
func New(text string) *Source {
	s := &Source{hidden: map[int][]span{}, masked: map[int]maskedLine{}}
	for _, line := range strings.Split(UnifyBreaks(text), "\n") {
		s.lines = append(s.lines, []rune(line))
	}
	return s
}

// UnifyBreaks makes a newline of everything that YAML counts as the end of a line.
func UnifyBreaks(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
}

// Hide masks the text that begins at a place: exactly where it stands there as it is, with or without quotes; otherwise
// (escapes, several lines) everything up to the next thing that begins.
func (s *Source) Hide(at Place, text string, verbatim bool) {
	if at.Line < 1 || at.Line > len(s.lines) {
		return
	}
	line := s.lines[at.Line-1]
	from := max(0, min(at.Column-1, len(line)))
	if n := lengthHere(line[from:], text); verbatim && n > 0 {
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

// lengthHere is the length of text, in characters, where rest begins with it, with or without quotes; 0 where it does not.
func lengthHere(rest []rune, text string) int {
	for _, raw := range []string{text, `"` + text + `"`, "'" + text + "'"} {
		n := utf8.RuneCountInString(raw)
		if text != "" && n <= len(rest) && string(rest[:n]) == raw {
			return n
		}
	}
	return 0
}

// ParsedAs says that the keys are known, and where each node begins.
func (s *Source) ParsedAs(root *yaml.Node) {
	s.parsed = true
	s.addStarts(root)
	slices.SortFunc(s.starts, Place.Compare)
}

func (s *Source) addStarts(n *yaml.Node) {
	s.starts = append(s.starts, Place{n.Line, n.Column})
	for _, c := range n.Content {
		s.addStarts(c)
	}
}

// nextStart is where the first node after a place begins, or the end of the file.
func (s *Source) nextStart(at Place) Place {
	i, _ := slices.BinarySearchFunc(s.starts, Place{at.Line, at.Column + 1}, Place.Compare)
	if i == len(s.starts) {
		return Place{len(s.lines) + 1, 1}
	}
	return s.starts[i]
}

// Show returns a line as it may be shown, and where in it the column stands. Nothing may be hidden after the first call.
func (s *Source) Show(at Place) (string, int) {
	if at.Line < 1 || at.Line > len(s.lines) {
		return "", 0
	}
	m, known := s.masked[at.Line]
	if !known {
		m = s.mask(at.Line)
		s.masked[at.Line] = m
	}
	return window(m.text, m.position[max(0, min(at.Column-1, len(m.position)-1))])
}

// maskedLine is a line without its secrets. position says where each of its characters, and its end, came to stand.
type maskedLine struct {
	text     []rune
	position []int
}

func (s *Source) mask(n int) maskedLine {
	line := s.lines[n-1]
	hidden := s.hiddenIn(n)
	m := maskedLine{text: make([]rune, 0, len(line)), position: make([]int, 0, len(line)+1)}
	for i, r := range line {
		switch {
		case !hidden[i]:
			m.position = append(m.position, len(m.text))
			m.text = append(m.text, Visible(r))
		case i == 0 || !hidden[i-1]:
			m.position = append(m.position, len(m.text))
			m.text = append(m.text, []rune(mask)...)
		default:
			m.position = append(m.position, m.position[i-1])
		}
	}
	m.position = append(m.position, len(m.text))
	return m
}

func (s *Source) hiddenIn(n int) []bool {
	hidden := make([]bool, len(s.lines[n-1]))
	spans := s.hidden[n]
	if !s.parsed {
		spans = append(spans, s.suspicious(n)...)
	}
	for _, h := range spans {
		for i := h.from; i < h.to; i++ {
			hidden[i] = true
		}
	}
	return hidden
}

// suspicious judges by the look of a line, where the file could not be parsed.
func (s *Source) suspicious(n int) []span {
	text := string(s.lines[n-1])
	if s.continuesSecret(n) {
		return []span{{0, len(s.lines[n-1])}}
	}
	var out []span
	for _, m := range userInfo.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, span{utf8.RuneCountInString(text[:m[2]]), utf8.RuneCountInString(text[:m[3]])})
	}
	m := secretLike.FindStringSubmatchIndex(text)
	if m == nil || strings.HasPrefix(text[m[2]:], "${") {
		return out
	}
	return append(out, span{utf8.RuneCountInString(text[:m[2]]), len(s.lines[n-1])})
}

// continuesSecret reports whether a line is indented below a key that sounds like a secret.
func (s *Source) continuesSecret(line int) bool {
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
