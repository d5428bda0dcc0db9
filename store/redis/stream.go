package redis

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/revocation"
)

const (
	readCount = 1000                   // entries in one answer to Read
	scanCount = 1000                   // fields that one step of a snapshot asks for
	readSlack = 500 * time.Millisecond // how much later than wait the answer of a blocking read may come
)

// Snapshot returns the registers in all buckets of the shard: those that have not ended, and some that ended within the
// last 26 hours. One register may come several times; together they are its value. The caller's ctx bounds the
// whole, the store's limits each step.
func (s *Store) Snapshot(ctx context.Context, shard int) (batch revocation.Batch, err error) {
	const doing = "reading a snapshot of the log"
	var hours []string
	err = s.call(ctx, doing, func(ctx context.Context) (err error) {
		hours, err = s.client.ZRange(ctx, s.keys.buckets(shard), 0, -1).Result()
		return err
	})
	for _, hour := range hours {
		if err == nil {
			err = s.scan(ctx, doing, s.keys.snapStart(shard)+hour, &batch)
		}
	}
	if err != nil {
		return revocation.Batch{}, err
	}
	return batch, nil
}

// scan adds the entries of one bucket to batch. A bucket that is gone has none.
func (s *Store) scan(ctx context.Context, doing, key string, batch *revocation.Batch) error {
	for next := uint64(0); ; {
		var fields []string
		err := s.call(ctx, doing, func(ctx context.Context) (err error) {
			fields, next, err = s.client.HScan(ctx, key, next, "", scanCount).Result()
			if err == nil && len(fields)%2 != 0 {
				err = unexpected("%d names and values", len(fields))
			}
			return err
		})
		if err != nil {
			return err
		}
		for i := 0; i < len(fields); i += 2 {
			batch.Add(fields[i], fields[i+1])
		}
		if next == 0 {
			return nil
		}
	}
}

// Read returns what came after a position, a thousand entries at most, and waits for the first up to wait. One that waits uses
// a connection apart from the other calls, no breaker and no retry. A ctx that is cancelled while it waits is seen when the wait
// ends; a deadline is kept. One that does not wait is a call like the others.
func (s *Store) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (batch revocation.Batch, err error) {
	const doing = "following the log"
	if wait >= time.Millisecond {
		return s.listen(ctx, doing, shard, after, wait)
	}
	err = s.call(ctx, doing, func(ctx context.Context) (err error) {
		batch, err = s.news(ctx, s.client, shard, after, -1) // BLOCK 0 would wait for ever
		return err
	})
	return batch, err
}

// listen is a Read that waits.
func (s *Store) listen(ctx context.Context, doing string, shard int, after revocation.Cursor, wait time.Duration) (batch revocation.Batch, err error) {
	if err := ctx.Err(); err != nil {
		return revocation.Batch{}, s.unavailable(doing, err)
	}
	limited, cancel := context.WithTimeout(ctx, wait+readSlack)
	defer cancel()
	err = guard(func() (err error) {
		batch, err = s.news(limited, s.reader, shard, after, wait)
		return err
	})
	if err != nil {
		return revocation.Batch{}, s.unread(ctx, doing, err)
	}
	return batch, nil
}

// news asks for what came after a position.
func (s *Store) news(ctx context.Context, of goredis.UniversalClient, shard int, after revocation.Cursor, block time.Duration) (revocation.Batch, error) {
	streams, err := of.XRead(ctx, &goredis.XReadArgs{Streams: []string{s.keys.stream(shard)}, ID: after.String(), Count: readCount, Block: block}).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return revocation.Batch{}, err
	}
	batch := revocation.Batch{Next: after}
	if err := addStreams(&batch, streams); err != nil {
		return revocation.Batch{}, err
	}
	return batch, nil
}

// unread counts a blocking read that failed, unless the caller gave up, and has a cluster looked at anew.
func (s *Store) unread(ctx context.Context, doing string, err error) error {
	cause, _ := explain(reveal(err))
	s.reload(ctx, s.reader, cause)
	if ended(ctx) == nil {
		s.options.Observer.ReadFailed(cause)
	}
	return s.unavailable(doing, err)
}

func addStreams(batch *revocation.Batch, streams []goredis.XStream) error {
	for _, stream := range streams {
		if err := addMessages(batch, stream.Messages); err != nil {
			return err
		}
	}
	return nil
}

func addMessages(batch *revocation.Batch, messages []goredis.XMessage) error {
	for _, m := range messages {
		at, err := parseCursor(m.ID)
		if err != nil {
			return err
		}
		batch.Next = at
		name, _ := m.Values["n"].(string)
		value, _ := m.Values["v"].(string)
		batch.Add(name, value)
	}
	return nil
}
