package policy

import "math"

// client is the rule that a program does not contradict itself.
func (t *tally) client() {
	if t.facts.Now.Client.Contradicts {
		t.rule(ClientContradicts, 1, "")
	}
}

// failures adds more the more logins failed lately.
func (t *tally) failures() {
	f, usual := &t.facts.Failures, &t.rules.Failures
	t.burst(SubjectFailures, f.Subject, usual.Subject)
	t.burst(NetworkFailures, f.Network, usual.Network)
	t.burst(ASNFailures, f.ASN, usual.ASN)
}

func (t *tally) burst(code Reason, n, usual float64) {
	if math.IsNaN(n) || n < 0 {
		t.unknown = append(t.unknown, FailuresUnknown)
		return
	}
	if usual <= 0 || n <= usual {
		return
	}
	from := len(t.text)
	t.writeFloat(n)
	t.writeString(" failed lately; up to ")
	t.writeFloat(usual)
	t.writeString(" is usual")
	t.ruleNoted(code, math.Log2(n/usual), from)
}

// networks are the rules about networks that people hide behind. Someone who was seen behind one before, and nothing was left
// to prove, does so by habit.
func (t *tally) networks() {
	now, past := &t.facts.Now, t.facts.past()
	tor, hosting := now.Network.Tor, now.Network.Hosting
	for i := range past {
		s := &past[i]
		if !usual(s) {
			continue
		}
		tor = tor && !s.Network.Tor
		hosting = hosting && !(s.Network.Hosting && sameNetwork(&s.Network, &now.Network))
	}
	if tor {
		t.rule(NewTor, 1, "")
	}
	if hosting {
		t.rule(NewHosting, 1, "")
	}
}

// sameNetwork reports whether both lie in one autonomous system, or in one prefix where that is not known.
func sameNetwork(a, b *Network) bool {
	if !a.ASN.IsZero() && !b.ASN.IsZero() {
		return a.ASN == b.ASN
	}
	return !a.Prefix.IsZero() && a.Prefix == b.Prefix
}
