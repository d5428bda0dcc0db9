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

// lives are how long a vault asks its store to keep what it puts.
type lives struct {
	bytesInMemory
	ttl time.Duration
}

func (l *lives) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	l.ttl = ttl
	return l.bytesInMemory.Put(ctx, key, value, ttl)
}

func Test_tokens_are_kept_as_long_as_their_session_can_live(t *testing.T) {
	ring, mem := testRing(t), &lives{bytesInMemory: bytesInMemory{}}
	s := alice()
	v := session.NewVault(func() *session.Ring { return ring }, mem, func() time.Time { return s.IssuedAt })
	if err := v.Put(t.Context(), s, "the.id.token"); err != nil {
		t.Fatal(err)
	}
	if want := s.Ends().Sub(s.IssuedAt); mem.ttl != want {
		t.Errorf("they are kept for %v, the session can live for %v", mem.ttl, want)
	}
}

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
