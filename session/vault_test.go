package session_test

import (
	"bytes"
	"context"
	"maps"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/session"
)

// bytesInMemory stands in for a store: what a thief of the store would read.
type bytesInMemory map[string][]byte

func (b bytesInMemory) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	b[key] = value
	return nil
}

func (b bytesInMemory) Get(_ context.Context, key string) ([]byte, bool, error) {
	v, ok := b[key]
	return v, ok, nil
}

func (b bytesInMemory) Delete(_ context.Context, key string) error { delete(b, key); return nil }

func Test_only_the_session_itself_opens_its_tokens(t *testing.T) {
	mem, ring := bytesInMemory{}, testRing(t)
	v := session.NewVault(func() *session.Ring { return ring }, mem, func() time.Time { return start })
	s := alice()
	if err := v.Put(t.Context(), s, "the.id.token"); err != nil {
		t.Fatal(err)
	}
	if got, found, err := v.IDToken(t.Context(), s); got != "the.id.token" || !found || err != nil {
		t.Errorf("own token: %q, %v, %v", got, found, err)
	}
	for k, stored := range maps.All(mem) {
		if bytes.Contains(stored, []byte("the.id")) || bytes.Contains([]byte(k), s.ID[:]) {
			t.Error("the store shows the token or the session's id")
		}
	}
	other := *s
	other.VaultSecret = session.Secret{8}
	if _, found, err := v.IDToken(t.Context(), &other); found || err != nil {
		t.Errorf("with another secret: %v, %v", found, err)
	}
	ring = testRing(t)
	if _, found, err := v.IDToken(t.Context(), s); found || err != nil {
		t.Errorf("with another ring: %v, %v", found, err)
	}
}
