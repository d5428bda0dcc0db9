package session_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func (b bytesInMemory) Swap(_ context.Context, key string, seen, value []byte, _ time.Duration) (bool, error) {
	there, ok := b[key]
	if !ok || !bytes.Equal(there, seen) {
		return false, nil
	}
	b[key] = value
	return true, nil
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

func tokens() session.Tokens {
	return session.Tokens{ID: "the.id.token", Access: "the.access.token", Refresh: "the.refresh.token", Client: "edge", Scope: "openid",
		Expires: start.Add(time.Minute), Validated: start, Number: 7}
}

func Test_tokens_are_kept_as_long_as_their_session_can_live(t *testing.T) {
	ring, mem := testRing(t), &lives{bytesInMemory: bytesInMemory{}}
	s := alice()
	v := session.NewVault(func() *session.Ring { return ring }, mem, func() time.Time { return s.IssuedAt })
	if err := v.Put(t.Context(), s, tokens()); err != nil {
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
	if err := v.Put(t.Context(), s, tokens()); err != nil {
		t.Fatal(err)
	}
	if got, found, err := v.Get(t.Context(), s); !cmp.Equal(got.Tokens, tokens()) || !found || err != nil {
		t.Errorf("own tokens: %v, %v, %v\n%s", got, found, err, cmp.Diff(tokens(), got.Tokens))
	}
	for k, stored := range maps.All(mem) {
		if bytes.Contains(stored, []byte("the.")) || bytes.Contains([]byte(k), s.ID[:]) || strings.Contains(k, hex.EncodeToString(s.ID[:])) || strings.Contains(k, s.ID.String()) {
			t.Error("the store shows the token or the session's id")
		}
	}
	other := *s
	other.VaultSecret = session.Secret{8}
	if _, found, err := v.Get(t.Context(), &other); found || err != nil {
		t.Errorf("with another secret: %v, %v", found, err)
	}
	ring = testRing(t)
	if _, found, err := v.Get(t.Context(), s); found || err != nil {
		t.Errorf("with another ring: %v, %v", found, err)
	}
}

func Test_the_ID_token_that_an_earlier_release_kept_is_still_read(t *testing.T) {
	mem, ring := bytesInMemory{}, testRing(t)
	keys := func() *session.Ring { return ring }
	s := alice()
	session.PutEarlier(t, mem, keys(), start, s, "eyJ.the.token")
	got, found, err := session.NewVault(keys, mem, func() time.Time { return start }).Get(t.Context(), s)
	if want := (session.Tokens{ID: "eyJ.the.token"}); !cmp.Equal(got.Tokens, want) || !found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func Test_a_late_holder_cannot_replace_a_newer_record_or_bring_back_a_deleted_one(t *testing.T) {
	mem, ring := bytesInMemory{}, testRing(t)
	v := session.NewVault(func() *session.Ring { return ring }, mem, func() time.Time { return start })
	s, first := alice(), tokens()
	if err := v.Put(t.Context(), s, first); err != nil {
		t.Fatal(err)
	}
	seen, _, _ := v.Get(t.Context(), s)
	second := first
	second.Refresh, second.Number = "second", 8
	if _, ok, err := v.Swap(t.Context(), s, seen, second); !ok || err != nil {
		t.Fatal(ok, err)
	}
	late := first
	late.Refresh, late.Number = "late", 9
	if _, ok, err := v.Swap(t.Context(), s, seen, late); ok || err != nil {
		t.Errorf("the late one: %v, %v", ok, err)
	}
	now, _, _ := v.Get(t.Context(), s)
	if !cmp.Equal(now.Tokens, second) {
		t.Error("the newer record is gone")
	}
	if err := v.Delete(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := v.Swap(t.Context(), s, now, late); ok || err != nil || len(mem) != 0 {
		t.Errorf("after the logout: %v, %v, %d records", ok, err, len(mem))
	}
}

func Test_no_verb_prints_tokens(t *testing.T) {
	var log bytes.Buffer
	kept := session.Kept{Tokens: tokens()}
	for _, value := range []any{tokens(), kept, &kept} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb, value)
		}
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		b, _ := json.Marshal(value)
		log.Write(b)
	}
	if strings.Contains(log.String(), "the.") {
		t.Errorf("tokens are shown:\n%s", log.String())
	}
}
