package excerpt

import (
	"cmp"
	"unicode"
)

// Place is where something stands in a file, counted from 1, columns in characters.
type Place struct {
	Line, Column int
}

// At is the place at a line and column.
func At(line, column int) Place { return Place{Line: line, Column: column} }

// Compare orders places as they follow one another in a file.
func (p Place) Compare(q Place) int {
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Visible replaces what could harm a terminal or hide: control and invisible characters, changes of writing direction.
func Visible(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsPrint(r):
		return r
	}
	return '\ufffd'
}
