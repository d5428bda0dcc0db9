package oidc

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

// Kind says what a caller can do about an Error.
type Kind uint8

// The kinds of failure. The zero Kind belongs to errors that this package did not make.
const (
	// KindUnavailable: the provider could not be asked (network, time limit, 5xx, no discovery document or no key set), or
	// what it said has not the form of an answer (HTML, no JSON object, 204, too long, compressed, members of another
	// type). Nothing is known about the login; the user should try again.
	KindUnavailable Kind = iota + 1
	// KindRefused: the provider answered with an OAuth error, which stands in Error.Code.
	KindRefused
	// KindInvalid: a token or an answer failed a check. It may be an attack.
	KindInvalid
	// KindConfig: the provider does not know this client or is not the one that was configured. The operator must act.
	KindConfig
)

// String is the kind in lower case, for logs and metrics.
func (k Kind) String() string {
	switch k {
	case KindUnavailable:
		return "unavailable"
	case KindRefused:
		return "refused"
	case KindInvalid:
		return "invalid"
	case KindConfig:
		return "config"
	}
	return "unknown"
}

// Error is every error that this package returns.
type Error struct {
	Kind Kind
	Op   string // what was being done, as a gerund: "redeeming code"
	Code string // the provider's OAuth error code, of the form [a-z_]{1,40}, or empty
	Err  error  // the cause; its text holds no token, code or secret
}

const longestErrorText = 600

// Error is for logs, never for a page. It is one line of at most 600 bytes without control characters.
func (e *Error) Error() string {
	text := "oidc: " + e.Op + ": " + e.Kind.String()
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return oneLine(text)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the Kind of the outermost Error within err, and zero if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return 0
}

// CodeOf returns the provider's error code in the outermost Error within err, and "" if there is none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	if len(text) > longestErrorText {
		text = strings.ToValidUTF8(text[:longestErrorText], "")
	}
	return text
}

// unusable is the error for what has not the form of an answer.
func unusable(op string, format string, args ...any) *Error {
	return &Error{Kind: KindUnavailable, Op: op, Err: fmt.Errorf(format, args...)}
}

// judged gives the right kind to what claims and metadata say of an answer.
func judged(op string, err error) *Error {
	kind := KindInvalid
	switch {
	case errors.Is(err, claims.ErrForm), errors.Is(err, claims.ErrType):
		kind = KindUnavailable
	case errors.Is(err, metadata.ErrIssuer):
		kind = KindConfig
	}
	return &Error{Kind: kind, Op: op, Err: err}
}

func invalid(op string, format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Op: op, Err: fmt.Errorf(format, args...)}
}
