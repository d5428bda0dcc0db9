package redis

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/store"
)

// Acquire takes the lease under a key for ttl, unless another holder has it. Who has it already keeps it, for ttl from now. A
// lease is a courtesy between edges and no lock: a holder that sleeps loses it unawares, so what it protects must be
// safe without (Swap). Errors are *store.Unavailable, or wrap store.ErrTTL.
func (s *Store) Acquire(ctx context.Context, key string, holder []byte, ttl time.Duration) (held bool, err error) {
	return s.lease(ctx, "taking a lease", key, holder, ttl, 1)
}

// Renew keeps the lease under a key for ttl from now. It reports false if the holder has it no more. Errors as of Acquire.
func (s *Store) Renew(ctx context.Context, key string, holder []byte, ttl time.Duration) (held bool, err error) {
	return s.lease(ctx, "renewing a lease", key, holder, ttl, 0)
}

func (s *Store) lease(ctx context.Context, doing, key string, holder []byte, ttl time.Duration, take int) (held bool, err error) {
	if err := store.CheckTTL(ttl); err != nil {
		return false, err
	}
	err = s.call(ctx, doing, func(ctx context.Context) error {
		held, err = verdict(s.client.Eval(ctx, leaseScript, []string{s.keys.lease(key)}, holder, ttl.Milliseconds(), take).Int())
		return err
	})
	return held, err
}

// Release gives the lease under a key free, if the holder still has it. Errors are *store.Unavailable.
func (s *Store) Release(ctx context.Context, key string, holder []byte) error {
	return s.call(ctx, "releasing a lease", func(ctx context.Context) error {
		_, err := verdict(s.client.Eval(ctx, releaseScript, []string{s.keys.lease(key)}, holder).Int())
		return err
	})
}

// Swap replaces the value that Put or Swap keeps under a key, for ttl, if it is still the one that the caller has seen: of those
// who change a value at the same time one wins, and a late one changes nothing. Errors are *store.Unavailable, or wrap
// store.ErrTTL.
func (s *Store) Swap(ctx context.Context, key string, seen, value []byte, ttl time.Duration) (swapped bool, err error) {
	if err := store.CheckTTL(ttl); err != nil {
		return false, err
	}
	err = s.call(ctx, "replacing a value", func(ctx context.Context) error {
		swapped, err = verdict(s.client.Eval(ctx, swapScript, []string{s.keys.vault(key)}, seen, value, ttl.Milliseconds()).Int())
		return err
	})
	return swapped, err
}

// verdict reads a script's answer of 0 or 1.
func verdict(answer int, err error) (bool, error) {
	if err == nil && answer != 0 && answer != 1 {
		err = unexpected("a script ended as %d", answer)
	}
	return err == nil && answer == 1, err
}
