// Package web owns what every answer of the edge itself has in common: pages, problem documents and gRPC status in the
// caller's own format, the request's id, the client's address, the access record and the security headers. It knows
// neither sessions nor policy.
package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is an answer that is not the one hoped for. What people see is Title, Public and Reason, written by us; Err is
// for the log and is never sent.
type Error struct {
	Code       int           // HTTP status
	Title      string        // a few words; the status text if empty
	Public     string        // one or two sentences: what happened and what to do
	Reason     string        // a code of a closed vocabulary
	LoginURL   string        // where to log in, for a 401
	Links      []Link        // what a person can do now, for pages
	RetryAfter time.Duration // more than zero: the page retries by itself
	RefreshTo  string        // where the retry goes; the same address if empty
	Allow      string        // for a 405
	Err        error
}

// Link is an action offered on a page.
type Link struct{ Text, URL string }

// Error is the text for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%d %s", e.Code, e.Reason)
	}
	return fmt.Sprintf("%d %s: %v", e.Code, e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

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

// Fail answers with err in the format that the caller understands, and notes it in the access record.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: http.StatusInternalServerError, Reason: "internal", Err: err,
			Title: "Something went wrong here", Public: "The error was logged. Please try again; if it stays, tell the operator the request ID."}
	}
	RecordOf(r.Context()).fail(e)
	h := w.Header()
	h.Del("Content-Length")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", fmt.Sprint(int(e.RetryAfter.Seconds())))
	}
	if e.Allow != "" {
		h.Set("Allow", e.Allow)
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
