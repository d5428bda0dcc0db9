package redis

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/store"
)

// Claim sets a once-mark for ttl if it is free, and tells whether it is now ours, was ours, or is another's. Errors are
// *store.Unavailable, or wrap store.ErrTTL.
func (s *Store) Claim(ctx context.Context, key string, value []byte, ttl time.Duration) (claim store.Claim, err error) {
	const doing = "claiming a mark"
	if err := store.CheckTTL(ttl); err != nil {
		return 0, err
	}
	err = s.call(ctx, doing, func(ctx context.Context) error {
		there, err := s.client.SetArgs(ctx, s.keys.once(key), value, goredis.SetArgs{Mode: "NX", TTL: ttl, Get: true}).Result()
		switch {
		case errors.Is(err, goredis.Nil):
			claim = store.Fresh
			return nil
		case err != nil:
			return err
		case there == string(value):
			claim = store.Own
			return nil
		}
		claim = store.Taken
		return nil
	})
	return claim, err
}
