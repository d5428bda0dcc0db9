package web

import (
	"bufio"
	"crypto/rand"
	"encoding/base32"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// AccessOptions configures Access. All fields are needed.
type AccessOptions struct {
	Log     *slog.Logger
	Clients *Clients
	Now     func() time.Time
	Observe func(r *http.Request, rec *Record, status int, took time.Duration) // for metrics
	Pages   *Pages
}

// Access gives each request an id, its client's address and a record, writes one line per request when it ends, and
// turns a panic into a 500 (http.ErrAbortHandler is passed on). The query is never logged: it can hold codes and states.
func Access(o AccessOptions, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &Record{RequestID: newID(), Client: o.Clients.Of(r), Start: o.Now()}
		cw := &countingWriter{ResponseWriter: w}
		r = r.WithContext(WithRecord(r.Context(), rec))
		defer o.finish(cw, r, rec)
		next.ServeHTTP(cw, r)
	})
}

func (o AccessOptions) finish(w *countingWriter, r *http.Request, rec *Record) {
	p := recover()
	if p != nil && p != http.ErrAbortHandler {
		o.Log.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()), "request_id", rec.RequestID)
		if w.status == 0 {
			o.Pages.Fail(w, r, &Error{Code: http.StatusInternalServerError, Reason: "internal", Title: "Something went wrong here",
				Public: "The error was logged. Please tell the operator the request ID."})
		}
	}
	took := o.Now().Sub(rec.Start)
	o.Observe(r, rec, w.code(), took)
	attrs := append(rec.attrs(), slog.String("method", clip(r.Method)), slog.String("host", clip(r.Host)),
		slog.String("path", clip(r.URL.EscapedPath())), slog.Int("status", w.code()), slog.Int64("bytes", w.bytes),
		slog.Duration("took", took))
	o.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
	if p == http.ErrAbortHandler {
		panic(p)
	}
}

// newID is 80 random bits in 16 letters and digits, easy to read out.
func newID() string {
	var b [10]byte
	rand.Read(b[:])
	return base32.StdEncoding.EncodeToString(b[:])
}

// countingWriter notes status and size. It passes on what the wrapped writer can do besides writing.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader notes the first final status; informational ones pass.
func (w *countingWriter) WriteHeader(code int) {
	if w.status == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write counts.
func (w *countingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets the server splice.
func (w *countingWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := io.Copy(w.ResponseWriter, src)
	w.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush is for handlers that look for http.Flusher.
func (w *countingWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Hijack is for upgrades; the record then shows 101.
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil && w.status == 0 {
		w.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}
