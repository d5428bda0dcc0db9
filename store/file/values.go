package file

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
)

// Claim sets a once-mark for ttl if it is free, and tells whether it is now ours, was ours, or is another's. Errors are
// *store.Unavailable, or wrap store.ErrTTL.
func (s *Store) Claim(ctx context.Context, key string, value []byte, ttl time.Duration) (claim store.Claim, err error) {
	if err := store.CheckTTL(ttl); err != nil {
		return 0, err
	}
	err = s.update(ctx, "claiming a mark", func(tx *bbolt.Tx) error {
		there, found := live(tx.Bucket(onceBucket).Get(id(key)), nowMillis())
		switch {
		case !found:
			claim = store.Fresh
			return keep(tx, onceBucket, endOnce, key, value, ttl)
		case bytes.Equal(there, value):
			claim = store.Own
		default:
			claim = store.Taken
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return claim, nil
}

// Put keeps a value under a key for ttl and replaces what was there. Errors are *store.Unavailable, or wrap
// store.ErrTTL.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := store.CheckTTL(ttl); err != nil {
		return err
	}
	return s.update(ctx, "keeping a value", func(tx *bbolt.Tx) error {
		return keep(tx, vaultBucket, endVault, key, value, ttl)
	})
}

// Get returns the value under a key; found is false if there is none. Errors are *store.Unavailable.
func (s *Store) Get(ctx context.Context, key string) (value []byte, found bool, err error) {
	err = s.view(ctx, "reading a value", func(tx *bbolt.Tx) error {
		var v []byte
		v, found = live(tx.Bucket(vaultBucket).Get(id(key)), nowMillis())
		value = bytes.Clone(v)
		return nil
	})
	return value, found, err
}

// Delete removes the value under a key, if there is one. Errors are *store.Unavailable.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.update(ctx, "deleting a value", func(tx *bbolt.Tx) error {
		return tx.Bucket(vaultBucket).Delete(id(key))
	})
}

func keep(tx *bbolt.Tx, bucket []byte, kind byte, key string, value []byte, ttl time.Duration) error {
	end := nowMillis() + revocation.Millis(ttl.Milliseconds())
	if err := tx.Bucket(bucket).Put(id(key), record(end, value)); err != nil {
		return err
	}
	return plan(tx, end, kind, id(key))
}

// id is the key in the database, which takes no empty ones.
func id(key string) []byte { return []byte("=" + key) }
