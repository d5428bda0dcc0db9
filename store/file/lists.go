package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/revocation"
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
	return s.update(ctx, "pushing to a list", func(tx *bbolt.Tx) error {
		values, err := listed(tx, key)
		if err != nil {
			return err
		}
		values = slices.DeleteFunc(values, func(v []byte) bool { return bytes.Equal(v, value) })
		values = slices.Insert(values, 0, value)
		packed := packList(values[:min(newest, len(values))]) // before any write: until then the values are valid
		if err := unplan(tx, listBucket, endList, key); err != nil {
			return err
		}
		return keep(tx, listBucket, endList, key, packed, ttl)
	})
}

// List returns the values under a key, the newest first; none if there is no list. Errors are *store.Unavailable.
func (s *Store) List(ctx context.Context, key string) (values [][]byte, err error) {
	err = s.view(ctx, "reading a list", func(tx *bbolt.Tx) error {
		there, err := listed(tx, key)
		for _, v := range there {
			values = append(values, bytes.Clone(v))
		}
		return err
	})
	return values, err
}

// Erase removes the list under a key, if there is one. Errors are *store.Unavailable.
func (s *Store) Erase(ctx context.Context, key string) error {
	return s.update(ctx, "erasing a list", func(tx *bbolt.Tx) error {
		if err := unplan(tx, listBucket, endList, key); err != nil {
			return err
		}
		return tx.Bucket(listBucket).Delete(id(key))
	})
}

// listed returns the values of a list that has not ended. They are valid until the transaction ends or writes.
func listed(tx *bbolt.Tx, key string) (values [][]byte, err error) {
	packed, _ := live(tx.Bucket(listBucket).Get(id(key)), nowMillis())
	for len(packed) > 0 {
		if len(packed) < 4 {
			return nil, errShort
		}
		size := binary.BigEndian.Uint32(packed)
		if packed = packed[4:]; uint64(size) > uint64(len(packed)) {
			return nil, errShort
		}
		values, packed = append(values, packed[:size]), packed[size:]
	}
	return values, nil
}

func packList(values [][]byte) (packed []byte) {
	for _, v := range values {
		packed = append(binary.BigEndian.AppendUint32(packed, uint32(len(v))), v...)
	}
	return packed
}

// unplan forgets when a list or a roll was to end. Its end moves with each write and may lie months ahead: what is planned would
// pile up until then.
func unplan(tx *bbolt.Tx, bucket []byte, kind byte, key string) error {
	there := tx.Bucket(bucket).Get(id(key))
	if len(there) < 8 {
		return nil
	}
	end := revocation.Millis(binary.BigEndian.Uint64(there))
	return tx.Bucket(endsBucket).Delete(endKey(end, kind, id(key)))
}
