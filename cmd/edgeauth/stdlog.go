package main

import (
	"log"
	"log/slog"
	"strings"

	"github.com/edgeauth/edgeauth/audit"
)

// adoptLibraries makes what net/http says through the standard library's own logger a record like every other one. Its
// transport quotes there, up to 4 KiB of them, the bytes that an upstream sent unasked: they may be somebody's answer, so
// only the words before them are kept.
func adoptLibraries(to *slog.Logger) {
	log.SetFlags(0)
	log.SetOutput(library{to})
}

type library struct{ log *slog.Logger }

// maxSaying bounds a library's message in bytes.
const maxSaying = 200

// Write takes one message. Everything from its first quotation mark on is dropped.
func (l library) Write(p []byte) (int, error) {
	words, _, _ := strings.Cut(string(p), `"`)
	l.log.Warn("a library has something to say", "message", audit.Text(strings.TrimSpace(words), maxSaying))
	return len(p), nil
}
