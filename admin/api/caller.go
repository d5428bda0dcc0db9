package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Role is what a caller may do. A greater one may do all that a smaller one may.
type Role uint8

// The roles.
const (
	NoRole   Role = iota // known, and may do nothing
	Viewer               // may look
	Operator             // may end sessions and raise levels too
)

// Caller is who calls.
type Caller struct {
	Name  string // for the audit log: "cert:cn:ops", "token:corp/0b8f-…", "cli:root"
	Role  Role
	Until time.Time // when what proved it ends; zero: not while this call lasts
}

// Authenticator tells who makes a request. Errors wrap ErrNoProof, ErrBadProof, ErrOldProof or ErrUnproven.
type Authenticator func(*http.Request) (Caller, error)

// Why a caller is not known.
var (
	ErrNoProof  = errors.New("no client certificate and no bearer token was given")
	ErrBadProof = errors.New("the bearer token is not valid here")
	ErrOldProof = errors.New("the client certificate is no longer valid: connect anew with another")
	ErrUnproven = errors.New("the bearer token cannot be judged: the identity provider is out of reach")
)

// call is what the guard knows of a request beside its message.
type call struct {
	caller Caller
	err    error // why the caller is not known
	client string
}

// mayNothing reports whether a call will be refused whatever it asks for, so that nothing of it need be read.
func (c call) mayNothing() bool { return c.err != nil || c.caller.Role == NoRole }

type callKey struct{}

func (a *API) withCaller(r *http.Request, who Authenticator) context.Context {
	c := call{}
	c.caller, c.err = who(r)
	if c.err != nil && !errors.Is(c.err, ErrNoProof) { // why is for operators, not for who calls
		a.o.Logger.Debug("what proves a caller is refused", "error", c.err)
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.client = host
	}
	return context.WithValue(r.Context(), callKey{}, c)
}

func callOf(ctx context.Context) call {
	c, ok := ctx.Value(callKey{}).(call)
	if !ok {
		c.err = ErrNoProof
	}
	return c
}
