package file

import (
	"bytes"
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/revocation"
)

var errShort = errors.New("a record in the file is too short")

// constant table: names, never written.
var (
	onceBucket  = []byte("once")
	vaultBucket = []byte("vault")
	listBucket  = []byte("lists")
	leaseBucket = []byte("leases")
	rollBucket  = []byte("rolls")
	endsBucket  = []byte("ends")
)

// The kinds of things that end. For a mark, a value, a list, a lease or a roll the key in "ends" is its own, for a register the number of
// its shard in a byte and its name.
const (
	endOnce     byte = 'o'
	endVault    byte = 'v'
	endList     byte = 'l'
	endLease    byte = 'e'
	endRoll     byte = 's'
	endRegister byte = 'r'
)

// sweepOnWrite bounds what one write sweeps along: more than most writes add, so that nothing piles up.
const sweepOnWrite = 64

func endKey(at revocation.Millis, kind byte, key []byte) []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(at))
	return append(append(out, kind), key...)
}

// plan notes that something ends at a time.
func plan(tx *bbolt.Tx, at revocation.Millis, kind byte, key []byte) error {
	return tx.Bucket(endsBucket).Put(endKey(at, kind, key), nil)
}

// sweep removes at most limit of the things that ended before now.
func sweep(tx *bbolt.Tx, now revocation.Millis, limit int) error {
	ends := tx.Bucket(endsBucket)
	for range limit {
		k, _ := ends.Cursor().First()
		if len(k) < 9 || binary.BigEndian.Uint64(k) > uint64(now) {
			return nil
		}
		k = bytes.Clone(k) // the page that it stands on is about to change
		if err := remove(tx, now, k[8], k[9:]); err != nil {
			return err
		}
		if err := ends.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes what ended, unless it has been given a longer life since.
func remove(tx *bbolt.Tx, now revocation.Millis, kind byte, key []byte) error {
	switch kind {
	case endOnce:
		return removeValue(tx.Bucket(onceBucket), now, key)
	case endVault:
		return removeValue(tx.Bucket(vaultBucket), now, key)
	case endList:
		return removeValue(tx.Bucket(listBucket), now, key)
	case endLease:
		return removeValue(tx.Bucket(leaseBucket), now, key)
	case endRoll:
		return removeValue(tx.Bucket(rollBucket), now, key)
	case endRegister:
		return removeRegister(tx, now, key)
	}
	return nil
}

func removeValue(b *bbolt.Bucket, now revocation.Millis, key []byte) error {
	if _, there := live(b.Get(key), now); there {
		return nil
	}
	return b.Delete(key)
}

// record is a value with its end before it.
func record(end revocation.Millis, value []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(end)), value...)
}

// live returns the value of a record that has not ended. It is valid during the transaction only.
func live(record []byte, now revocation.Millis) (value []byte, there bool) {
	if len(record) < 8 || binary.BigEndian.Uint64(record) <= uint64(now) {
		return nil, false
	}
	return record[8:], true
}
