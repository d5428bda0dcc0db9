package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrType is a member whose value is of another JSON type than the one that was asked for.
var ErrType = errors.New("is of the wrong type")

// latest is the last second that RFC 3339 can write, 9999-12-31T23:59:59Z. What is past it is no date.
const latest = 253402300799

// Has reports whether o has a member of that name, null included.
func (o Object) Has(name string) bool {
	_, ok := o[name]
	return ok
}

// Text reads a string of at most limit bytes that Clean accepts. Absent is "", false. Null and other types are ErrType.
func (o Object) Text(name string, limit int) (string, bool, error) {
	value, ok := o[name]
	if !ok {
		return "", false, nil
	}
	text, ok := value.(string)
	if !ok {
		return "", false, fmt.Errorf("%s %w, not a string", name, ErrType)
	}
	if err := CheckText(name, text, limit); err != nil {
		return "", false, err
	}
	return text, true, nil
}

// CheckText says what is wrong with text as the value of the member called name.
func CheckText(name, text string, limit int) error {
	if len(text) > limit {
		return fmt.Errorf("%s is longer than %d bytes", name, limit)
	}
	if !Clean(text) {
		return fmt.Errorf("%s holds control characters", name)
	}
	return nil
}

// Clean reports whether s is free of control characters (C0, C1 and DEL), of the line and paragraph separators U+2028
// and U+2029, and of U+FFFD, which the decoder puts for every broken escape, so that different texts would be equal.
func Clean(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
	})
}

// Identifier reads a member as Text does, and refuses an empty one and one with space at an end.
func (o Object) Identifier(name string, limit int) (string, bool, error) {
	text, ok, err := o.Text(name, limit)
	if err != nil || !ok {
		return "", false, err
	}
	if text == "" || strings.TrimSpace(text) != text {
		return "", false, fmt.Errorf("%s is empty or has space at its ends", name)
	}
	return text, true, nil
}

// Strings reads a list of at most count strings, each as Text does. Absent is nil, false.
func (o Object) Strings(name string, count, limit int) ([]string, bool, error) {
	value, ok := o[name]
	if !ok {
		return nil, false, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, false, fmt.Errorf("%s is not a list", name)
	}
	if len(list) > count {
		return nil, false, fmt.Errorf("%s has more than %d entries", name, count)
	}
	out := make([]string, 0, len(list))
	for _, entry := range list {
		text, ok := entry.(string)
		if !ok {
			return nil, false, fmt.Errorf("%s is not a list of strings", name)
		}
		if err := CheckText(name, text, limit); err != nil {
			return nil, false, err
		}
		out = append(out, text)
	}
	return out, true, nil
}

// Time reads a NumericDate (RFC 7519, section 2) between 1970 and 9999; fractions of a second are dropped. Absent is the
// zero time, false. A number in a string is an error.
func (o Object) Time(name string) (time.Time, bool, error) {
	value, ok := o[name]
	if !ok {
		return time.Time{}, false, nil
	}
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, false, fmt.Errorf("%s is not a number", name)
	}
	seconds, err := strconv.ParseFloat(number.String(), 64)
	if err != nil || seconds < 0 || seconds > latest {
		return time.Time{}, false, fmt.Errorf("%s is not a date", name)
	}
	return time.Unix(int64(math.Floor(seconds)), 0), true, nil
}

// MustTime is Time for a member that has to be there.
func (o Object) MustTime(name string) (time.Time, error) {
	at, ok, err := o.Time(name)
	if err == nil && !ok {
		err = fmt.Errorf("%s is missing", name)
	}
	return at, err
}

var errNoAudience = errors.New("aud is missing or empty")

// Audience reads aud: a string or a list of strings (RFC 7519, 4.1.3). Absent or empty is an error.
func (o Object) Audience() ([]string, error) {
	if text, ok := o["aud"].(string); ok && text != "" {
		return []string{text}, nil
	} else if ok {
		return nil, errNoAudience
	}
	audience, _, err := o.Strings("aud", 100, 2048)
	if err != nil {
		return nil, err
	}
	if len(audience) == 0 || slices.Contains(audience, "") {
		return nil, errNoAudience
	}
	return audience, nil
}
