package web

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// Record is the access record of one request: handlers fill in what they know, Access writes it once at the end. It
// belongs to the goroutine that serves the request.
type Record struct {
	RequestID string
	Client    netip.Addr // zero if the peer's address could not be read
	Start     time.Time
	Route     string // the route's name; empty for the edge's own endpoints
	Upstream  string
	Verdict   string
	Reason    string
	Session   string // the family's name; opens nothing
	Cut       string // why an exchange that had been admitted was ended by the edge; empty: it was not
	JA4       string // fingerprint of the client's TLS hello; empty where the edge does not end TLS, or a trusted proxy spoke
	err       error
}

type recordKey struct{}

// RecordOf returns the request's record. Outside Access it returns a fresh one that nobody reads.
func RecordOf(ctx context.Context) *Record {
	if r, ok := ctx.Value(recordKey{}).(*Record); ok {
		return r
	}
	return &Record{}
}

// WithRecord attaches a record, for Access and for tests.
func WithRecord(ctx context.Context, r *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

func (r *Record) fail(e *Error) {
	if r.Reason == "" {
		r.Reason = e.Reason
	}
	r.err = e
}

// Note keeps the cause of a failure for the record's log line, where a handler has already answered.
func (r *Record) Note(err error) { r.err = err }

func (r *Record) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("request_id", r.RequestID), slog.String("client", r.client())}
	for _, a := range [...][2]string{
		{"route", r.Route}, {"upstream", r.Upstream}, {"verdict", r.Verdict}, {"reason", r.Reason}, {"session", r.Session}, {"cut", r.Cut}, {"ja4", r.JA4},
	} {
		if a[1] != "" {
			attrs = append(attrs, slog.String(a[0], a[1]))
		}
	}
	if r.err != nil {
		attrs = append(attrs, slog.String("error", text(r.err.Error())))
	}
	return attrs
}

func (r *Record) client() string {
	if !r.Client.IsValid() {
		return "unknown"
	}
	return r.Client.String()
}
