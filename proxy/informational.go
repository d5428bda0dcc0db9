package proxy

import (
	"net/http"

	"github.com/edgeauth/edgeauth/proxy/internal/scrub"
)

// maxEarly bounds the informational responses that one exchange passes on.
const maxEarly = 8

// finalWriter lets of the informational responses only early hints (103) through, without anything but links:
// ReverseProxy copies them past ModifyResponse. And it sees to it that no request begins where another has not ended.
type finalWriter struct {
	http.ResponseWriter
	live  *live       // nil for preflights
	body  *clientBody // of the request; nil: it has none
	http1 bool        // spoken by the client
	early int
}

// WriteHeader filters informational responses, and ends a connection of HTTP/1 behind an answer that begins before its request has
// ended, or whose request is malformed.
//
// That does two things. What is left of the request is never taken for the next one. And net/http leaves it to us: before an answer
// that keeps its connection, it reads up to 256 KiB of the request and throws them away. The answer would wait for a client that waits
// for the answer, and the upstream would miss what was read. http.ResponseController.EnableFullDuplex would stop that as well, but then
// nothing but we would keep the rest of the request from being the next one.
func (w *finalWriter) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if w.early++; code != http.StatusEarlyHints || w.early > maxEarly {
			return
		}
		scrub.Early(w.Header())
	} else if w.http1 && w.body.open() && code != http.StatusSwitchingProtocols {
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (w *finalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
