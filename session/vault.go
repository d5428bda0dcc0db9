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

// Put keeps the ID token for as long as the session can live.
func (v *Vault) Put(ctx context.Context, s *Session, idToken string) error {
	inner, err := newXAES(s.VaultSecret)
	if err != nil {
		return fmt.Errorf("preparing the session's seal: %w", err)
	}
	once, err := inner.seal(nil, []byte(idToken), s.ID[:])
	if err != nil {
		return fmt.Errorf("sealing a token for its session: %w", err)
	}
	twice, err := v.keys().Seal(v.now(), PurposeVault, vaultKey(s), "", once)
	if err != nil {
		return err
	}
	if err := v.store.Put(ctx, vaultKey(s), []byte(twice), s.Ends().Sub(v.now())); err != nil {
		return fmt.Errorf("putting a token into the vault: %w", err)
	}
	return nil
}

// IDToken returns the session's ID token; false if there is none that this session opens.
func (v *Vault) IDToken(ctx context.Context, s *Session) (token string, found bool, err error) {
	sealed, found, err := v.store.Get(ctx, vaultKey(s))
	if err != nil {
		return "", false, fmt.Errorf("asking the vault for a token: %w", err)
	}
	if !found {
		return "", false, nil
	}
	once, err := v.keys().Open(v.now(), PurposeVault, vaultKey(s), "", string(sealed))
	if err != nil {
		return "", false, nil
	}
	inner, err := newXAES(s.VaultSecret)
	if err != nil {
		return "", false, fmt.Errorf("preparing the session's seal: %w", err)
	}
	plain, err := inner.open(once, s.ID[:])
	if err != nil {
		return "", false, nil
	}
	return string(plain), true, nil
}

// Delete removes the session's tokens.
func (v *Vault) Delete(ctx context.Context, s *Session) error {
	if err := v.store.Delete(ctx, vaultKey(s)); err != nil {
		return fmt.Errorf("removing tokens from the vault: %w", err)
	}
	return nil
}

// vaultKey is a digest, so that the store's keys name no session.
func vaultKey(s *Session) string {
	d := identity.Digest("edgeauth vault", string(s.ID[:]))
	return hex.EncodeToString(d[:])
}
