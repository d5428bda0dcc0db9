package proxy

import (
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/proxy/internal/assertion"
	"github.com/edgeauth/edgeauth/session"
)

// JWKS serves the public keys by which backends verify assertions: pending, active and retiring ones. It may be cached
// for five minutes, far less than the lead with which a key is announced.
func JWKS(ring func() *session.Ring, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		set, err := assertion.KeySet(ring().Usable(now()))
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/jwk-set+json")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(set) // a client that went away needs no keys
	})
}
