package jose

import (
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
)

// sha256Prefix is the DER of DigestInfo for SHA-256 up to the digest (RFC 8017, 9.2, note 1).
const sha256Prefix = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

// WeakRSA returns an RSA key that crypto/rsa refuses to make, whose RS256 signatures are nevertheless right: 512 bits,
// or far too many, or with the public exponent 1, whose signatures anyone can write. The modulus is a product of
// primes of 256 bits, so that 16,384 bits are found quickly. bits is a multiple of 256 and at least 512.
func WeakRSA(id string, bits int, e int64) (Key, error) {
	if bits < 512 || bits%256 != 0 {
		return Key{}, fmt.Errorf("a weak RSA key of %d bits: want a multiple of 256, at least 512", bits)
	}
	primes, d, err := primesFor(bits/256, big.NewInt(e))
	if err != nil {
		return Key{}, err
	}
	n := big.NewInt(1)
	for _, p := range primes {
		n.Mul(n, p)
	}
	return Key{ID: id, Alg: "RS256", Sign: textbook(primes, n, d), JWK: rsaJWK(id, n, e)}, nil
}

// primesFor returns that many primes and the private exponent to e.
func primesFor(count int, e *big.Int) (primes []*big.Int, d *big.Int, err error) {
	one := big.NewInt(1)
	phi := big.NewInt(1)
	for len(primes) < count {
		var p *big.Int
		fips140.WithoutEnforcement(func() { p, err = rand.Prime(rand.Reader, 256) })
		if err != nil {
			return nil, nil, fmt.Errorf("generating a prime: %w", err)
		}
		q := new(big.Int).Sub(p, one)
		if new(big.Int).GCD(nil, nil, q, e).Cmp(one) != 0 {
			continue
		}
		primes = append(primes, p)
		phi.Mul(phi, q)
	}
	if e.Cmp(one) == 0 {
		return primes, one, nil
	}
	return primes, new(big.Int).ModInverse(e, phi), nil
}

// textbook is RSASSA-PKCS1-v1_5 without any of the checks of crypto/rsa.
func textbook(primes []*big.Int, n, d *big.Int) Signer {
	return func(input []byte) []byte {
		size := (n.BitLen() + 7) / 8
		sum := sha256.Sum256(input)
		info := append([]byte(sha256Prefix), sum[:]...)
		em := make([]byte, size)
		for i := range em {
			em[i] = 0xff
		}
		em[0], em[1], em[size-len(info)-1] = 0, 1, 0
		copy(em[size-len(info):], info)
		return power(new(big.Int).SetBytes(em), d, primes).FillBytes(make([]byte, size))
	}
}

// power is m^d modulo the product of the primes, prime by prime (RFC 8017, 5.1.2): 16,384 bits at once would take a second, and
// whoever waits for the signature may not.
func power(m, d *big.Int, primes []*big.Int) *big.Int {
	s, product := new(big.Int), big.NewInt(1)
	for _, p := range primes {
		order := new(big.Int).Sub(p, big.NewInt(1))
		h := new(big.Int).Exp(m, new(big.Int).Mod(d, order), p)
		h.Sub(h, s).Mul(h, new(big.Int).ModInverse(product, p)).Mod(h, p)
		s.Add(s, h.Mul(h, product))
		product.Mul(product, p)
	}
	return s
}
