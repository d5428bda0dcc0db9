package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/identity"
)

// Bounds of an expression. What one evaluation may cost is CEL's own measure: about one for each step, and more for long
// texts and lists. The same bound holds for the estimate at compilation, from the largest values that there can be, and for
// each evaluation.
const (
	maxExpression = 2000   // characters
	maxDepth      = 32     // of nesting
	maxNodes      = 1000   // of the tree, with what macros make
	maxLoops      = 2      // within one another
	maxPattern    = 200    // instructions of a regular expression
	maxCost       = 50_000 // some milliseconds
)

// Mistake is one thing that is wrong with an expression.
type Mistake struct {
	Offset  int // where, in characters from the beginning
	Message string
	Hint    string // how to mend it; may be empty
}

// CompileError is an expression that could not be compiled, with at least one mistake, in the order of the text.
type CompileError struct{ Mistakes []Mistake }

// Error tells of the first mistake.
func (e *CompileError) Error() string {
	m := e.Mistakes[0]
	if m.Hint == "" {
		return fmt.Sprintf("at character %d: %s", m.Offset+1, m.Message)
	}
	return fmt.Sprintf("at character %d: %s (%s)", m.Offset+1, m.Message, m.Hint)
}

// Compiler compiles expressions. It is safe for concurrent use.
type Compiler struct {
	language language
	levels   []string
}

// NewCompiler returns a compiler for expressions about sessions that have one of these levels.
func NewCompiler(levels []identity.Level) (*Compiler, error) {
	l, err := newLanguage()
	if err != nil {
		return nil, fmt.Errorf("preparing the language of expressions: %w", err)
	}
	c := &Compiler{language: l}
	for _, level := range levels {
		c.levels = append(c.levels, string(level))
	}
	return c, nil
}

var errPanic = errors.New("the expression makes its compiler fail")

// Compile checks an expression and its types. The error is an [*CompileError].
func (c *Compiler) Compile(text string) (e *Expression, err error) {
	defer func() { // what the configuration holds must never end a running edge that reloads it
		if recover() != nil {
			e, err = nil, &CompileError{[]Mistake{{Message: errPanic.Error()}}}
		}
	}()
	tree, run, mistakes := c.language.compile(text)
	var uses Uses
	if tree != nil {
		var found []Mistake
		if uses, found = c.examine(tree); len(found) > 0 {
			mistakes = found // they may be why it is dear
		}
	}
	if len(mistakes) > 0 {
		slices.SortStableFunc(mistakes, func(a, b Mistake) int { return a.Offset - b.Offset })
		return nil, &CompileError{slices.CompactFunc(mistakes, func(a, b Mistake) bool { return a.Offset == b.Offset })}
	}
	return &Expression{text: text, run: run, uses: uses}, nil
}

// offset turns a place, the line from 1 and the column from 0, into characters from the beginning.
func offset(text string, line, column int) int {
	at := 0
	for l := range strings.SplitSeq(text, "\n") {
		if line--; line <= 0 {
			return at + max(0, min(column, len([]rune(l))))
		}
		at += len([]rune(l)) + 1
	}
	return at
}

// whole is where a name begins of which the compiler knows the last dot only.
func whole(text string, n *node) int {
	i := strings.LastIndexByte(n.text, '.')
	runes := []rune(text)
	if i <= 0 || n.at > len(runes) || !strings.HasSuffix(string(runes[:n.at]), n.text[:i]) {
		return n.at
	}
	return n.at - len([]rune(n.text[:i]))
}
