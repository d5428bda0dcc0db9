package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// The sizes of RSA keys that are used. Smaller ones are weak; the cost of a larger one is an attack.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// key is a public key and the algorithms that it may verify.
type key struct {
	id         string // empty: the provider gave none
	public     crypto.PublicKey
	algorithms []string
}

func (k key) serves(alg string) bool { return slices.Contains(k.algorithms, alg) }

// narrow leaves of k's algorithms those that are allowed and, where the key names one, only that.
func (k key) narrow(jwk claims.Object, allowed []string) (key, error) {
	alg, named, err := jwk.Text("alg", 100)
	if err != nil {
		return key{}, err
	}
	k.algorithms = slices.DeleteFunc(k.algorithms, func(a string) bool {
		return !slices.Contains(allowed, a) || named && a != alg
	})
	if len(k.algorithms) == 0 {
		return key{}, errors.New("it serves no algorithm that is allowed")
	}
	return k, nil
}

func parsePublic(kty string, jwk claims.Object) (crypto.PublicKey, []string, error) {
	switch kty {
	case "RSA":
		return parseRSA(jwk)
	case "EC":
		return parseEC(jwk)
	case "OKP":
		return parseOKP(jwk)
	}
	return nil, nil, fmt.Errorf("its kty %.20q is not known", kty)
}

func parseRSA(jwk claims.Object) (crypto.PublicKey, []string, error) {
	n, err := octets(jwk, "n")
	if err != nil {
		return nil, nil, err
	}
	e, err := octets(jwk, "e")
	if err != nil {
		return nil, nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minRSABits || bits > maxRSABits || modulus.Bit(0) == 0 {
		return nil, nil, fmt.Errorf("its modulus of %d bits is not odd and between %d and %d", bits, minRSABits, maxRSABits)
	}
	if exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil, nil, errors.New("its exponent is not odd and between 3 and 2^31")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())},
		[]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
}

func parseEC(jwk claims.Object) (crypto.PublicKey, []string, error) {
	name, _, err := jwk.Text("crv", 20)
	if err != nil {
		return nil, nil, err
	}
	curve, alg := curveOf(name)
	if curve == nil {
		return nil, nil, fmt.Errorf("its curve %.20q is not known", name)
	}
	x, err := octets(jwk, "x")
	if err != nil {
		return nil, nil, err
	}
	y, err := octets(jwk, "y")
	if err != nil {
		return nil, nil, err
	}
	if size := (curve.Params().BitSize + 7) / 8; len(x) != size || len(y) != size {
		return nil, nil, errors.New("its coordinates have the wrong length")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, nil, errors.New("its point is not on the curve")
	}
	return public, []string{alg}, nil
}

func curveOf(name string) (elliptic.Curve, string) {
	switch name {
	case "P-256":
		return elliptic.P256(), "ES256"
	case "P-384":
		return elliptic.P384(), "ES384"
	case "P-521":
		return elliptic.P521(), "ES512"
	}
	return nil, ""
}

func parseOKP(jwk claims.Object) (crypto.PublicKey, []string, error) {
	if name, _, err := jwk.Text("crv", 20); err != nil || name != "Ed25519" {
		return nil, nil, fmt.Errorf("its curve %.20q is not known", name)
	}
	x, err := octets(jwk, "x")
	if err != nil {
		return nil, nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, nil, errors.New("its point has the wrong length")
	}
	return ed25519.PublicKey(x), []string{"EdDSA"}, nil
}

func octets(jwk claims.Object, name string) ([]byte, error) {
	text, _, err := jwk.Text(name, 4096)
	if err != nil {
		return nil, err
	}
	value, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(value) == 0 {
		return nil, fmt.Errorf("its %s is not base64url", name)
	}
	return value, nil
}
