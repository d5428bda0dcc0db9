package policy

import (
	"math"
	"slices"
)

const (
	cookieStolen = 0.02 // how often an attacker is assumed to bring a device cookie that the subject was seen with
	rarest       = 0.01 // no one's share of logins on new devices is taken to be less
)

// device compares the device cookie with those that the subject was seen with:
//
//	new:   weight * ln( (1 - 0.02) / q )        known: weight * ln( 0.02 / (1 - q) )
//
// q being the share of the subject's own logins that came without a cookie seen before. So it means little for someone who
// deletes cookies every day, and much for all others.
func (t *tally) device() {
	logins, fresh, some, known := t.devices()
	t.known = known
	if t.facts.Rekeyed {
		t.rule(Rekeyed, 1, "")
	}
	weight := t.rules.Weights[FeatureDevice]
	switch {
	case !some:
		if len(t.facts.past()) > 0 {
			t.unknown = append(t.unknown, DeviceUnknown)
		}
		return
	case weight == 0:
		return
	}
	q := min(max((fresh+0.5)/(logins+2), rarest), 1-cookieStolen)
	from := len(t.text)
	if !known {
		t.likelihood(NewDevice, weight, math.Log((1-cookieStolen)/q), from)
		return
	}
	if !t.facts.Rekeyed { // its cookie may be a copy
		t.likelihood(KnownDevice, weight, min(0, math.Log(cookieStolen/(1-q))), from)
	}
}

// devices counts the logins, and those on a device not seen before; some: any sighting had a device; known: one had this.
func (t *tally) devices() (logins, fresh float64, some, known bool) {
	var room [16]Hash
	seen := room[:0]
	now, past := &t.facts.Now, t.facts.past()
	for i := range past {
		s := &past[i]
		if !usual(s) {
			continue
		}
		some = some || !s.Device.IsZero()
		known = known || !s.Device.IsZero() && s.Device == now.Device
		if !s.Login {
			continue
		}
		logins++
		if s.Device.IsZero() || !slices.Contains(seen, s.Device) {
			fresh++
			seen = append(seen, s.Device)
		}
	}
	return logins, max(0, fresh-1), some, known // the first one is everybody's
}

// credits are the rules that speak for the subject.
func (t *tally) credits() {
	now := &t.facts.Now
	if age := now.At.Sub(now.DeviceSince); t.known && !t.facts.Rekeyed && !now.DeviceSince.IsZero() && t.rules.KnownFor > 0 && age >= t.rules.KnownFor {
		t.rule(LongKnownDevice, 1, "")
	}
	if phishingResistant(now) && t.resistedBefore() {
		t.rule(PhishingResistant, 1, "")
	}
}

func (t *tally) resistedBefore() bool {
	past := t.facts.past()
	for i := range past {
		if s := &past[i]; usual(s) && phishingResistant(s) {
			return true
		}
	}
	return false
}

// phishingResistant reports whether the provider says that a key was used which answers to the right site alone: amr hwk or swk
// (RFC 8176), fido (as Microsoft Entra writes it), or acr phr or phrh (OpenID Connect Extended Authentication Profile ACR Values
// 1.0). It counts from the second time on, because whoever holds a stolen password may enrol a key of their own.
func phishingResistant(s *Sighting) bool {
	a := &s.Assurance
	if a.ACR == "phr" || a.ACR == "phrh" {
		return true
	}
	for _, m := range a.AMR {
		if m == "hwk" || m == "swk" || m == "fido" {
			return true
		}
	}
	return false
}
