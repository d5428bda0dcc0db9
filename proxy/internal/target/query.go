package target

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parameters decodes the query as forms are encoded, for a policy that looks at it and names some of the parameters. What
// servers read differently is refused: a named parameter that occurs twice, of which some take the first and some the last;
// one in a spelling that some take for a named one (they fold case, cut a name at its bracket, or turn dots and spaces into
// underscores); more than limit parameters; and what is not UTF-8 or holds control characters. Errors wrap [ErrQuery].
func (t Target) Parameters(named []string, limit int) (map[string][]string, error) {
	all := map[string][]string{}
	count := 0
	for part := range strings.SplitSeq(t.Query, "&") {
		if part == "" {
			continue
		}
		if count++; count > limit {
			return nil, fmt.Errorf("%w: more than %d parameters", ErrQuery, limit)
		}
		name, value, err := parameter(part)
		if err != nil {
			return nil, err
		}
		if err := unmistakable(name, named, len(all[name]) > 0); err != nil {
			return nil, err
		}
		all[name] = append(all[name], value)
	}
	return all, nil
}

func parameter(part string) (name, value string, err error) {
	name, value, _ = strings.Cut(part, "=")
	for _, text := range []*string{&name, &value} {
		if *text, err = unform(*text); err != nil {
			return "", "", err
		}
	}
	return name, value, nil
}

// unform decodes one name or value.
func unform(s string) (string, error) {
	if strings.ContainsAny(s, "%+") {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			switch c := s[i]; {
			case c == '+':
				b.WriteByte(' ')
			case c == '%' && i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2]):
				b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
				i += 2
			case c == '%':
				return "", fmt.Errorf("%w: malformed escape", ErrQuery)
			default:
				b.WriteByte(c)
			}
		}
		s = b.String()
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%w: not UTF-8, or a control character", ErrQuery)
	}
	return s, nil
}

// unmistakable refuses a name that a server could take for one of those that the policy names.
func unmistakable(name string, named []string, again bool) error {
	if slices.Contains(named, name) {
		if again {
			return fmt.Errorf("%w: a parameter occurs twice that the policy looks at", ErrQuery)
		}
		return nil
	}
	plain := plainName(name)
	if slices.ContainsFunc(named, func(n string) bool { return plainName(n) == plain }) {
		return fmt.Errorf("%w: another spelling of a parameter that the policy looks at", ErrQuery)
	}
	return nil
}

// plainName is what the loosest of servers make of a parameter's name.
func plainName(name string) string {
	name, _, _ = strings.Cut(strings.TrimLeft(name, " "), "[")
	return Fold(strings.NewReplacer(".", "_", " ", "_").Replace(name))
}
