package strict

import (
	"fmt"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
)

// Place is where something stands in the file.
type Place = excerpt.Place

// Problem is one mistake, with the line of the file that it is on.
type Problem struct {
	Place
	Path          string // of the value that is meant; empty: of the whole file
	Message, Hint string
	Source        string // with secrets masked
	Caret         int    // the character of Source that is meant, from 0
}

// Fault is what is wrong with one value. Neither text may contain the value: it could come from a secret.
type Fault struct {
	Message, Hint string
}

// Format checks a text and returns the form in which it is kept.
type Format func(text string) (string, *Fault)

// Key is the path of a key below a path; the root is the empty path.
func Key(path, key string) string {
	if path == "" {
		return printable(key)
	}
	return path + "." + printable(key)
}

// Index is the path of a list's element.
func Index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// printable makes a text from the file fit for a terminal and a log line: no control or invisible characters, no
// change of writing direction, at most 60 characters.
func printable(s string) string {
	out := strings.Map(excerpt.Visible, s)
	if r := []rune(out); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return out
}
