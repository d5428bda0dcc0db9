package proxy

import (
	"net/http"
	"time"
)

// lingering is how long the rest of a request is read, and thrown away, behind an answer that did not wait for it. A connection that
// is closed while its client still sends may take the answer with it (RFC 9112, 9.6).
const lingering = 2 * time.Second

// linger bounds how long net/http reads on, once the handler has returned, where a request has not come to its end. An exchange that
// broke off has no answer to protect.
func (x *exchange) linger(w http.ResponseWriter, r *http.Request, answered bool) {
	if !x.body.open() || r.ProtoMajor != 1 {
		return
	}
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(longAgo) // where it can't be set nobody waits
	x.body.stop()
	if answered {
		_ = out.SetReadDeadline(time.Now().Add(lingering))
	}
}
