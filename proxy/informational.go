package proxy

import (
	"net/http"

	"github.com/edgeauth/edgeauth/proxy/internal/scrub"
)

// maxEarly bounds the informational responses that one exchange passes on.
const maxEarly = 8

// finalWriter lets of the informational responses only early hints (103) through, without anything but links:
// ReverseProxy copies them past ModifyResponse.
type finalWriter struct {
	http.ResponseWriter
	live  *live // nil for preflights
	early int
}

// WriteHeader filters informational responses.
func (w *finalWriter) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if w.early++; code != http.StatusEarlyHints || w.early > maxEarly {
			return
		}
		scrub.Early(w.Header())
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (w *finalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
