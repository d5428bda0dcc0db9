package session

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"math/rand/v2"
	"testing"
)

// reference is XAES-256-GCM written down from the specification a second time, in other words: the derived key is
// CMAC-AES-256 of two one-block messages (NIST SP 800-108r1 in counter mode with SP 800-38B), and the rest is plain GCM.
func reference(t *testing.T, key [32]byte, nonce [24]byte) cipher.AEAD {
	t.Helper()
	cmac := func(m [16]byte) []byte {
		block, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		l := make([]byte, 16)
		block.Encrypt(l, l)
		sub, carry := make([]byte, 16), byte(0)
		for i := 15; i >= 0; i-- {
			sub[i] = l[i]<<1 + carry
			carry = l[i] / 128
		}
		if carry == 1 {
			sub[15] ^= 0x87
		}
		out := make([]byte, 16)
		for i := range out {
			out[i] = m[i] ^ sub[i]
		}
		block.Encrypt(out, out)
		return out
	}
	message := func(counter byte) [16]byte { return [16]byte(append([]byte{0, counter, 'X', 0}, nonce[:12]...)) }
	block, err := aes.NewCipher(append(cmac(message(1)), cmac(message(2))...))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm
}

func Test_XAES_agrees_with_a_second_reading_of_its_specification(t *testing.T) {
	if fips140.Enforced() {
		t.Skip("the reference chooses its nonces itself, which FIPS 140-3 mode forbids")
	}
	r := rand.NewChaCha8([32]byte{1})
	carries := map[bool]int{}
	for n := range 500 {
		var key [32]byte
		var nonce [24]byte
		plain, ad := make([]byte, n%97), make([]byte, n%31)
		for _, b := range [][]byte{key[:], nonce[:], plain, ad} {
			r.Read(b)
		}
		x, err := newXAES(key)
		if err != nil {
			t.Fatal(err)
		}
		carries[x.k1[15]&1 == 1]++
		theirs := append(bytes.Clone(nonce[:]), reference(t, key, nonce).Seal(nil, nonce[12:], plain, ad)...)
		if got, err := x.open(theirs, ad); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("case %d: what the reference sealed opens as %x, %v", n, got, err)
		}
		ours, err := x.seal([]byte("front"), plain, ad)
		if err != nil {
			t.Fatal(err)
		}
		ours = ours[len("front"):]
		got, err := reference(t, key, [24]byte(ours[:24])).Open(nil, ours[12:24], ours[24:], ad)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("case %d: the reference opens ours as %x, %v", n, got, err)
		}
	}
	if carries[true] < 100 || carries[false] < 100 {
		t.Errorf("keys with and without a carry: %v", carries)
	}
}
