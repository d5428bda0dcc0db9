package jose

import "crypto/rand"

// BadKeys are entries of a JWKS that no relying party may use, by what is wrong with them. A relying party skips them;
// a good key beside them still works (RFC 7517, section 5). All carry the kid.
func BadKeys(id string) map[string]map[string]any {
	number := Encode(randomBytes(256))
	coordinate := Encode(randomBytes(32))
	rsa := func(change string, value any) map[string]any {
		return map[string]any{"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "n": number, "e": "AQAB", change: value}
	}
	ec := func(curve string) map[string]any {
		return map[string]any{"kty": "EC", "kid": id, "use": "sig", "crv": curve, "x": coordinate, "y": coordinate}
	}
	return map[string]map[string]any{
		"symmetric":          {"kty": "oct", "kid": id, "use": "sig", "alg": "HS256", "k": coordinate},
		"private":            rsa("d", number),
		"encryption":         rsa("use", "enc"),
		"exponent 1":         rsa("e", "AQ"),
		"modulus of 512 bit": rsa("n", Encode(randomBytes(64))),
		"broken base64":      rsa("n", "!"+number),
		"modulus a number":   rsa("n", 17),
		"no modulus":         {"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "e": "AQAB"},
		"junk certificate":   rsa("x5c", []string{"AAAA"}),
		"off the curve":      ec("P-256"),
		"secp256k1":          ec("secp256k1"),
		"unknown curve":      {"kty": "OKP", "kid": id, "use": "sig", "crv": "Ed999", "x": coordinate},
		"unknown type":       {"kty": "ELEPHANT", "kid": id, "use": "sig"},
		"no type":            {"kid": id, "use": "sig"},
		"unknown algorithm":  rsa("alg", "RS257"),
	}
}

// randomBytes returns n random bytes of which the first and the last bit are set, as in an RSA modulus.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	b[0] |= 0x80
	b[n-1] |= 1
	return b
}
