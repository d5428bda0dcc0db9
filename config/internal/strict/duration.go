package strict

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

func setDuration(v reflect.Value, text string, f Field) *Fault {
	dur, ok := ParseDuration(text)
	if !ok {
		return &Fault{"must be a duration", "a number with its unit: ms, s, m, h or d, as in 30s or 1h30m"}
	}
	if low, ok := ParseDuration(f.Min); ok && dur < low {
		return outside(f)
	}
	if high, ok := ParseDuration(f.Max); ok && dur > high {
		return outside(f)
	}
	v.SetInt(int64(dur))
	return nil
}

// ParseDuration is time.ParseDuration with days of 24 hours in front, as in 180d or 1d12h.
func ParseDuration(text string) (time.Duration, bool) {
	var days time.Duration
	if n, rest, ok := strings.Cut(text, "d"); ok {
		count, err := strconv.ParseUint(n, 10, 16) // 65,535 days fit
		if err != nil {
			return 0, false
		}
		days = time.Duration(count) * 24 * time.Hour
		if text = rest; text == "" {
			return days, true
		}
	}
	dur, err := time.ParseDuration(text)
	if err != nil || dur < 0 && days != 0 {
		return 0, false
	}
	sum := days + dur
	return sum, sum >= days || dur < 0
}
