package web

import "net/http"

// Harden sets what every answer of the edge itself carries. It is for answers without active content; pages set their
// own Content-Security-Policy over it. Doing it twice is doing it once.
func Harden(h http.Header) {
	h.Set("Cache-Control", "no-store")
	if !hasToken(h["Vary"], "Cookie") {
		h.Add("Vary", "Cookie")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// forgetContent removes what a handler said of a body that is not sent after all.
func forgetContent(h http.Header) {
	for _, name := range [...]string{"Content-Length", "Content-Encoding", "Content-Range", "Content-Disposition", "Accept-Ranges",
		"Etag", "Last-Modified", "Expires", "Trailer"} {
		h.Del(name)
	}
}
