package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// answer notes the status and the size of a response's body. What a tunnel carries after an upgrade is not counted.
type answer struct {
	http.ResponseWriter
	isHEAD bool
	secure bool
	status int // 0: nothing was sent
	bytes  int64
}

// writer shows handlers as much as the server's own writer can do: all of HTTP/1, or flushing alone as in HTTP/2.
// http.ResponseController reaches the rest through Unwrap.
func (a *answer) writer() http.ResponseWriter {
	_, flush := a.ResponseWriter.(http.Flusher)
	_, hijack := a.ResponseWriter.(http.Hijacker)
	_, readFrom := a.ResponseWriter.(io.ReaderFrom)
	switch {
	case flush && hijack && readFrom:
		return http1{flusher{a}}
	case flush:
		return flusher{a}
	}
	return a
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the final status; informational ones pass. A status that the server refuses is not noted.
func (a *answer) WriteHeader(code int) {
	final := code >= 200 || code == http.StatusSwitchingProtocols
	if final {
		a.prepare()
	}
	a.ResponseWriter.WriteHeader(code)
	if final && a.status == 0 {
		a.status = code
	}
}

// Write counts.
func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	n, err := a.ResponseWriter.Write(b)
	a.count(int64(n))
	return n, err
}

// FlushError sends what there is, the header at least.
func (a *answer) FlushError() error {
	a.prepare()
	err := http.NewResponseController(a.ResponseWriter).Flush()
	if err == nil && a.status == 0 {
		a.status = http.StatusOK
	}
	return err
}

// complete is for a handler that wrote nothing: the server then sends an empty 200.
func (a *answer) complete() { a.begin() }

func (a *answer) begin() {
	a.prepare()
	if a.status == 0 {
		a.status = http.StatusOK
	}
}

// prepare adds what the header still lacks. Browsers keep the field for a year and for this host alone: sibling hosts
// are not ours to decide about.
func (a *answer) prepare() {
	const field = "Strict-Transport-Security"
	if a.secure && a.status == 0 && len(a.Header()[field]) == 0 {
		a.Header().Set(field, "max-age=31536000")
	}
}

func (a *answer) count(n int64) {
	if !a.isHEAD { // the server drops the body then
		a.bytes += n
	}
}

// flusher is an answer for handlers that look for http.Flusher.
type flusher struct{ *answer }

// Flush is FlushError for those who do not ask.
func (f flusher) Flush() { _ = f.FlushError() }

// http1 is an answer that can be spliced and taken over.
type http1 struct{ flusher }

// ReadFrom lets the server splice.
func (h http1) ReadFrom(src io.Reader) (int64, error) {
	h.begin()
	n, err := io.Copy(h.ResponseWriter, src)
	h.count(n)
	return n, err
}

// Hijack is for upgrades; the record then shows 101.
func (h http1) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err == nil && h.status == 0 {
		h.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}
