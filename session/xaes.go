package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"errors"
)

// xaes is XAES-256-GCM (C2SP, c2sp.org/XAES-256-GCM): AES-256-GCM with 192-bit nonces, so that random nonces need no
// counting. It is built on cipher.NewGCMWithRandomNonce, the only GCM that FIPS 140-3 mode permits, whose own 12
// random bytes are the second half of the nonce.
type xaes struct {
	block cipher.Block
	k1    [16]byte
}

const (
	xaesNonce    = 24
	xaesTag      = 16
	xaesOverhead = xaesNonce + xaesTag
)

var errOpen = errors.New("message cannot be opened")

func newXAES(key [32]byte) (*xaes, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	msb := x.k1[0] >> 7
	for i := range 15 {
		x.k1[i] = x.k1[i]<<1 | x.k1[i+1]>>7
	}
	x.k1[15] = x.k1[15]<<1 ^ msb*0b10000111
	return x, nil
}

// derive is the CMAC-based KDF of the specification: two blocks over the first half of the nonce.
func (x *xaes) derive(half []byte) (cipher.AEAD, error) {
	var s struct{ key, blocks [32]byte } // in one piece: it goes to the heap, as Encrypt belongs to an interface
	for i := range 2 {
		m := s.blocks[16*i:][:16]
		copy(m, []byte{0, byte(i + 1), 'X', 0})
		copy(m[4:], half[:12])
		subtle.XORBytes(m, m, x.k1[:])
		x.block.Encrypt(s.key[16*i:], m)
	}
	block, err := aes.NewCipher(s.key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal appends nonce, ciphertext and tag to dst.
func (x *xaes) seal(dst, plaintext, ad []byte) ([]byte, error) {
	var half [12]byte
	rand.Read(half[:])
	gcm, err := x.derive(half[:])
	if err != nil {
		return nil, err
	}
	return gcm.Seal(append(dst, half[:]...), nil, plaintext, ad), nil
}

// open is the inverse of seal. It writes the plaintext over sealed. All failures are errOpen.
func (x *xaes) open(sealed, ad []byte) ([]byte, error) {
	if len(sealed) < xaesOverhead {
		return nil, errOpen
	}
	gcm, err := x.derive(sealed)
	if err != nil {
		return nil, errOpen
	}
	message := sealed[12:]
	plaintext, err := gcm.Open(message[:0], nil, message, ad)
	if err != nil {
		return nil, errOpen
	}
	return plaintext, nil
}
