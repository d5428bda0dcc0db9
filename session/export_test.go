package session

import (
	"testing"
	"time"
)

// PutEarlier keeps an ID token as releases did that kept nothing else.
func PutEarlier(t testing.TB, store map[string][]byte, ring *Ring, now time.Time, s *Session, idToken string) {
	t.Helper()
	inner, err := newXAES(s.VaultSecret)
	if err != nil {
		t.Fatal(err)
	}
	once, err := inner.seal(nil, []byte(idToken), s.ID[:])
	if err != nil {
		t.Fatal(err)
	}
	twice, err := ring.Seal(now, PurposeVault, VaultKey(s), "", once)
	if err != nil {
		t.Fatal(err)
	}
	store[VaultKey(s)] = []byte(twice)
}
