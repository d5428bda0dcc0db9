package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/edgeauth/edgeauth/audit"
)

// AccessOptions configures Access. All fields but Hello and Secure are needed.
type AccessOptions struct {
	Log     *slog.Logger
	Clients *Clients
	Now     func() time.Time
	Observe func(r *http.Request, rec *Record, status int, took time.Duration) // for metrics; status 0: nothing was sent
	Pages   *Pages
	// Hello returns the fingerprint of the TLS hello of a request's connection; empty: unknown. Nil: all are.
	Hello func(context.Context) string
	// Secure reports whether a Host header names a public https origin, also where TLS ends in front of the edge. Its
	// answers carry Strict-Transport-Security (RFC 6797), an application's own field if it sets one. Nil: none does.
	Secure func(host string) bool
}

// Access gives each request an id, its client's address and a record, and writes one line per request when it ends. A
// panic becomes a 500, or breaks the connection where an answer had begun; http.ErrAbortHandler is passed on. The query
// is never logged: it can hold codes and states.
func Access(o AccessOptions, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &Record{RequestID: newID(), Client: o.Clients.Of(r), Start: o.Now(), JA4: o.hello(r)}
		v := visit{options: o, record: rec, head: headOf(r), answer: &answer{ResponseWriter: w, isHEAD: r.Method == http.MethodHead}}
		v.answer.secure = o.Secure != nil && o.Secure(r.Host)
		v.request = r.WithContext(WithRecord(r.Context(), rec))
		defer v.end()
		next.ServeHTTP(v.answer.writer(), v.request)
	})
}

// hello is the fingerprint of the client's own hello. A trusted proxy's says nothing of the clients behind it.
func (o *AccessOptions) hello(r *http.Request) string {
	if o.Hello == nil || o.Clients.FromTrusted(r) {
		return ""
	}
	return o.Hello(r.Context())
}

// visit is one request on its way through Access.
type visit struct {
	options AccessOptions
	record  *Record
	request *http.Request
	answer  *answer
	head    []slog.Attr
}

// headOf is what the client asked for, taken before handlers may change the request.
func headOf(r *http.Request) []slog.Attr {
	return []slog.Attr{slog.String("method", text(r.Method)), slog.String("host", text(r.Host)), slog.String("path", text(r.URL.EscapedPath()))}
}

func (v *visit) end() {
	p := recover()
	if p != nil && p != http.ErrAbortHandler {
		p = v.panicked(p)
	}
	if p == nil {
		v.answer.complete()
	}
	v.write(p != nil)
	if p != nil {
		panic(p)
	}
}

// panicked answers for a handler that panicked. What it had prepared is dropped, and what it had begun to send must not
// look complete, so then ErrAbortHandler is returned for the server.
func (v *visit) panicked(p any) any {
	v.options.Log.LogAttrs(v.request.Context(), slog.LevelError, "a handler panicked", slog.String("request_id", v.record.RequestID),
		slog.String("panic", text(fmt.Sprint(p))), slog.String("stack", string(debug.Stack())))
	if v.answer.status != 0 {
		return http.ErrAbortHandler
	}
	clear(v.answer.Header())
	v.options.Pages.Fail(v.answer.writer(), v.request, &Error{Code: http.StatusInternalServerError, Reason: "internal",
		Title: "Something went wrong here", Public: "The error was logged. Please tell the operator the request ID."})
	return nil
}

func (v *visit) write(aborted bool) {
	took := v.options.Now().Sub(v.record.Start)
	v.options.Observe(v.request, v.record, v.answer.status, took)
	attrs := append(v.record.attrs(), v.head...)
	attrs = append(attrs, slog.Int("status", v.answer.status), slog.Int64("bytes", v.answer.bytes),
		slog.Float64("took_ms", float64(took.Microseconds())/1000))
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	v.options.Log.LogAttrs(v.request.Context(), slog.LevelInfo, "request", attrs...)
}

// newID is 80 random bits in 16 letters and digits, easy to read out.
func newID() string {
	var b [10]byte
	rand.Read(b[:])
	return base32.StdEncoding.EncodeToString(b[:])
}

// maxText bounds what strangers sent, in bytes, in one attribute of a record.
const maxText = 1024

func text(s string) string { return audit.Text(s, maxText) }
