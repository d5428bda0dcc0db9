package excerpt_test

import (
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
)

// FuzzWithin: every character that is no white space is found where it stands, or at the escape that stands for it.
func FuzzWithin(f *testing.F) {
	for _, text := range []string{
		"a: b c", "a:   b\n  c\n\n  d", "a: 'b''c'''", "a: 'b\n  c '' d'", `a: "b\"c\\ \u00e4\x41\U0001F600 d"`, "a: \"b \\\n   c\n\n  d\"", "a: |\n  b\n   c\n\n  d\n", "a: |2-\n    b\n   c", "a: >\n  b\n  c\n\n   d\n  e\n", "{a: b c, d: 'e'}", "a:\n  b\n  c", "a: ö ä 'ß'",
		"a: \"0\n \\ 01\"", "a: \"0\n  \\x20\\u00a0\\_ \\t01\"",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var doc yaml.Node
		if strings.ContainsAny(text, "\r!") || yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
			return
		}
		lines := strings.Split(excerpt.UnifyBreaks(text), "\n")
		source := excerpt.New(text)
		for _, n := range doc.Content[0].Content {
			if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || strings.HasPrefix(n.Tag, "!!b") {
				continue
			}
			for i, c := range []rune(n.Value) {
				if unicode.IsSpace(c) || !unicode.IsPrint(c) {
					continue
				}
				at := source.Within(n, i)
				line := []rune(lines[at.Line-1])
				if got := line[at.Column-1]; got != c && got != '\\' {
					t.Fatalf("%q: character %d of %q is %q, and at %v stands %q", text, i, n.Value, c, at, got)
				}
			}
			source.Within(n, len([]rune(n.Value)))
		}
	})
}
