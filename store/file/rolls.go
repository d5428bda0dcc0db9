package file

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
)

// row is one line of a roll, with an end of its own.
type row struct {
	ends  revocation.Millis
	name  string
	value []byte
}

// Enter writes a row of the roll under a key, which ends after ttl from now whatever becomes of the other rows, in place of the
// row of that name. No more than keep rows are left: those that end first go, but never the one that was just written. Errors
// are *store.Unavailable, or wrap store.ErrKeep or store.ErrTTL.
func (s *Store) Enter(ctx context.Context, key, name string, value []byte, keep int, ttl time.Duration) error {
	if err := store.CheckKeep(keep); err != nil {
		return err
	}
	if err := store.CheckTTL(ttl); err != nil {
		return err
	}
	return s.update(ctx, "entering a row", func(tx *bbolt.Tx) error {
		rows, err := enrolled(tx, key)
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.name == name })
		slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(b.ends, a.ends) })
		rows = rows[:min(len(rows), keep-1)]
		return putRoll(tx, key, append(rows, row{nowMillis() + revocation.Millis(ttl.Milliseconds()), name, value}))
	})
}

// Roll returns the rows under a key that have not ended, by their names; none if there is no roll. Errors are
// *store.Unavailable.
func (s *Store) Roll(ctx context.Context, key string) (rows map[string][]byte, err error) {
	rows = map[string][]byte{}
	err = s.view(ctx, "reading a roll", func(tx *bbolt.Tx) error {
		all, err := enrolled(tx, key)
		for _, r := range all {
			rows[r.name] = bytes.Clone(r.value)
		}
		return err
	})
	return rows, err
}

// Strike removes a row of the roll under a key, if there is one. Errors are *store.Unavailable.
func (s *Store) Strike(ctx context.Context, key, name string) error {
	return s.update(ctx, "striking a row", func(tx *bbolt.Tx) error {
		rows, err := enrolled(tx, key)
		if err != nil {
			return err
		}
		return putRoll(tx, key, slices.DeleteFunc(rows, func(r row) bool { return r.name == name }))
	})
}

// Walk calls each with the rows of some rolls, which come after a cursor, and returns the cursor to go on with; an empty one
// begins, and ends. It goes on until there were at least as many rows as least says. A roll that is there from
// beginning to end is met once. Errors are *store.Unavailable, or store.ErrCursor.
func (s *Store) Walk(ctx context.Context, after string, least int, each func(key, row string, value []byte)) (next string, err error) {
	last, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return "", fmt.Errorf("%w: %.60q", store.ErrCursor, after)
	}
	err = s.view(ctx, "walking the rolls", func(tx *bbolt.Tx) error {
		c := tx.Bucket(rollBucket).Cursor()
		k, _ := c.Seek(append(last, 0)) // the least key that is greater
		for met := 0; k != nil; k, _ = c.Next() {
			if met >= least {
				return nil
			}
			key := string(k[1:])
			rows, err := enrolled(tx, key)
			if err != nil {
				return err
			}
			for _, r := range rows {
				each(key, r.name, bytes.Clone(r.value))
			}
			met, next = met+len(rows), base64.RawURLEncoding.EncodeToString(k)
		}
		next = ""
		return nil
	})
	if err != nil {
		return "", err
	}
	return next, nil
}

// enrolled returns the rows of a roll that have not ended. Their values are valid until the transaction ends or writes.
func enrolled(tx *bbolt.Tx, key string) (rows []row, err error) {
	now := nowMillis()
	packed, _ := live(tx.Bucket(rollBucket).Get(id(key)), now)
	for len(packed) > 0 {
		var r row
		var name []byte
		if len(packed) < 8 {
			return nil, errShort
		}
		r.ends, packed = revocation.Millis(binary.BigEndian.Uint64(packed)), packed[8:]
		if name, packed, err = unpack(packed); err != nil {
			return nil, err
		}
		if r.value, packed, err = unpack(packed); err != nil {
			return nil, err
		}
		if r.name = string(name); r.ends > now {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// unpack takes a text off the front, which stands behind its length.
func unpack(packed []byte) (text, rest []byte, err error) {
	if len(packed) < 4 {
		return nil, nil, errShort
	}
	size := binary.BigEndian.Uint32(packed)
	if packed = packed[4:]; uint64(size) > uint64(len(packed)) {
		return nil, nil, errShort
	}
	return packed[:size], packed[size:], nil
}

// putRoll writes a roll, which ends with its last row; without any there is none.
func putRoll(tx *bbolt.Tx, key string, rows []row) error {
	var packed []byte
	var last revocation.Millis
	for _, r := range rows {
		packed = binary.BigEndian.AppendUint64(packed, uint64(r.ends))
		packed = append(binary.BigEndian.AppendUint32(packed, uint32(len(r.name))), r.name...)
		packed = append(binary.BigEndian.AppendUint32(packed, uint32(len(r.value))), r.value...)
		last = max(last, r.ends)
	}
	if err := unplan(tx, rollBucket, endRoll, key); err != nil {
		return err
	}
	if len(rows) == 0 {
		return tx.Bucket(rollBucket).Delete(id(key))
	}
	if err := tx.Bucket(rollBucket).Put(id(key), record(last, packed)); err != nil {
		return err
	}
	return plan(tx, last, endRoll, id(key))
}
