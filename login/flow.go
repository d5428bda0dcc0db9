package login

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// stateLifetime is how long a login may be in flight.
const stateLifetime = session.BindingLifetime

// maxState bounds a sealed state in bytes: some providers keep no more.
const maxState = 2048

// flow is one login in flight: all that its callback needs, sealed into the state parameter.
type flow struct {
	fixed
	provider  string // its configured name
	returnURL string // as ReturnURL gives it
}

// fixed is the part of constant size, in the order in which it is written. Times are milliseconds since the Unix epoch.
type fixed struct {
	ID       [16]byte
	Mark     [16]byte // by which the browser's binding is recognised
	Started  revocation.Millis
	Restarts uint8 // how often it began again by itself
	Cut      bool  // the return URL is not the whole address that was asked for

	Rounds uint8             // session.Trail at the start
	Since  revocation.Millis // likewise

	// Known is a not-before of a subject that stood in the log before this flow began, though it lies ahead of this
	// edge's clock.
	KnownOf [16]byte
	Known   revocation.Millis

	Previous previous
	Device   identity.DeviceID
}

// previous is the session that the browser had when the flow began. A cross-site POST carries no Lax cookie, so a
// callback by form_post would not see it otherwise. All zero: there was none in good standing.
type previous struct {
	Family  identity.Family
	ID      identity.SessionID
	Subject [16]byte
	Expires revocation.Millis
}

const flowVersion = 1

var errState = errors.New("state refused")

func newFlow(b session.Binding) flow {
	f := flow{}
	rand.Read(f.ID[:])
	f.Mark = markOf(b, f.ID)
	return f
}

// markOf is what only a binding and a flow together yield, 128 bits of it.
func markOf(b session.Binding, id [16]byte) [16]byte {
	raw, err := base64.RawURLEncoding.DecodeString(b.Derive("mark", string(id[:])))
	if err != nil || len(raw) < 16 {
		panic("login: a binding derives base64url of 256 bits")
	}
	return [16]byte(raw[:16])
}

// boundTo reports whether the flow began in the browser that holds b.
func (f *flow) boundTo(b session.Binding) bool {
	mark := markOf(b, f.ID)
	return subtle.ConstantTimeCompare(mark[:], f.Mark[:]) == 1
}

func (f *flow) nonce(b session.Binding) string    { return b.Derive("nonce", string(f.ID[:])) }
func (f *flow) verifier(b session.Binding) string { return b.Derive("verifier", string(f.ID[:])) }

// expired reports whether the flow has taken too long, or begins further ahead than clocks of edges may differ.
func (f *flow) expired(now time.Time) bool {
	age := now.Sub(f.Started.Time())
	return age >= stateLifetime || age < -maxAhead
}

// encode writes version, the fixed part, the provider's name behind its length, and the return URL.
func (f *flow) encode() ([]byte, error) {
	if len(f.provider) > 255 {
		return nil, fmt.Errorf("encoding state: provider name of %d bytes", len(f.provider))
	}
	out, err := binary.Append([]byte{flowVersion}, binary.BigEndian, &f.fixed)
	if err != nil {
		return nil, fmt.Errorf("encoding state: %w", err)
	}
	out = append(append(out, byte(len(f.provider))), f.provider...)
	return append(out, f.returnURL...), nil
}

func decodeFlow(b []byte) (*flow, error) {
	version, b, ok := take(b, 1)
	if !ok || version[0] != flowVersion {
		return nil, errState
	}
	f := &flow{}
	n, err := binary.Decode(b, binary.BigEndian, &f.fixed)
	if err != nil {
		return nil, errState
	}
	length, b, ok := take(b[n:], 1)
	if !ok {
		return nil, errState
	}
	name, b, ok := take(b, int(length[0]))
	if !ok {
		return nil, errState
	}
	f.provider, f.returnURL = string(name), string(bytes.Clone(b))
	return f, nil
}

func take(b []byte, n int) (head, rest []byte, ok bool) {
	if len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// seal gives the state parameter: errState if it would be longer than providers keep.
func (s *Server) seal(f *flow) (string, error) {
	plain, err := f.encode()
	if err != nil {
		return "", err
	}
	state, err := s.opt.Cookies.SealState(plain)
	if err != nil {
		return "", fmt.Errorf("sealing state: %w", err)
	}
	if len(state) > maxState {
		return "", fmt.Errorf("%w: %d bytes", errState, len(state))
	}
	return state, nil
}

// open is the inverse of seal. Every failure is errState.
func (s *Server) open(state string) (*flow, error) {
	if state == "" || len(state) > maxState {
		return nil, errState
	}
	plain, err := s.opt.Cookies.OpenState(state)
	if err != nil {
		return nil, errState
	}
	return decodeFlow(plain)
}
