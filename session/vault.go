package session

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Bytes is where sealed tokens lie. An error means that the store could not be asked; absence is a value.
type Bytes interface {
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Get(ctx context.Context, key string) (value []byte, found bool, err error)
	// Swap replaces a value if it is still the one that was seen.
	Swap(ctx context.Context, key string, seen, value []byte, ttl time.Duration) (swapped bool, err error)
	Delete(ctx context.Context, key string) error
}

// Vault keeps a session's tokens out of its cookie. They are sealed twice, by a secret that only the cookie carries and
// by the ring: who reads the store learns nothing, and who holds the ring needs the cookie too.
type Vault struct {
	keys  func() *Ring
	store Bytes
	now   func() time.Time
}

// NewVault returns a vault over a store.
func NewVault(keys func() *Ring, store Bytes, now func() time.Time) *Vault {
	return &Vault{keys: keys, store: store, now: now}
}

// Kept is a record as it lies in the vault.
type Kept struct {
	Tokens
	sealed []byte // as the store has it; two records are never sealed to the same bytes
}

// Written reports whether the vault has had this record.
func (k Kept) Written() bool { return k.sealed != nil }

// Put keeps tokens for as long as the session can live, in place of those that it had.
func (v *Vault) Put(ctx context.Context, s *Session, t Tokens) error {
	sealed, err := v.seal(s, &t)
	if err != nil {
		return err
	}
	if err := v.store.Put(ctx, VaultKey(s), sealed, s.Ends().Sub(v.now())); err != nil {
		return fmt.Errorf("putting tokens into the vault: %w", err)
	}
	return nil
}

// Swap puts tokens in the place of a record, if the vault still has that one: who comes late, or after a logout, changes
// nothing, whatever lease they believe to hold. It returns the record that it made.
func (v *Vault) Swap(ctx context.Context, s *Session, seen Kept, t Tokens) (now Kept, swapped bool, err error) {
	sealed, err := v.seal(s, &t)
	if err != nil {
		return Kept{}, false, err
	}
	swapped, err = v.store.Swap(ctx, VaultKey(s), seen.sealed, sealed, s.Ends().Sub(v.now()))
	if err != nil {
		return Kept{}, false, fmt.Errorf("replacing tokens in the vault: %w", err)
	}
	return Kept{t, sealed}, swapped, nil
}

// Get returns the session's tokens; false if there are none that this session opens.
func (v *Vault) Get(ctx context.Context, s *Session) (kept Kept, found bool, err error) {
	sealed, found, err := v.store.Get(ctx, VaultKey(s))
	if err != nil {
		return Kept{}, false, fmt.Errorf("asking the vault for tokens: %w", err)
	}
	if !found {
		return Kept{}, false, nil
	}
	once, err := v.keys().Open(v.now(), PurposeVault, VaultKey(s), "", string(sealed))
	if err != nil {
		return Kept{}, false, nil
	}
	inner, err := newXAES(s.VaultSecret)
	if err != nil {
		return Kept{}, false, fmt.Errorf("preparing the session's seal: %w", err)
	}
	plain, err := inner.open(once, s.ID[:])
	if err != nil {
		return Kept{}, false, nil
	}
	t, ok := decodeTokens(plain)
	if !ok {
		return Kept{}, false, nil
	}
	return Kept{t, sealed}, true, nil
}

// Delete removes the session's tokens.
func (v *Vault) Delete(ctx context.Context, s *Session) error {
	if err := v.store.Delete(ctx, VaultKey(s)); err != nil {
		return fmt.Errorf("removing tokens from the vault: %w", err)
	}
	return nil
}

func (v *Vault) seal(s *Session, t *Tokens) ([]byte, error) {
	inner, err := newXAES(s.VaultSecret)
	if err != nil {
		return nil, fmt.Errorf("preparing the session's seal: %w", err)
	}
	once, err := inner.seal(nil, t.encode(), s.ID[:])
	if err != nil {
		return nil, fmt.Errorf("sealing tokens for their session: %w", err)
	}
	twice, err := v.keys().Seal(v.now(), PurposeVault, VaultKey(s), "", once)
	return []byte(twice), err
}

// VaultKey is the key of a session's tokens in the store: a digest, so that the store's keys name no session.
func VaultKey(s *Session) string {
	d := identity.Digest("edgeauth vault", string(s.ID[:]))
	return hex.EncodeToString(d[:])
}
