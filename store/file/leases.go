package file

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/store"
)

// Acquire takes the lease under a key for ttl, unless another holder has it. Who has it already keeps it, for ttl from now.
// Errors are *store.Unavailable, or wrap store.ErrTTL.
func (s *Store) Acquire(ctx context.Context, key string, holder []byte, ttl time.Duration) (held bool, err error) {
	return s.lease(ctx, "taking a lease", key, holder, ttl, true)
}

// Renew keeps the lease under a key for ttl from now. It reports false if the holder has it no more. Errors as of Acquire.
func (s *Store) Renew(ctx context.Context, key string, holder []byte, ttl time.Duration) (held bool, err error) {
	return s.lease(ctx, "renewing a lease", key, holder, ttl, false)
}

func (s *Store) lease(ctx context.Context, doing, key string, holder []byte, ttl time.Duration, take bool) (held bool, err error) {
	if err := store.CheckTTL(ttl); err != nil {
		return false, err
	}
	err = s.update(ctx, doing, func(tx *bbolt.Tx) error {
		there, taken := live(tx.Bucket(leaseBucket).Get(id(key)), nowMillis())
		if held = taken && bytes.Equal(there, holder) || !taken && take; !held {
			return nil
		}
		return keep(tx, leaseBucket, endLease, key, holder, ttl)
	})
	return held && err == nil, err
}

// Release gives the lease under a key free, if the holder still has it. Errors are *store.Unavailable.
func (s *Store) Release(ctx context.Context, key string, holder []byte) error {
	return s.update(ctx, "releasing a lease", func(tx *bbolt.Tx) error {
		b := tx.Bucket(leaseBucket)
		if there, taken := live(b.Get(id(key)), nowMillis()); !taken || !bytes.Equal(there, holder) {
			return nil
		}
		return b.Delete(id(key))
	})
}

// Swap replaces the value that Put or Swap keeps under a key, for ttl, if it is still the one that the caller has seen. Errors are
// *store.Unavailable, or wrap store.ErrTTL.
func (s *Store) Swap(ctx context.Context, key string, seen, value []byte, ttl time.Duration) (swapped bool, err error) {
	if err := store.CheckTTL(ttl); err != nil {
		return false, err
	}
	err = s.update(ctx, "replacing a value", func(tx *bbolt.Tx) error {
		there, found := live(tx.Bucket(vaultBucket).Get(id(key)), nowMillis())
		if swapped = found && (bytes.Equal(there, seen) || bytes.Equal(there, value)); !swapped {
			return nil
		}
		return keep(tx, vaultBucket, endVault, key, value, ttl)
	})
	return swapped && err == nil, err
}
