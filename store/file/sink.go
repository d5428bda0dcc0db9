package file

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// trimOnAppend bounds what one append trims along from its stream.
const trimOnAppend = 64

// Append merges the entries into the snapshots and adds them to the streams of their shards, all in one step. It wakes
// the readers of those shards.
func (s *Store) Append(ctx context.Context, entries []revocation.Entry) error {
	const doing = "appending to the log"
	if err := check(entries); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if len(entries) == 0 {
		return nil
	}
	err := s.update(ctx, doing, func(tx *bbolt.Tx) error {
		for _, e := range entries {
			if err := appendEntry(tx, e.Shard(), e, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		s.wakers[e.Shard()].wake()
	}
	return nil
}

// Reseed gives a shard all entries of an incarnation back, counts the incarnation among those held and makes it current
// where there is none, all in one step. What the shard did not know goes to its stream too.
func (s *Store) Reseed(ctx context.Context, shard int, inc identity.Incarnation, entries []revocation.Entry) error {
	const doing = "re-seeding the log"
	if err := check(entries); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	err := s.update(ctx, doing, func(tx *bbolt.Tx) error {
		for _, e := range entries {
			if err := appendEntry(tx, shard, e, false); err != nil {
				return err
			}
		}
		l := logOf(tx, shard)
		now, _, err := l.current()
		if err != nil {
			return err
		}
		if now.IsZero() {
			if err := l.setCurrent(inc, false); err != nil {
				return err
			}
		}
		return l.hold(inc)
	})
	s.wakers[shard].wake()
	return err
}

// Begin makes next the current incarnation if expect is, and returns the one that is current then.
func (s *Store) Begin(ctx context.Context, shard int, expect, next identity.Incarnation, isForming bool) (now identity.Incarnation, err error) {
	err = s.update(ctx, "beginning an incarnation", func(tx *bbolt.Tx) (err error) {
		l := logOf(tx, shard)
		now, _, err = l.current()
		if err != nil || now != expect {
			return err
		}
		now = next
		if err := l.hold(next); err != nil {
			return err
		}
		return l.setCurrent(next, isForming)
	})
	if err != nil {
		return identity.Incarnation{}, err
	}
	return now, nil
}

// check refuses an entry that could not be read back: an error of its maker.
func check(entries []revocation.Entry) error {
	for _, e := range entries {
		if _, err := revocation.Decode(e.Encode()); err != nil {
			return fmt.Errorf("encoding an entry: %w", err)
		}
	}
	return nil
}

// appendEntry merges an entry into its register and adds it to the stream: always, or only if the register grew by it.
func appendEntry(tx *bbolt.Tx, shard int, e revocation.Entry, always bool) error {
	l := logOf(tx, shard)
	grew, err := l.merge(tx, shard, e)
	if err != nil || !grew && !always {
		return err
	}
	last, err := l.position(lastKey)
	if err != nil {
		return err
	}
	at := after(last, nowMillis())
	name, value := e.Encode()
	if err := l.Bucket.Bucket(streamBucket).Put(position(at), []byte(name+"\x00"+value)); err != nil {
		return err
	}
	if err := l.Put(lastKey, position(at)); err != nil {
		return err
	}
	return l.trim(nowMillis(), trimOnAppend)
}

// after is the position of an entry that follows last, even if the clock was set back.
func after(last revocation.Cursor, now revocation.Millis) revocation.Cursor {
	if uint64(now) > last.Major {
		return revocation.Cursor{Major: uint64(now)}
	}
	return revocation.Cursor{Major: last.Major, Minor: last.Minor + 1}
}

// merge puts the entry into its register and reports whether that changed it.
func (l shardLog) merge(tx *bbolt.Tx, shard int, e revocation.Entry) (grew bool, err error) {
	registers := l.Bucket.Bucket(registersBucket)
	name, _ := e.Encode()
	before := string(registers.Get([]byte(name)))
	if there, err := revocation.Decode(name, before); err == nil {
		e.Value = there.Value.Merge(e.Value)
	}
	_, value := e.Encode()
	if value == before {
		return false, nil
	}
	if err := registers.Put([]byte(name), []byte(value)); err != nil {
		return false, err
	}
	return true, plan(tx, e.Until+margin, endRegister, append([]byte{byte(shard)}, name...))
}

// trim removes at most limit entries older than margin from the stream and remembers where it stopped.
func (l shardLog) trim(now revocation.Millis, limit int) error {
	stream := l.Bucket.Bucket(streamBucket)
	for range limit {
		k, _ := stream.Cursor().First()
		if k == nil {
			return nil
		}
		at, err := parsePosition(k)
		if err != nil {
			return err
		}
		if at.Major >= uint64(now-margin) {
			return nil
		}
		if err := l.Put(trimmedKey, position(at)); err != nil {
			return err
		}
		if err := stream.Delete(position(at)); err != nil {
			return err
		}
	}
	return nil
}
