package factor

import (
	"slices"
	"time"
)

// Event is one thing that a person has just done.
type Event struct {
	Factor   Factor
	At       time.Time
	Enrolled bool // the fingerprint was registered with it, on the strength of the password alone
}

// Proof is what a session has proven. The zero value proves nothing.
type Proof struct {
	// Numbers makes the proof remember the height of a context instead of the factor, as Keycloak does: what was proven
	// at one client then counts at another whose context of that height needs something else.
	Numbers bool

	done []done // the latest last
}

type done struct {
	Event
	height int // in the ladder of the client that asked
}

// Evidence is what a token says of an authentication: acr, amr and auth_time, all three of the same one.
type Evidence struct {
	ACR     string
	Methods []string
	At      time.Time
}

// Add takes note of an event at a client with that ladder. A password makes everything before it void.
func (p *Proof) Add(e Event, l Ladder) {
	if e.Factor == Password {
		p.done = nil
	}
	p.done = slices.DeleteFunc(p.done, func(d done) bool { return d.Factor == e.Factor })
	p.done = append(p.done, done{e, l.rank(e.Factor)})
}

// Last is when the person last proved anything.
func (p Proof) Last() time.Time {
	if len(p.done) == 0 {
		return time.Time{}
	}
	return p.done[len(p.done)-1].At
}

// Strongest is the evidence for the strongest context that is proven, however old it is.
func (p Proof) Strongest(l Ladder) Evidence {
	for i := range slices.Backward(l) {
		if ev, ok := p.of(l, i); ok {
			return ev
		}
	}
	return Evidence{}
}

// of is the latest evidence for the context at place i.
func (p Proof) of(l Ladder, i int) (Evidence, bool) {
	for _, d := range slices.Backward(p.done) {
		height := l.rank(d.Factor)
		if p.Numbers {
			height = d.height
		}
		if height >= i {
			return Evidence{l[i].ACR, d.methods(), d.At}, true
		}
	}
	return Evidence{}, false
}

// methods is the amr (RFC 8176). Enrolling proves no more than the password, and says so.
func (e Event) methods() []string {
	switch {
	case e.Factor == Code:
		return []string{"pwd", "otp"}
	case e.Factor == Fingerprint && !e.Enrolled:
		return []string{"pwd", "hwk"}
	}
	return []string{"pwd"}
}
