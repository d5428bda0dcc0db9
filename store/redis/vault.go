package redis

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/store"
)

// Put keeps a value under a key for ttl and replaces what was there. Errors are *store.Unavailable, or wrap
// store.ErrTTL.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := store.CheckTTL(ttl); err != nil {
		return err
	}
	return s.call(ctx, "keeping a value", func(ctx context.Context) error {
		return s.client.SetArgs(ctx, s.keys.vault(key), value, goredis.SetArgs{TTL: ttl}).Err()
	})
}

// Get returns the value under a key; found is false if there is none. Errors are *store.Unavailable.
func (s *Store) Get(ctx context.Context, key string) (value []byte, found bool, err error) {
	err = s.call(ctx, "reading a value", func(ctx context.Context) error {
		b, err := s.client.Get(ctx, s.keys.vault(key)).Bytes()
		if errors.Is(err, goredis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		value, found = b, true
		return nil
	})
	return value, found, err
}

// Delete removes the value under a key, if there is one. Errors are *store.Unavailable.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.call(ctx, "deleting a value", func(ctx context.Context) error {
		return s.client.Del(ctx, s.keys.vault(key)).Err()
	})
}
