package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/store"
)

// Push puts a value at the front of the list under a key, keeps as many as newest says and lets the list end after ttl
// from now, all in one step. A value that is there already moves to the front. Errors are *store.Unavailable, or wrap
// store.ErrKeep or store.ErrTTL.
func (s *Store) Push(ctx context.Context, key string, value []byte, newest int, ttl time.Duration) error {
	if err := store.CheckKeep(newest); err != nil {
		return err
	}
	if err := store.CheckTTL(ttl); err != nil {
		return err
	}
	return s.call(ctx, "pushing to a list", func(ctx context.Context) error {
		done, err := s.client.Eval(ctx, pushScript, []string{s.keys.list(key)}, value, newest, ttl.Milliseconds()).Int()
		if err == nil && done != 1 {
			err = unexpected("a push ended as %d", done)
		}
		return err
	})
}

// List returns the values under a key, the newest first; none if there is no list. Errors are *store.Unavailable.
func (s *Store) List(ctx context.Context, key string) (values [][]byte, err error) {
	err = s.call(ctx, "reading a list", func(ctx context.Context) (err error) {
		// Not LRange: it makes text of numbers and nulls, and a list holds neither.
		cmd := goredis.NewSliceCmd(ctx, "lrange", s.keys.list(key), 0, -1)
		if err := s.client.Process(ctx, cmd); err != nil {
			return err
		}
		values, err = parseList(cmd.Val())
		return err
	})
	return values, err
}

func parseList(reply []any) (values [][]byte, err error) {
	for _, part := range reply {
		text, ok := part.(string)
		if !ok {
			return nil, unexpected("a list with a %T in it", part)
		}
		values = append(values, []byte(text))
	}
	return values, nil
}

// Erase removes the list under a key, if there is one. Errors are *store.Unavailable.
func (s *Store) Erase(ctx context.Context, key string) error {
	return s.call(ctx, "erasing a list", func(ctx context.Context) error {
		return s.client.Del(ctx, s.keys.list(key)).Err()
	})
}
