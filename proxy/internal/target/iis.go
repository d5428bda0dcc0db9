package target

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold is how IIS and NTFS compare paths: without case.
func Fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.ToLower(strings.ToUpper(s)) // both: some letters have two lower-case forms
		}
	}
	return strings.ToLower(s) // no allocation when there is nothing to change
}

// CheckIIS refuses a decoded path that IIS, ASP.NET or the Windows file system read as another one: stream names and
// wildcards, trailing dots and spaces, short names (8.3), cookieless segments `(S(…))`, the suffix `eurl.axd`, and
// letters that fold or decompose to ASCII.
func CheckIIS(decoded string) error {
	for _, r := range decoded {
		if r >= utf8.RuneSelf && asciiInDisguise(r) {
			return fmt.Errorf("%w: a letter that IIS may read as another", ErrPath)
		}
		if strings.ContainsRune(`:*?"<>|`, r) {
			return fmt.Errorf("%w: %q means something else to Windows", ErrPath, r)
		}
	}
	for segment := range strings.SplitSeq(decoded, "/") {
		switch {
		case strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, " "):
			return fmt.Errorf("%w: Windows cuts a trailing dot or space off", ErrPath)
		case shortName(segment):
			return fmt.Errorf("%w: a short file name", ErrPath)
		case cookieless(segment):
			return fmt.Errorf("%w: a cookieless segment", ErrPath)
		case strings.EqualFold(segment, "eurl.axd"):
			return fmt.Errorf("%w: eurl.axd", ErrPath)
		}
	}
	return nil
}

// asciiInDisguise reports whether r has an ASCII character among its case variants or in its compatibility
// decomposition, or is a space.
func asciiInDisguise(r rune) bool {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < utf8.RuneSelf {
			return true
		}
	}
	form := norm.NFKC.String(string(r))
	return unicode.IsSpace(r) || strings.ContainsFunc(form, func(c rune) bool { return c < utf8.RuneSelf })
}

// shortName reports whether a segment could be an 8.3 name such as ADMINI~1.
func shortName(segment string) bool {
	i := strings.IndexByte(segment, '~')
	return i >= 0 && i+1 < len(segment) && '0' <= segment[i+1] && segment[i+1] <= '9'
}

// cookieless reports whether a segment holds what ASP.NET takes for `(X(…))`, with any capital letter (case is
// ignored here: what folds to it is refused too).
func cookieless(segment string) bool {
	return len(segment) > 3 && segment[0] == '(' && segment[2] == '(' &&
		('A' <= segment[1]&^0x20 && segment[1]&^0x20 <= 'Z')
}
