package file

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// constant table: names, never written.
var (
	heldBucket      = []byte("held")
	streamBucket    = []byte("stream")
	registersBucket = []byte("registers")
	lastKey         = []byte("last")
	trimmedKey      = []byte("trimmed")
	currentKey      = []byte("current")
)

// margin is how long a stream keeps an entry, and how long a register stays past its end.
const margin = revocation.Millis(2 * time.Hour / time.Millisecond)

const forming = "forming "

func logBucket(shard int) []byte { return fmt.Appendf(nil, "log:%02d", shard) }

// shardLog is the log of one shard within a transaction.
type shardLog struct{ *bbolt.Bucket }

func logOf(tx *bbolt.Tx, shard int) shardLog { return shardLog{tx.Bucket(logBucket(shard))} }

func (l shardLog) position(key []byte) (revocation.Cursor, error) {
	b := l.Get(key)
	if b == nil {
		return revocation.Cursor{}, nil
	}
	return parsePosition(b)
}

func parsePosition(b []byte) (revocation.Cursor, error) {
	if len(b) != 16 {
		return revocation.Cursor{}, errShort
	}
	return revocation.Cursor{Major: binary.BigEndian.Uint64(b), Minor: binary.BigEndian.Uint64(b[8:])}, nil
}

func position(c revocation.Cursor) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, c.Major), c.Minor)
}

// current returns the incarnation that is current, and whether it forms.
func (l shardLog) current() (inc identity.Incarnation, isForming bool, err error) {
	text := string(l.Get(currentKey))
	if text == "" {
		return inc, false, nil
	}
	hex, isForming := strings.CutPrefix(text, forming)
	inc, err = identity.ParseIncarnation(hex)
	return inc, isForming, err
}

func (l shardLog) setCurrent(inc identity.Incarnation, isForming bool) error {
	text := inc.String()
	if isForming {
		text = forming + text
	}
	return l.Put(currentKey, []byte(text))
}

func (l shardLog) hold(inc identity.Incarnation) error {
	return l.Bucket.Bucket(heldBucket).Put([]byte(inc.String()), nil)
}

// held leaves out what is no incarnation: it can't be one that anybody minted under.
func (l shardLog) held() (held []identity.Incarnation, err error) {
	err = l.Bucket.Bucket(heldBucket).ForEach(func(k, _ []byte) error {
		if inc, err := identity.ParseIncarnation(string(k)); err == nil {
			held = append(held, inc)
		}
		return nil
	})
	return held, err
}
