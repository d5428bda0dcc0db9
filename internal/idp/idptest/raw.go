package idptest

import (
	"compress/gzip"
	"io"
	"net/http"
	"time"
)

// Answers for the Raw hooks of idp.Lies. All of them end when the client leaves.

// Answer gives that status, content type and body.
func Answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Redirect sends the client to another address with that status.
func Redirect(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

// Huge answers with JSON that begins well and goes on for n bytes: one long string.
func Huge(n int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		writeHuge(w, n)
	}
}

// GzipBomb is Huge behind a Content-Encoding of gzip, so that about a thousandth of n travels.
func GzipBomb(n int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		writeHuge(z, n)
		_ = z.Close()
	}
}

func writeHuge(w io.Writer, n int64) {
	_, _ = io.WriteString(w, `{"issuer":"`)
	_, _ = io.CopyN(w, letters{}, n) // ends early when the client leaves
	_, _ = io.WriteString(w, `"}`)
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Drip sends a header and then one byte of body each interval, for ever.
func Drip(interval time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		drip(r, interval, func() error {
			if _, err := io.WriteString(w, " "); err != nil {
				return err
			}
			return http.NewResponseController(w).Flush()
		})
	}
}

// EndlessHeaders sends one header line each interval and never begins the body. It needs HTTP/1.1.
func EndlessHeaders(interval time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "this lie needs HTTP/1.1", http.StatusHTTPVersionNotSupported)
			return
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n"); err != nil {
			return
		}
		drip(r, interval, func() error {
			_, err := io.WriteString(c, "X-More: and more\r\n")
			return err
		})
	}
}

// Silence takes the request and says nothing.
func Silence() http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
}

// drip calls send at every interval until it fails or the request ends.
func drip(r *http.Request, interval time.Duration, send func() error) {
	for send() == nil {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(interval):
		}
	}
}
