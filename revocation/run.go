package revocation

import (
	"bytes"
	"encoding/binary"
	"iter"
	"time"
)

// run is a sorted, immutable part of a shard: registers of one scope and kind in 24 bytes each, where a map of them takes
// 200. It exists so that ten million revocations fit into an edge.
//
// A record is the key without its first bytes, for which the directory stands, then Since, the time from Since to Until,
// and the number of the attribution.
type run struct {
	shape   shape
	starts  []uint32 // by the key's first bytes: the number of the first record; one more at the end
	records []byte
}

// shape is how a run's records are laid out, in bytes.
type shape struct {
	implied int // of the key, left out
	life    int // of Until - Since
	by      int // of the attribution's number
}

const sinceSize = 5

func (s shape) size() int { return len(Key{}) - s.implied + sinceSize + s.life + s.by }

// shapeFor is the smallest shape for n records that live as long as longest and have numbers below attributions. The
// directory stays below a tenth of the records.
func shapeFor(n int, longest Millis, attributions int) shape {
	s := shape{life: bytesFor(uint64(longest)), by: bytesFor(uint64(attributions))}
	switch {
	case n >= 1<<19:
		s.implied = 2
	case n >= 1<<11:
		s.implied = 1
	}
	return s
}

func bytesFor(n uint64) (size int) {
	for size = 1; n >= 1<<(8*size); size++ {
	}
	return size
}

// base is where the times of a run begin; 40 bits of milliseconds reach to the year 2054.
var base = MillisOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)) // constant

// packable reports whether a run can hold an entry. What it cannot hold stays in the shard's map.
func packable(e *Entry) bool {
	return e.Kind < KindFloor && e.Scope <= ScopeTenant && e.Since >= base && e.Until >= e.Since && e.Until < base+1<<40
}

// packed is a value as a run holds it.
type packed struct {
	key          Key
	since, until Millis
	by           uint32 // the number of its attribution
}

func (r *run) len() int {
	if r == nil {
		return 0
	}
	return len(r.records) / r.shape.size()
}

// find looks a key up: the directory gives a few records, the key's next byte the place among them where it should be, as
// keys are random or digests. A few steps from there find nearly all, a binary search the rest.
func (r *run) find(key Key) (p packed, found bool) {
	if r == nil {
		return p, false
	}
	d := r.shape.bucket(key)
	rest, size := key[r.shape.implied:], r.shape.size()
	low, high := int(r.starts[d]), int(r.starts[d+1])
	at := low + (high-low)*int(rest[0])>>8
	for step := 0; low < high; step++ {
		record := r.records[at*size:]
		switch c := bytes.Compare(record[:len(rest)], rest); {
		case c == 0:
			return r.shape.read(key, record), true
		case c < 0:
			low, at = at+1, at+1
		default:
			high, at = at, at-1
		}
		if step >= nearby {
			at = int(uint(low+high) >> 1)
		}
	}
	return p, false
}

// nearby is how many neighbours are looked at before halving begins.
const nearby = 6

// bucket is the number that a key's implied bytes make.
func (s shape) bucket(key Key) (d int) {
	for _, b := range key[:s.implied] {
		d = d<<8 | int(b)
	}
	return d
}

// read reads a record whose key is known.
func (s shape) read(key Key, record []byte) packed {
	at := len(key) - s.implied
	since := base + Millis(number(record[at:at+sinceSize]))
	at += sinceSize
	until := since + Millis(number(record[at:at+s.life]))
	at += s.life
	return packed{key, since, until, uint32(number(record[at : at+s.by]))}
}

// append adds a record.
func (s shape) append(to []byte, p *packed) []byte {
	to = append(to, p.key[s.implied:]...)
	to = appendNumber(to, uint64(p.since-base), sinceSize)
	to = appendNumber(to, uint64(p.until-p.since), s.life)
	return appendNumber(to, uint64(p.by), s.by)
}

func number(b []byte) (n uint64) {
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}

func appendNumber(to []byte, n uint64, size int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return append(to, b[8-size:]...)
}

// cursor walks through a run in the order of its keys.
type cursor struct {
	run    *run
	at     int // the next record
	bucket int // that it is in
}

// next returns the next record; false at the end, at once for a nil run.
func (c *cursor) next() (p packed, ok bool) {
	if c.at >= c.run.len() {
		return p, false
	}
	for int(c.run.starts[c.bucket+1]) <= c.at {
		c.bucket++
	}
	var key Key
	s := c.run.shape
	for i := range s.implied {
		key[i] = byte(c.bucket >> (8 * (s.implied - 1 - i)))
	}
	record := c.run.records[c.at*s.size():]
	copy(key[s.implied:], record)
	c.at++
	return s.read(key, record), true
}

// all are the records in the order of their keys; none for a nil run. A record is valid until the next.
func (r *run) all() iter.Seq[*packed] {
	return func(yield func(*packed) bool) {
		c := cursor{run: r}
		for p, ok := c.next(); ok; p, ok = c.next() {
			if !yield(&p) {
				return
			}
		}
	}
}

// builder makes a run of records that come in the order of their keys, none twice.
type builder struct {
	run    *run
	count  int
	bucket int
}

// newBuilder expects at most n records.
func newBuilder(s shape, n int) *builder {
	return &builder{run: &run{shape: s, starts: make([]uint32, 1<<(8*s.implied)+1), records: make([]byte, 0, n*s.size())}}
}

func (b *builder) add(p *packed) {
	b.reach(b.run.shape.bucket(p.key))
	b.run.records = b.run.shape.append(b.run.records, p)
	b.count++
}

// reach begins all buckets up to d.
func (b *builder) reach(d int) {
	for b.bucket < d {
		b.bucket++
		b.run.starts[b.bucket] = uint32(b.count)
	}
}

// done returns the run; nil if it is empty. Room that was not used is given back if it is much.
func (b *builder) done() *run {
	if b.count == 0 {
		return nil
	}
	b.reach(len(b.run.starts) - 1)
	if r := b.run; len(r.records) < cap(r.records)*31/32 {
		r.records = bytes.Clone(r.records)
	}
	return b.run
}
