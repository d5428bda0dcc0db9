package jwks

import "time"

// A rotation needs one reading, or two when the first meets a cache between edgeauth and the provider. After that a
// reading every half minute is enough for any provider and too little for a flood.
const (
	burst    = 2
	interval = 30 * time.Second
)

// allowance is a token bucket: burst readings at once, then one for each interval.
type allowance struct {
	left  int
	since time.Time // up to which the bucket was filled
}

func newAllowance(now time.Time) allowance { return allowance{left: burst, since: now} }

// take reports whether a reading is allowed now, and counts it.
func (a *allowance) take(now time.Time) bool {
	if earned := int(now.Sub(a.since) / interval); earned > 0 {
		a.left = min(burst, a.left+earned)
		a.since = a.since.Add(time.Duration(earned) * interval)
	}
	if a.left == burst {
		a.since = now // a full bucket earns nothing while it waits
	}
	if a.left == 0 {
		return false
	}
	a.left--
	return true
}
