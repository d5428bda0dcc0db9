package assertion

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/edgeauth/edgeauth/session"
)

// jwk is a public key (RFC 7517; RFC 7518, 6.2.1).
type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// KeySet is the JSON Web Key Set of the keys' public halves.
func KeySet(keys []session.Key) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, k := range keys {
		x, y, err := coordinates(&k.Signing.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("publishing key %s: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, jwk{Type: "EC", Curve: "P-256", X: x, Y: y, KeyID: k.ID.String(), Use: "sig", Algorithm: "ES256"})
	}
	return json.Marshal(set)
}

func coordinates(pub *ecdsa.PublicKey) (x, y string, err error) {
	point, err := pub.Bytes() // 0x04, X, Y: 32 bytes each on P-256
	if err != nil {
		return "", "", err
	}
	if len(point) != 65 {
		return "", "", fmt.Errorf("a point of %d bytes is not on P-256", len(point))
	}
	return base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:]), nil
}
