package proxy

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/web"
)

// upgradeOf returns the protocol that a request asks for instead of HTTP, in lower case, or "". Upgrades to HTTP/2 and
// TLS are not seen: they would hide all that follows from the edge (RFC 9110, 7.8: a server may ignore them).
func upgradeOf(r *http.Request) string {
	if r.ProtoMajor != 1 || len(r.Header["Upgrade"]) != 1 || !listed(r.Header["Connection"], "upgrade") {
		return ""
	}
	protocol := strings.ToLower(strings.TrimSpace(r.Header["Upgrade"][0]))
	name, _, _ := strings.Cut(protocol, "/")
	if name == "h2c" || name == "h2" || name == "http" || name == "tls" || strings.ContainsAny(protocol, ", ") {
		return ""
	}
	return protocol
}

func listed(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

const webSocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// acceptOf checks a WebSocket's opening handshake and returns the Sec-WebSocket-Accept that answers it (RFC 6455,
// 4.2). SHA-1 guards nothing there; it only shows that the backend read the key.
func acceptOf(r *http.Request) (string, error) {
	key := r.Header["Sec-Websocket-Key"]
	version := r.Header["Sec-Websocket-Version"]
	if r.Method != http.MethodGet || len(key) != 1 || len(version) != 1 || version[0] != "13" {
		return "", badHandshake()
	}
	if raw, err := base64.StdEncoding.Strict().DecodeString(key[0]); err != nil || len(raw) != 16 {
		return "", badHandshake()
	}
	var sum [sha1.Size]byte
	fips140.WithoutEnforcement(func() { sum = sha1.Sum([]byte(key[0] + webSocketGUID)) })
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

func badHandshake() error {
	return &web.Error{Code: http.StatusBadRequest, Reason: "websocket_handshake", Title: "Malformed WebSocket handshake",
		Public: "A WebSocket begins with GET, Sec-WebSocket-Version: 13 and a key of 16 bytes."}
}
