package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/grpc/status"
)

const (
	readTimeout = 10 * time.Second // bounds the reading of a request's body
	parting     = 5 * time.Second  // is how long the last words of a stream may take
)

// bound ends the connection of a client that has to connect anew, and gives an answer as long as its longest stream may last: a
// client that takes nothing would keep its stream for ever.
func (a *API) bound(w http.ResponseWriter, r *http.Request) {
	c := callOf(r.Context())
	if errors.Is(c.err, ErrOldProof) {
		w.Header().Set("Connection", "close")
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(a.left(c.caller) + parting)) // every server of ours can
}

// serveGRPC asks who calls before a byte of the message is read. Package grpc reads messages first, and has room for them: strangers
// could have an edge keep as many as they like.
func (a *API) serveGRPC(w http.ResponseWriter, r *http.Request) {
	c := callOf(r.Context())
	if !c.mayNothing() {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // as above
		a.grpc.ServeHTTP(w, r)
		return
	}
	err := a.admit(&c, r.URL.Path)
	a.record(r.Context(), &c, r.URL.Path, nil, err)
	refusal := status.Convert(err)
	h := w.Header() // of an answer without messages: "Trailers-Only" in gRPC over HTTP/2
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(int(refusal.Code())))
	h.Set("Grpc-Message", url.PathEscape(refusal.Message()))
	w.WriteHeader(http.StatusOK)
}
