package session

import (
	"encoding/binary"
	"strconv"
	"time"
)

// fieldReader walks over the fields of an encoded session and refuses whatever fieldWriter would not have written:
// fields out of order, long-winded numbers, empty texts and lists.
type fieldReader struct {
	rest  string // so that a text is a part of it and no copy
	field byte
	value string
	err   error
}

func (r *fieldReader) fail() { r.err = errMalformed }

// next moves to the next field. It returns false at the end and after an error.
func (r *fieldReader) next() bool {
	if r.err != nil || len(r.rest) == 0 {
		return false
	}
	field := r.rest[0]
	n, rest, ok := uvarint(r.rest[1:])
	if !ok || field <= r.field || field >= fieldEnd || n > uint64(len(rest)) {
		r.fail()
		return false
	}
	r.field, r.value, r.rest = field, rest[:n], rest[n:]
	return true
}

// uvarint reads a number in its shortest form.
func uvarint(s string) (n uint64, rest string, ok bool) {
	if len(s) > 0 && s[0] < 0x80 { // nearly every length
		return uint64(s[0]), s[1:], true
	}
	var head [binary.MaxVarintLen64]byte
	n, size := binary.Uvarint(head[:copy(head[:], s)])
	if size <= 0 || size > 1 && s[size-1] == 0 {
		return 0, "", false
	}
	return n, s[size:], true
}

func (r *fieldReader) fixed(dst []byte) {
	if len(r.value) != len(dst) || allZero(r.value) {
		r.fail()
		return
	}
	copy(dst, r.value)
}

func (r *fieldReader) text() string {
	if len(r.value) == 0 {
		r.fail()
	}
	return r.value
}

func (r *fieldReader) one() bool {
	if len(r.value) != 1 || r.value[0] != 1 {
		r.fail()
	}
	return true
}

// maxMillis is the end of the year 9999.
const maxMillis = 253402300799999

func (r *fieldReader) millis() time.Time {
	n, rest, ok := uvarint(r.value)
	if !ok || len(rest) > 0 || n > maxMillis {
		r.fail()
		return time.Time{}
	}
	return time.UnixMilli(int64(n)).UTC()
}

func (r *fieldReader) list() []string {
	n := r.count()
	if n == 0 {
		r.fail()
		return nil
	}
	out := make([]string, 0, n)
	for rest := r.value; rest != ""; {
		size, after, _ := uvarint(rest) // count has seen that it fits
		out = append(out, after[:size])
		rest = after[size:]
	}
	return out
}

// count is the number of texts in a list; 0 if it is empty or malformed.
func (r *fieldReader) count() (n int) {
	for rest := r.value; rest != ""; n++ {
		size, after, ok := uvarint(rest)
		if !ok || size > uint64(len(after)) {
			return 0
		}
		rest = after[size:]
	}
	return n
}

// claims undoes flatten: names ascend, each with the count of its values and the values.
func (r *fieldReader) claims() map[string][]string {
	out := map[string][]string{}
	last := ""
	for list := r.list(); len(list) > 0; {
		if len(list) < 2 || len(out) > 0 && list[0] <= last {
			r.fail()
			return nil
		}
		count, err := strconv.ParseUint(list[1], 10, 16)
		if err != nil || strconv.FormatUint(count, 10) != list[1] || int(count) > len(list)-2 {
			r.fail()
			return nil
		}
		last = list[0]
		out[last] = list[2 : 2+count : 2+count]
		list = list[2+count:]
	}
	return out
}
