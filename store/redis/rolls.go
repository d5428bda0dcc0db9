package redis

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/store"
)

// Enter writes a row of the roll under a key, which ends after ttl from now whatever becomes of the other rows, in place of the
// row of that name. No more than keep rows are left: those that end first go, but never the one that was just written. Errors
// are *store.Unavailable, or wrap store.ErrKeep or store.ErrTTL.
func (s *Store) Enter(ctx context.Context, key, row string, value []byte, keep int, ttl time.Duration) error {
	if err := store.CheckKeep(keep); err != nil {
		return err
	}
	if err := store.CheckTTL(ttl); err != nil {
		return err
	}
	return s.call(ctx, "entering a row", func(ctx context.Context) error {
		done, err := s.client.Eval(ctx, enterScript, []string{s.keys.roll(key)}, row, value, ttl.Milliseconds(), keep).Int()
		if err == nil && done != 1 {
			err = unexpected("an entry ended as %d", done)
		}
		return err
	})
}

// Roll returns the rows under a key that have not ended, by their names; none if there is no roll. Errors are
// *store.Unavailable.
func (s *Store) Roll(ctx context.Context, key string) (map[string][]byte, error) {
	return s.rowsOf(ctx, "reading a roll", s.keys.roll(key))
}

func (s *Store) rowsOf(ctx context.Context, doing, name string) (rows map[string][]byte, err error) {
	err = s.call(ctx, doing, func(ctx context.Context) error {
		reply, err := s.client.Eval(ctx, rollScript, []string{name}).Slice()
		if err == nil {
			rows, err = parseRows(reply)
		}
		return err
	})
	return rows, err
}

func parseRows(reply []any) (map[string][]byte, error) {
	if len(reply)%2 != 0 {
		return nil, unexpected("%d names and values", len(reply))
	}
	rows := make(map[string][]byte, len(reply)/2)
	for i := 0; i < len(reply); i += 2 {
		row, ok1 := reply[i].(string)
		value, ok2 := reply[i+1].(string)
		if !ok1 || !ok2 {
			return nil, unexpected("a row of %T and %T", reply[i], reply[i+1])
		}
		rows[row] = []byte(value)
	}
	return rows, nil
}

// Strike removes a row of the roll under a key, if there is one. Errors are *store.Unavailable.
func (s *Store) Strike(ctx context.Context, key, row string) error {
	return s.call(ctx, "striking a row", func(ctx context.Context) error {
		return s.client.HDel(ctx, s.keys.roll(key), row).Err()
	})
}
