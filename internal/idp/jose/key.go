package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
)

// Key is a signing key with the public half as it stands in a JWKS. The zero value is of no use.
type Key struct {
	ID   string         // kid
	Alg  string         // RS256 or ES256
	Sign Signer         // signs with the private half
	JWK  map[string]any // the public half with kid, use and alg

	public crypto.PublicKey
}

// NewRSA returns a fresh 2048-bit RSA key for RS256.
func NewRSA(id string) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Key{}, fmt.Errorf("generating an RSA key: %w", err)
	}
	jwk := rsaJWK(id, private.N, int64(private.E))
	return Key{ID: id, Alg: "RS256", Sign: RS256(private), JWK: jwk, public: &private.PublicKey}, nil
}

// NewEC returns a fresh P-256 key for ES256.
func NewEC(id string) (Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("generating an EC key: %w", err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return Key{}, fmt.Errorf("encoding an EC key: %w", err)
	}
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
		"x": Encode(point[1:33]), "y": Encode(point[33:])}
	return Key{ID: id, Alg: "ES256", Sign: ES256(private), JWK: jwk, public: &private.PublicKey}, nil
}

func rsaJWK(id string, n *big.Int, e int64) map[string]any {
	return map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
		"n": Encode(n.Bytes()), "e": Encode(big.NewInt(e).Bytes())}
}

// PublicDER is the public half as SubjectPublicKeyInfo: with PublicPEM and the JSON of JWK the three byte strings that
// an attacker offers as an HMAC secret (RFC 8725, 2.1).
func (k Key) PublicDER() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		panic(fmt.Sprintf("jose: %v", err))
	}
	return der
}

// PublicPEM is PublicDER in PEM armour.
func (k Key) PublicPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.PublicDER()})
}

// Public is the *rsa.PublicKey or *ecdsa.PublicKey; nil for a key made by WeakRSA.
func (k Key) Public() crypto.PublicKey { return k.public }

// RS256 signs with RSASSA-PKCS1-v1_5 and SHA-256.
func RS256(key *rsa.PrivateKey) Signer {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(fmt.Sprintf("jose: %v", err))
		}
		return sig
	}
}

// ES256 signs with ECDSA on P-256 and SHA-256, as the 64 bytes of R and S (RFC 7518, 3.4).
func ES256(key *ecdsa.PrivateKey) Signer {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(fmt.Sprintf("jose: %v", err))
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

// HS256 signs with HMAC and SHA-256. The secret may be short or empty, even where FIPS 140 is enforced: an attacker
// does not ask.
func HS256(secret []byte) Signer {
	return func(input []byte) (sum []byte) {
		fips140.WithoutEnforcement(func() {
			mac := hmac.New(sha256.New, secret)
			mac.Write(input)
			sum = mac.Sum(nil)
		})
		return sum
	}
}

// Verify reports whether token carries the key's signature and names its algorithm. It looks at no claim.
func (k Key) Verify(token string) bool {
	header, _, err := Decode(token)
	if err != nil || header["alg"] != k.Alg {
		return false
	}
	dot := strings.LastIndexByte(token, '.')
	sig, err := decode(token[dot+1:])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(token[:dot]))
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig) == nil
	case *ecdsa.PublicKey:
		return len(sig) == 64 && ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	}
	return false
}
