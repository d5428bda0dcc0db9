package main

import "net/http"

// endUnclear ends a client's connection behind a request of which a proxy in front of the edge may have seen another end.
// A message with both Content-Length and Transfer-Encoding is read by its chunks, and the connection must close behind it
// (RFC 9112, 6.1), as behind an HTTP/1.0 message with Transfer-Encoding, which is read by its length. net/http drops the
// field that did not count, so that neither can be told from an honest request any more; hence it closes behind every
// HTTP/1.1 request in chunks, which browsers never send, and behind every HTTP/1.0 request.
func endUnclear(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
		w.Header().Set("Connection", "close")
	}
}
