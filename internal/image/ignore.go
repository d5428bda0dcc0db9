package image

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Ignore decides which files of a build context are left out. Its zero value leaves out none.
type Ignore struct{ rules []rule }

type rule struct {
	pattern *regexp.Regexp
	keep    bool // the line began with an exclamation mark
}

// ParseIgnore reads a .dockerignore: one pattern a line, relative to the context, with *, ? and ** ; the last one that
// matches a path or a folder above it decides.
func ParseIgnore(text string) (Ignore, error) {
	var ignore Ignore
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		line, keep := strings.CutPrefix(line, "!")
		pattern, err := regexp.Compile(expression(path.Clean(strings.TrimPrefix(line, "/"))))
		if err != nil {
			return Ignore{}, fmt.Errorf("reading the pattern %q: %w", line, err)
		}
		ignore.rules = append(ignore.rules, rule{pattern, keep})
	}
	return ignore, nil
}

// Out reports whether the file or folder at the slash-separated path, relative to the context, is left out.
func (i Ignore) Out(name string) bool {
	out := false
	for _, r := range i.rules {
		for p := name; p != "."; p = path.Dir(p) {
			if r.pattern.MatchString(p) {
				out = !r.keep
				break
			}
		}
	}
	return out
}

// expression is the pattern as a regular expression.
func expression(pattern string) string {
	var re strings.Builder
	re.WriteString("^")
	for pattern != "" {
		switch {
		case strings.HasPrefix(pattern, "**/"):
			re.WriteString("(.*/)?")
			pattern = pattern[3:]
			continue
		case strings.HasPrefix(pattern, "**"):
			re.WriteString(".*")
			pattern = pattern[2:]
			continue
		case pattern[0] == '*':
			re.WriteString("[^/]*")
		case pattern[0] == '?':
			re.WriteString("[^/]")
		default:
			re.WriteString(regexp.QuoteMeta(pattern[:1]))
		}
		pattern = pattern[1:]
	}
	return re.String() + "$"
}
