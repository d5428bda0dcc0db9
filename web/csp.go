package web

import (
	"crypto/sha256"
	"encoding/base64"
)

// cspHash is the Content-Security-Policy source that permits exactly this inline text.
func cspHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
