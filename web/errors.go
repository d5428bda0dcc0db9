// Package web owns what every answer of the edge itself has in common: pages, problem documents and gRPC status in the
// caller's own format, the request's id, the client's address, the access record and the security headers. It knows
// neither sessions nor policy.
package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Error is an answer that is not the one hoped for. What people see is Title, Public and Reason, written by us; Err is
// for the log and is never sent.
type Error struct {
	Code       int           // HTTP status, 400 to 599; any other is answered as 500
	Title      string        // a few words; the status text if empty
	Public     string        // one or two sentences: what happened and what to do
	Reason     string        // a code of a closed vocabulary
	LoginURL   string        // where to log in, for a 401
	StepUp     *StepUp       // what a stronger or newer authentication has to bring, for a 401
	Links      []Link        // what a person can do now, for pages
	RetryAfter time.Duration // more than zero: the page retries by itself, in whole seconds rounded up
	RefreshTo  string        // where the retry goes; the same address if empty, unless a form was posted to it
	Allow      string        // for a 405
	Err        error
}

// StepUp is the challenge of RFC 9470: who is there is known, but not proven well enough.
type StepUp struct {
	URL    string        // where to prove more; a navigation goes there
	ACR    []string      // acr_values
	MaxAge time.Duration // max_age; 0: any
}

// Link is an action offered on a page.
type Link struct{ Text, URL string }

// Error is the text for logs.
func (e *Error) Error() string {
	if e == nil {
		return "no error"
	}
	if e.Err == nil {
		return fmt.Sprintf("%d %s", e.Code, e.Reason)
	}
	return fmt.Sprintf("%d %s: %v", e.Code, e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// HandlerFunc is a handler that returns its error instead of writing it.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// Handle turns fn into a handler: a returned *Error is answered in the caller's format, any other error is a 500 that
// says nothing.
func (p *Pages) Handle(fn HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			p.Fail(w, r, err)
		}
	})
}

// Fail answers with err in the format that the caller understands, and notes it in the access record. Cookies and other
// fields that a handler has set stay, those about a body go.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, err error) {
	e := public(err)
	RecordOf(r.Context()).fail(e)
	h := w.Header()
	forgetContent(h)
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(e.retrySeconds()))
	}
	if e.Allow != "" {
		h.Set("Allow", e.Allow)
	}
	if e.StepUp != nil {
		h.Set("WWW-Authenticate", e.StepUp.challenge())
	}
	if e.Code == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" { // RFC 9110, 15.5.2; browsers ask no password for it
		h.Set("WWW-Authenticate", `Cookie realm="edgeauth"`)
	}
	switch CallerOf(r) {
	case GRPC:
		grpcStatus(w, r, e)
	case Navigation:
		p.page(w, r, e)
	default:
		problem(w, r, e)
	}
}

// public returns the *Error in err; what is none, or has no status of an error, is a 500 that says nothing.
func public(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e != nil && e.Code >= 400 && e.Code <= 599 {
		return e
	}
	return &Error{Code: http.StatusInternalServerError, Reason: "internal", Err: err, Title: "Something went wrong here",
		Public: "The error was logged. Please try again; if it stays, tell the operator the request ID."}
}

// retrySeconds rounds up: zero would be a retry at once.
func (e *Error) retrySeconds() int { return int((e.RetryAfter + time.Second - 1) / time.Second) }
