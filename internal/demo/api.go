package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxDownload is the largest number of bytes that /api/download gives.
const maxDownload = 16 << 30

// API is the sample API. Events and WebSockets end with the request's context; so that they end with the server, its
// BaseContext must be cancelled at shutdown.
//
//	GET  /api/hello              who is calling, as JSON
//	GET  /api/events             server-sent events, one tick a second
//	GET  /api/ws                 WebSocket that sends back what it receives
//	POST /api/upload             counts and hashes the body
//	GET  /api/download?bytes=N   N bytes, streamed
func API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/hello", hello)
	mux.HandleFunc("GET /api/events", events)
	mux.HandleFunc("GET /api/ws", echo)
	mux.HandleFunc("POST /api/upload", upload)
	mux.HandleFunc("GET /api/download", download)
	return mux
}

func hello(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"message": "hello", "user": r.Header.Get("X-Auth-User"), "email": r.Header.Get("X-Auth-Email"),
		"groups": r.Header.Get("X-Auth-Groups"), "path": r.URL.Path, "request_id": r.Header.Get("X-Request-Id"),
	})
}

// events sends a tick at once and then one a second until the client leaves.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for n := 1; ; n++ {
		if _, err := fmt.Fprintf(w, "id: %d\nevent: tick\ndata: {\"tick\":%d,\"user\":%q}\n\n", n, n, r.Header.Get("X-Auth-User")); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

func upload(w http.ResponseWriter, r *http.Request) {
	sum := sha256.New()
	n, err := io.Copy(sum, r.Body)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "the upload broke off", "bytes": n})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"bytes": n, "sha256": hex.EncodeToString(sum.Sum(nil))})
}

func download(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.FormValue("bytes"), 10, 64)
	if err != nil || n < 0 || n > maxDownload {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": fmt.Sprintf("bytes must be a number from 0 to %d", maxDownload)})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	_, _ = io.CopyN(w, &pattern{}, n) // fails only if the client is gone
}

// pattern is an endless text, so that a shifted or repeated piece of a download shows.
type pattern struct{ at int }

func (t *pattern) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "0123456789abcdef"[(t.at+i)%16]
	}
	t.at = (t.at + len(p)) % 16
	return len(p), nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only if the client is gone
}
