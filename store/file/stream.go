package file

import (
	"bytes"
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/revocation"
)

// readCount bounds the entries in one answer to Read.
const readCount = 1000

var errClosed = errors.New("the store is closed")

// Probe tells this edge's beat and returns the shard's head.
func (s *Store) Probe(ctx context.Context, shard int, mine revocation.Beat) (head revocation.Head, err error) {
	err = s.view(ctx, "probing the log", func(tx *bbolt.Tx) (err error) {
		head, err = logOf(tx, shard).head()
		return err
	})
	if err != nil {
		return revocation.Head{}, err
	}
	head.Time = nowMillis()
	head.Beats = s.beats.tell(shard, mine, head.Time)
	return head, nil
}

func (l shardLog) head() (h revocation.Head, err error) {
	var errs [4]error
	h.Current, h.Forming, errs[0] = l.current()
	h.Held, errs[1] = l.held()
	h.Last, errs[2] = l.position(lastKey)
	h.Trimmed, errs[3] = l.position(trimmedKey)
	return h, errors.Join(errs[:]...)
}

// Snapshot returns the registers of the shard: those that have not ended, and some that ended within the last hours.
func (s *Store) Snapshot(ctx context.Context, shard int) (batch revocation.Batch, err error) {
	err = s.view(ctx, "reading a snapshot of the log", func(tx *bbolt.Tx) error {
		return logOf(tx, shard).Bucket.Bucket(registersBucket).ForEach(func(name, value []byte) error {
			batch.Add(string(name), string(value))
			return nil
		})
	})
	if err != nil {
		return revocation.Batch{}, err
	}
	return batch, nil
}

// Read returns what came after a position, a thousand entries at most, and waits for the first up to wait.
func (s *Store) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	const doing = "following the log"
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		woken := s.wakers[shard].wait() // before reading, so that no append falls in between
		batch := revocation.Batch{Next: after}
		err := s.view(ctx, doing, func(tx *bbolt.Tx) error { return logOf(tx, shard).read(&batch) })
		if err != nil {
			return revocation.Batch{}, err
		}
		if batch.Next != after || wait <= 0 {
			return batch, nil
		}
		select {
		case <-woken:
		case <-timer.C:
			wait = 0 // one last look
		case <-ctx.Done():
			return revocation.Batch{}, s.unavailable(doing, ctx.Err())
		case <-s.closed:
			return revocation.Batch{}, s.unavailable(doing, errClosed)
		}
	}
}

// read adds what comes after batch.Next, and moves it.
func (l shardLog) read(batch *revocation.Batch) error {
	c := l.Bucket.Bucket(streamBucket).Cursor()
	after := position(batch.Next)
	k, v := c.Seek(after)
	if bytes.Equal(k, after) {
		k, v = c.Next()
	}
	for n := 0; k != nil && n < readCount; n++ {
		at, err := parsePosition(k)
		if err != nil {
			return err
		}
		batch.Next = at
		name, value, _ := bytes.Cut(v, []byte{0})
		batch.Add(string(name), string(value))
		k, v = c.Next()
	}
	return nil
}
