package session

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The vectors are those of c2sp.org/XAES-256-GCM. They are opened, not sealed, because the standard library chooses half
// of the nonce itself; that also makes them pass under GODEBUG=fips140=only.
func Test_the_C2SP_vectors_of_XAES_256_GCM_open(t *testing.T) {
	for _, v := range []struct{ key, ad, want string }{
		{key: "0101010101010101010101010101010101010101010101010101010101010101", want: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{key: "0303030303030303030303030303030303030303030303030303030303030303", ad: "c2sp.org/XAES-256-GCM", want: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		key, _ := hex.DecodeString(v.key)
		ct, _ := hex.DecodeString(v.want)
		x, err := newXAES([32]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.open(append([]byte("ABCDEFGHIJKLMNOPQRSTUVWX"), ct...), []byte(v.ad))
		if err != nil || !bytes.Equal(got, []byte("XAES-256-GCM")) {
			t.Errorf("key %s: %q, %v", v.key[:4], got, err)
		}
		ct[0] ^= 1
		if _, err := x.open(append([]byte("ABCDEFGHIJKLMNOPQRSTUVWX"), ct...), []byte(v.ad)); err == nil {
			t.Error("a changed ciphertext opened")
		}
	}
}

func FuzzDecodeSession(f *testing.F) {
	f.Add([]byte{codecVersion})
	f.Add((&Session{ID: [16]byte{1}, Family: [16]byte{2}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decode(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.encode(), b) {
			t.Fatalf("%x was accepted and is not canonical", b)
		}
	})
}
