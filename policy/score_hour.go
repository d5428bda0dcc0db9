package policy

import "math"

const (
	week      = 7 * 24
	hourDoubt = 10.0 // habits are loose
	reach     = 3    // hours around a sighting that it makes usual
)

// hour compares the hour of the week. A sighting speaks for its hour, less for those beside it, and for the same hours on other
// days; all hours are taken to be equally common among everybody.
func (t *tally) hour() {
	now, past := &t.facts.Now, t.facts.past()
	if now.At.IsZero() {
		t.unknown = append(t.unknown, TimeUnknown)
		return
	}
	weight := t.rules.Weights[FeatureHour]
	if weight == 0 {
		return
	}
	at, n, near := hourOfWeek(now.At), 0.0, 0.0
	for i := range past {
		if s := &past[i]; usual(s) && !s.At.IsZero() {
			d := hourOfWeek(s.At) - at
			near += triangle(d, week)/2 + triangle(d, 24)/2/7
			n++
		}
	}
	if n == 0 {
		return
	}
	const p = 1.0 / week
	ratio := math.Log(p * (n + hourDoubt) / (near + hourDoubt*p))
	code := UsualHour
	if ratio > 0 {
		code = UnusualHour
	}
	t.likelihood(code, weight, ratio, len(t.text))
}

// triangle is the share that a sighting gives an hour at distance d on a circle of so many hours; the shares of all hours
// add up to 1.
func triangle(d, circle int) float64 {
	d = ((d % circle) + circle) % circle
	d = min(d, circle-d)
	if d >= reach {
		return 0
	}
	return (1 - float64(d)/reach) / reach
}
