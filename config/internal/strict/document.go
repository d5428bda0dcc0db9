package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 1 << 20

// syntaxLine is the form of the yaml package's errors.
var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// parserMessage is what the yaml package's parser says, as opposed to its scanner.
var parserMessage = regexp.MustCompile(`^did not find expected (key$|node content|',' or|'-' indicator|<)`)

// unknownAnchor is what it says of *name. It gives no line, and the name may be a secret that begins with a star.
var unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)

// parse returns the root of the only document, or one problem with the text as such.
func parse(data []byte) (*yaml.Node, *Problem) {
	if p := checkText(data); p != nil {
		return nil, p
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	root, err := next(dec)
	if errors.Is(err, io.EOF) || (err == nil && empty(root)) {
		return nil, &Problem{Place: excerpt.At(1, 1), Message: "the file is empty", Hint: "start from config.example.yaml"}
	}
	if err != nil {
		return nil, syntaxProblem(err, string(data))
	}
	second, err := next(dec)
	if errors.Is(err, io.EOF) {
		return root.Content[0], nil
	}
	if err != nil {
		return nil, syntaxProblem(err, string(data))
	}
	return nil, &Problem{Place: excerpt.At(second.Line, second.Column), Message: "a second YAML document begins here",
		Hint: "one file is one document: remove the line ---"}
}

// next decodes one document. The yaml package has panicked on strange input before; a configuration file must never
// bring down a running edge that reloads it.
func next(dec *yaml.Decoder) (n *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the file cannot be parsed: %v", r)
		}
	}()
	n = new(yaml.Node)
	err = dec.Decode(n)
	return n, err
}

func empty(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || (doc.Content[0].Tag == "!!null" && doc.Content[0].Value == "")
}

func checkText(data []byte) *Problem {
	at := excerpt.At(1, 1)
	switch {
	case len(data) > MaxBytes:
		return &Problem{Message: fmt.Sprintf("the file is larger than %d bytes", MaxBytes)}
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return &Problem{Place: at, Message: "the file begins with a byte order mark (BOM)", Hint: "save it as UTF-8 without BOM"}
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return &Problem{Place: at, Message: "the file is UTF-16", Hint: "save it as UTF-8 without BOM"}
	}
	return checkCharacters(string(data))
}

// checkCharacters finds the first byte that YAML does not allow, because the yaml package does not say where it is.
func checkCharacters(text string) *Problem {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return &Problem{Place: placeOf(text, i), Message: "the file is not valid UTF-8", Hint: "save it as UTF-8"}
			}
		}
		if !allowed(r) {
			return &Problem{Place: placeOf(text, i), Message: fmt.Sprintf("the character %U is not allowed", r),
				Hint: "remove it, or write it as an escape in double quotes"}
		}
	}
	return nil
}

// allowed is YAML 1.2's c-printable (section 5.1), without the byte order mark.
func allowed(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	case r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	}
	return r >= 0x20 && r < 0x7f || r >= 0xa0
}

func placeOf(text string, offset int) Place {
	before := excerpt.UnifyBreaks(text[:offset])
	start := strings.LastIndexByte(before, '\n') + 1
	return Place{Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[start:]) + 1}
}

func syntaxProblem(err error, text string) *Problem {
	lines := strings.Split(excerpt.UnifyBreaks(text), "\n")
	m := syntaxLine.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	if m == nil {
		return &Problem{Place: excerpt.At(1, 1), Message: "not valid YAML"}
	}
	if anchor := unknownAnchor.FindStringSubmatch(m[2]); anchor != nil {
		return anchorProblem(anchor[1], text)
	}
	line, _ := strconv.Atoi(m[1]) // 0 where none is given
	if parserMessage.MatchString(m[2]) {
		line++ // for these the yaml package counts from 0
	}
	line = max(1, min(line, len(lines)))
	if at, ok := leadingTab(lines[:min(line+1, len(lines))]); ok {
		return &Problem{Place: at, Message: "a tab is used for indentation", Hint: "YAML allows spaces only"}
	}
	indent := len(lines[line-1]) - len(strings.TrimLeft(lines[line-1], " "))
	return &Problem{Place: excerpt.At(line, indent+1), Message: "not valid YAML: " + printable(m[2]), Hint: syntaxHint(m[2])}
}

// anchorProblem is about the first reference to an anchor, without its name.
func anchorProblem(name, text string) *Problem {
	at := excerpt.At(1, 1)
	if i := strings.Index(text, "*"+name); i >= 0 {
		at = placeOf(text, i)
	}
	return &Problem{Place: at, Message: "not valid YAML: a reference to an anchor that is not there", Hint: starHint}
}

func leadingTab(lines []string) (Place, bool) {
	for i, l := range lines {
		rest := strings.TrimLeft(l, " ")
		if strings.HasPrefix(rest, "\t") && strings.TrimSpace(rest) != "" && !strings.HasPrefix(strings.TrimSpace(rest), "#") {
			return excerpt.At(i+1, len(l)-len(rest)+1), true
		}
	}
	return Place{}, false
}

const starHint = `a value that begins with * or & must stand in quotes, as in "*@example.org"`

func syntaxHint(message string) string {
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "check the indentation; a value that contains a colon and a space must stand in quotes"
	case strings.Contains(message, "alphabetic or numeric character"):
		return starHint
	case strings.Contains(message, "cannot start any token"):
		return "a value that begins with @, ` or % must stand in quotes"
	case strings.Contains(message, "did not find expected ','"):
		return "check the brackets and quotes around this line; within { } and [ ] a value with ${ } must stand in quotes"
	case strings.Contains(message, "did not find expected key"):
		return "check the indentation and quotes around this line; a text that begins with a quote must end with it"
	case strings.Contains(message, "did not find expected"):
		return "check the indentation and the brackets and quotes around this line"
	}
	return ""
}
