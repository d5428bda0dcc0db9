package admin

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Seconds is a time span; Never is one that has no end, or that nobody can tell.
type Seconds time.Duration

// Never is null in JSON.
const Never = Seconds(math.MaxInt64)

// MarshalJSON writes seconds as a number with three decimals at most, or null.
func (s Seconds) MarshalJSON() ([]byte, error) {
	if s == Never {
		return []byte("null"), nil
	}
	ms := time.Duration(s).Round(time.Millisecond)
	return strconv.AppendFloat(nil, ms.Seconds(), 'f', -1, 64), nil
}

// String is the span in words, with as much of it as people want to know.
func (s Seconds) String() string {
	d := time.Duration(s)
	switch {
	case s == Never:
		return "unknown"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	n, unit := s.rough()
	return n + " " + unit
}

// Cell is the span for a narrow column of seconds: "1.2", "75s", "17m", "3h".
func (s Seconds) Cell() string {
	d := time.Duration(s)
	switch {
	case s == Never:
		return "–"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f", d.Seconds())
	}
	n, unit := s.rough()
	return n + unit[:1]
}

// rough is a span of more than some seconds as a number with its unit.
func (s Seconds) rough() (n, unit string) {
	d := time.Duration(s)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f", d.Seconds()), "s"
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f", d.Minutes()), "min"
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f", d.Hours()), "h"
	}
	return fmt.Sprintf("%.0f", d.Hours()/24), "d"
}
