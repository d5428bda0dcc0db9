package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'(?: \(did you mean '([^']*)'\?\))?`)
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`)
	unexpected = regexp.MustCompile(`^Syntax error: (?:mismatched|extraneous) input '(.*)' expecting`)
	qualified  = regexp.MustCompile(`^\.[A-Za-z_][A-Za-z0-9_]*`)
	unreadable = regexp.MustCompile(`^Syntax error: token recognition error at: '(.*)'`)
)

// reword says in our words what the compiler says in its own.
func reword(text string, m Mistake) Mistake {
	if g := undeclared.FindStringSubmatch(m.Message); g != nil {
		return unknownName(text, m, g[1], g[2])
	}
	if g := noOverload.FindStringSubmatch(m.Message); g != nil {
		m.Message = "`" + strings.Trim(g[1], "_@") + "` does not go with " + g[2]
		return m
	}
	if g := unexpected.FindStringSubmatch(m.Message); g != nil {
		if m.Message = "`" + g[1] + "` is not expected here"; g[1] == "<EOF>" {
			m.Message = "the expression ends too early"
		}
		return m
	}
	if unreadable.MatchString(m.Message) {
		m.Message, m.Hint = "a text without its closing quote, or a character that means nothing here", "texts stand in quotes: 'GET'; equal is ==, and is &&, or is ||"
		return m
	}
	for _, bound := range bounds() {
		if strings.Contains(m.Message, bound.theirs) {
			m.Message = bound.ours
			return m
		}
	}
	m.Message = strings.TrimPrefix(m.Message, "Syntax error: ")
	return m
}

// bounds are the messages about what is too large.
func bounds() []struct{ theirs, ours string } {
	return []struct{ theirs, ours string }{
		{"code point size exceeds limit", fmt.Sprintf("is longer than %d characters", maxExpression)},
		{"recursion limit exceeded", "is nested too deeply"},
		{"expression count exceeds limit", "has too many parts"},
		{"comprehension exceeds nesting limit", fmt.Sprintf("more than %d loops stand within one another", maxLoops)},
		{"regex program size", "the regular expression is too large"},
	}
}

// unknownName is about a name that there is not. The compiler points at its last dot, or behind it where it is a function.
func unknownName(text string, m Mistake, got, meant string) Mistake {
	after := string([]rune(text)[min(m.Offset, utf8.RuneCountInString(text)):])
	before, function := strings.TrimSuffix(text, after), strings.HasPrefix(after, "(")
	if m.Offset = whole(text, &node{at: m.Offset, text: got}); function && strings.HasSuffix(before, got) {
		m.Offset -= utf8.RuneCountInString(got)
	}
	section, _, _ := strings.Cut(got, ".")
	known := fields(section)
	if g := qualified.FindString(strings.TrimPrefix(after, got)); got == section && len(known) > 0 && !slices.Contains(known, got+g) {
		got += g // of the parts of a section that do not exist it names the section
	}
	m.Message = "there is no `" + got + "`"
	switch {
	case function:
		m.Message = "there is no function `" + got + "`"
	case meant != "":
		m.Hint = "did you mean `" + meant + "`?"
	case got == section && len(known) > 0:
		m.Message = "`" + got + "` is no value by itself"
		m.Hint = "name one of " + strings.Join(known, ", ") + "; has() is for user.claims.NAME and request.query.NAME"
	case len(known) > 0:
		m.Hint = "there are " + strings.Join(known, ", ")
	default:
		m.Hint = "names begin with user, session, request or risk, or are now; texts stand in quotes"
	}
	return m
}
