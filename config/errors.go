package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is one mistake in a configuration file, or one warning about it.
type Error struct {
	File    string
	Line    int // from 1; 0 where the mistake has no place in the file
	Column  int // from 1, in characters
	Message string
	Hint    string // how to cure it; may be empty
	Source  string // the line as it stands in the file, with secrets masked; may be empty
	Caret   int    // the character of Source that is meant, from 0
}

// Error is the first line only: file:line:column: message.
func (e Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Pretty is the error over several lines: where and what, the line of the file with a caret, and the hint.
func (e Error) Pretty() string {
	var b strings.Builder
	b.WriteString(e.Error())
	if e.Source != "" {
		number := fmt.Sprintf("%5d", e.Line)
		fmt.Fprintf(&b, "\n%s | %s", number, e.Source)
		fmt.Fprintf(&b, "\n%s | %s^", strings.Repeat(" ", len(number)), strings.Repeat(" ", e.caret()))
	}
	if e.Hint != "" {
		b.WriteString("\n      hint: " + e.Hint)
	}
	return b.String()
}

func (e Error) caret() int { return max(0, min(e.Caret, utf8.RuneCountInString(e.Source))) }

// Errors are all mistakes of one configuration file, in the order of the file. [Load] and [Parse] return it as a
// pointer, so that errors.As finds it.
type Errors struct {
	List []Error
}

// Error shows every mistake in its pretty form.
func (e *Errors) Error() string {
	parts := make([]string, 0, len(e.List)+1)
	for _, one := range e.List {
		parts = append(parts, one.Pretty())
	}
	if len(e.List) > 1 {
		parts = append(parts, fmt.Sprintf("%d mistakes", len(e.List)))
	}
	return strings.Join(parts, "\n")
}

// Unwrap lets errors.As reach the single mistakes.
func (e *Errors) Unwrap() []error {
	out := make([]error, len(e.List))
	for i, one := range e.List {
		out[i] = one
	}
	return out
}
