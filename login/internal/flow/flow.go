// Package flow owns a login in flight: what of it is sealed into the state parameter, how it is tied to its browser, when
// it is too old and when it is one round of a loop. It knows no HTTP beyond the cookies that seal it, and no provider.
package flow

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Lifetime is how long a login may be in flight.
const Lifetime = session.BindingLifetime

// maxAhead is how far clocks of edges may differ.
const maxAhead = policy.MaxAhead

// maxState bounds a sealed state in bytes: some providers keep no more.
const maxState = 2048

// Flow is one login in flight: all that its callback needs, sealed into the state parameter.
type Flow struct {
	Fixed
	Provider  string         // its configured name
	Level     identity.Level // of a step-up: the level that is to be proven; empty: what Step.Proof names
	Was       identity.Level // of a step-up: the level of the session that steps up
	ReturnURL string         // as returnurl.Parse gives it
}

// Fixed is the part of constant size, in the order in which it is written. Times are milliseconds since the Unix epoch.
type Fixed struct {
	ID       [16]byte
	Mark     [16]byte // by which the browser's binding is recognised
	Started  revocation.Millis
	Restarts uint8 // how often it began again by itself
	Cut      bool  // the return URL is not the whole address that was asked for

	Rounds uint8             // session.Trail at the start
	Since  revocation.Millis // likewise

	// Known is a not-before of a subject or a device (KnownOf is its digest) that stood in the log before this flow began, though
	// it lies ahead of this edge's clock.
	KnownOf [16]byte
	Known   revocation.Millis

	Step     Step
	Previous Previous
	Device   identity.DeviceID // as the browser carried it when the flow began; zero if it had none
}

// Step says what a step-up asks for. All zero: the flow is a login.
type Step struct {
	Round     uint8             // 1 for the first
	Proof     [4]byte           // policy.Proof.ID of what a route asks for; zero: the proof of Flow.Level
	Since     revocation.Millis // the authentication must not be older; 0: any
	WasRaised revocation.Millis // RaisedAt of the session that steps up
}

// Previous is the session that the browser had when the flow began. A cross-site POST carries no Lax cookie, so a
// callback by form_post would not see it otherwise. All zero: there was none in good standing.
type Previous struct {
	Family  identity.Family
	ID      identity.SessionID
	Subject [16]byte
	Expires revocation.Millis
}

const version = 1

// ErrState is every state that cannot be used.
var ErrState = errors.New("state refused")

// New returns a flow with a random id, tied to the browser that holds b.
func New(b session.Binding) *Flow {
	f := &Flow{}
	rand.Read(f.ID[:])
	f.Mark = markOf(b, f.ID)
	return f
}

// markOf is what only a binding and a flow together yield, 128 bits of it.
func markOf(b session.Binding, id [16]byte) [16]byte {
	raw, err := base64.RawURLEncoding.DecodeString(b.Derive("mark", string(id[:])))
	if err != nil || len(raw) < 16 {
		panic("flow: a binding derives base64url of 256 bits")
	}
	return [16]byte(raw[:16])
}

// BoundTo reports whether the flow began in the browser that holds b.
func (f *Flow) BoundTo(b session.Binding) bool {
	mark := markOf(b, f.ID)
	return subtle.ConstantTimeCompare(mark[:], f.Mark[:]) == 1
}

// Nonce is what the ID token has to repeat.
func (f *Flow) Nonce(b session.Binding) string { return b.Derive("nonce", string(f.ID[:])) }

// Verifier is the PKCE code verifier.
func (f *Flow) Verifier(b session.Binding) string { return b.Derive("verifier", string(f.ID[:])) }

// Expired reports whether the flow has taken too long, or begins further ahead than clocks of edges may differ.
func (f *Flow) Expired(now time.Time) bool {
	age := now.Sub(f.Started.Time())
	return age >= Lifetime || age < -maxAhead
}

// encode writes version, the fixed part, the names each behind its length, and the return URL.
func (f *Flow) encode() ([]byte, error) {
	out, err := binary.Append([]byte{version}, binary.BigEndian, &f.Fixed)
	if err != nil {
		return nil, fmt.Errorf("encoding state: %w", err)
	}
	for _, name := range []string{f.Provider, string(f.Level), string(f.Was)} {
		if len(name) > 255 {
			return nil, fmt.Errorf("encoding state: name of %d bytes", len(name))
		}
		out = append(append(out, byte(len(name))), name...)
	}
	return append(out, f.ReturnURL...), nil
}

func decode(b []byte) (*Flow, error) {
	format, b, ok := take(b, 1)
	if !ok || format[0] != version {
		return nil, ErrState
	}
	f := &Flow{}
	n, err := binary.Decode(b, binary.BigEndian, &f.Fixed)
	if err != nil {
		return nil, ErrState
	}
	b = b[n:]
	var names [3]string
	for i := range names {
		if names[i], b, ok = takeName(b); !ok {
			return nil, ErrState
		}
	}
	f.Provider, f.Level, f.Was = names[0], identity.Level(names[1]), identity.Level(names[2])
	f.ReturnURL = string(b)
	return f, nil
}

// takeName takes a text that stands behind its length.
func takeName(b []byte) (name string, rest []byte, ok bool) {
	length, b, ok := take(b, 1)
	if !ok {
		return "", nil, false
	}
	text, b, ok := take(b, int(length[0]))
	return string(text), b, ok
}

func take(b []byte, n int) (head, rest []byte, ok bool) {
	if len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// Seal gives the state parameter. Errors are of sealing, or wrap ErrState if it would be longer than providers keep.
func (f *Flow) Seal(c *session.Cookies) (string, error) {
	plain, err := f.encode()
	if err != nil {
		return "", err
	}
	state, err := c.SealState(plain)
	if err != nil {
		return "", fmt.Errorf("sealing state: %w", err)
	}
	if len(state) > maxState {
		return "", fmt.Errorf("%w: %d bytes", ErrState, len(state))
	}
	return state, nil
}

// Open is the inverse of Seal. Every failure is ErrState.
func Open(c *session.Cookies, state string) (*Flow, error) {
	if state == "" || len(state) > maxState {
		return nil, ErrState
	}
	plain, err := c.OpenState(state)
	if err != nil {
		return nil, ErrState
	}
	return decode(plain)
}
