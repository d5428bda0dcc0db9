// Package jose writes JSON Web Signatures (RFC 7515) and keys (RFC 7517) for the fake identity provider, the right
// ones and the wrong ones: unsigned, signed with a key of the wrong kind, serialised in the form that nobody expects.
// It owns the bytes of a token and of a key, and must know neither OpenID Connect nor HTTP.
//
// It exists because libraries that are used in production refuse, rightly, to produce most of this. Nothing that
// edgeauth decides on may be verified with it.
package jose

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// Signer returns the signature over a JWS signing input. It panics where the key can't sign, which is a mistake of
// the test that chose it.
type Signer func(input []byte) []byte

// Unsigned signs with nothing at all: the empty signature of "alg": "none" (RFC 7515, appendix A.5).
func Unsigned([]byte) []byte { return nil }

// Compact returns header and claims in the compact serialisation. The header is written as it is given: an "alg" that
// does not fit the signer stays, since that is what tests of algorithm confusion are after.
func Compact(header, claims map[string]any, sign Signer) string {
	return Raw(marshal(header), marshal(claims), sign)
}

// Raw is Compact for bytes that no map can hold: members given twice, odd numbers, broken JSON.
func Raw(header, payload []byte, sign Signer) string {
	input := Encode(header) + "." + Encode(payload)
	return input + "." + Encode(sign([]byte(input)))
}

// Flattened returns the flattened JSON serialisation (RFC 7515, 7.2.2) of what Compact would return.
func Flattened(header, claims map[string]any, sign Signer) string {
	p := strings.Split(Compact(header, claims, sign), ".")
	return string(marshal(map[string]any{"protected": p[0], "payload": p[1], "signature": p[2]}))
}

// General returns the general JSON serialisation (RFC 7515, 7.2.1) with one signature for each signer, in order.
func General(header, claims map[string]any, signers ...Signer) string {
	var payload string
	var signatures []map[string]any
	for _, sign := range signers {
		p := strings.Split(Compact(header, claims, sign), ".")
		payload = p[1]
		signatures = append(signatures, map[string]any{"protected": p[0], "signature": p[2]})
	}
	return string(marshal(map[string]any{"payload": payload, "signatures": signatures}))
}

// Encode is unpadded base64url (RFC 7515, section 2).
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Decode returns header and claims of a compact token without looking at its signature.
func Decode(token string) (header, claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, fmt.Errorf("token has %d parts, want 3", len(parts))
	}
	if header, err = decodeObject(parts[0]); err != nil {
		return nil, nil, fmt.Errorf("decoding the header: %w", err)
	}
	if claims, err = decodeObject(parts[1]); err != nil {
		return nil, nil, fmt.Errorf("decoding the claims: %w", err)
	}
	return header, claims, nil
}

// decode is strict base64url, so that one signature has one spelling.
func decode(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }

func decodeObject(part string) (out map[string]any, err error) {
	b, err := decode(part)
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(b, &out)
}

// marshal writes v as JSON. A value that has no JSON form is a mistake of the test that made it.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("jose: %v", err))
	}
	return b
}
