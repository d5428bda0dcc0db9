// Package jws opens signed tokens in their compact form, far enough to say whether a verifier may be given them at all
// (RFC 7515, RFC 8725). It owns the form and the header. It must not know keys or claims; what it returns is not verified.
package jws

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// MaxToken is the size up to which a token is looked at, in bytes.
const MaxToken = 64 << 10

const longestKeyID = 256

// Token is a token whose form is right. Nothing in it is verified.
type Token struct {
	Algorithm string // one of those that were allowed
	KeyID     string // empty: none
	Payload   []byte
}

// Parse accepts three parts of canonical base64url with a header whose alg is one of algorithms, whose typ is missing or
// one of types (lower case), and which names neither a key nor an extension: keys come from the provider's key set only.
func Parse(raw string, algorithms, types []string) (Token, error) {
	if len(raw) > MaxToken {
		return Token{}, fmt.Errorf("longer than %d bytes", MaxToken)
	}
	if strings.Count(raw, ".") != 2 {
		return Token{}, errors.New("not three parts")
	}
	var parts [3][]byte
	for i, part := range strings.Split(raw, ".") {
		decoded, err := decode(part)
		if err != nil || len(decoded) == 0 {
			return Token{}, fmt.Errorf("part %d is not canonical base64url", i+1)
		}
		parts[i] = decoded
	}
	header, err := claims.Parse(parts[0])
	if err != nil {
		return Token{}, fmt.Errorf("reading header: %w", err)
	}
	token := Token{Payload: parts[1]}
	if token.Algorithm, token.KeyID, err = checkHeader(header, algorithms, types); err != nil {
		return Token{}, err
	}
	return token, nil
}

// decode is strict about line ends and trailing bits too, which encoding/base64 lets pass in part.
func decode(part string) ([]byte, error) {
	decoded, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || base64.RawURLEncoding.EncodeToString(decoded) != part {
		return nil, errors.New("not canonical base64url")
	}
	return decoded, nil
}

func checkHeader(header claims.Object, algorithms, types []string) (alg, kid string, err error) {
	names := []string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "cty", "enc", "zip"}
	for _, name := range names {
		if header.Has(name) {
			return "", "", fmt.Errorf("header names %s", name)
		}
	}
	if err := header.RefuseVariantsOf(append(names, "alg", "kid", "typ")...); err != nil {
		return "", "", fmt.Errorf("header: %w", err)
	}
	alg, _, err = header.Text("alg", 20)
	if err != nil || !slices.Contains(algorithms, alg) {
		return "", "", fmt.Errorf("algorithm %.20q is not one of %s", alg, strings.Join(algorithms, ", "))
	}
	if typ, ok, err := header.Text("typ", 100); err != nil || ok && !slices.Contains(types, strings.ToLower(typ)) {
		return "", "", fmt.Errorf("type %.40q is not one of %s", typ, strings.Join(types, ", "))
	}
	if kid, _, err = header.Identifier("kid", longestKeyID); err != nil {
		return "", "", fmt.Errorf("header: %w", err)
	}
	return alg, kid, nil
}
