package disk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// Restore gives a copy that knows nothing yet what the snapshot holds, and returns how many entries that is and when it
// was written. No snapshot is fs.ErrNotExist; one that cannot be used is a *Refused. Entries that were read before that
// was found out stay in the copy: they were in the log. It promises nothing then.
func (f *Folder) Restore(r *revocation.Replica) (entries int, written time.Time, err error) {
	file, err := os.Open(f.path(SnapshotName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, time.Time{}, err
	}
	if err != nil {
		return 0, time.Time{}, f.refuse(SnapshotName, Unread, err)
	}
	defer file.Close()
	in := snapshotReader{from: bufio.NewReaderSize(file, 1<<16), seal: f.opt.Snapshot, apply: r.Apply}
	if err := in.all(); err != nil {
		return in.entries, time.Time{}, f.refuse(SnapshotName, in.problem, err)
	}
	written = in.promise.Written.Time()
	then := Boot{in.promise.Boot, time.Duration(in.promise.Uptime) * time.Millisecond}
	r.Restore(in.states, f.opt.boot().since(then, f.opt.Now().Sub(written))) // negative if the clock went back: nobody knows then
	return in.entries, written, nil
}

// snapshotReader reads records one after the other. Problem says what an error is about.
type snapshotReader struct {
	from  *bufio.Reader
	seal  Sealer
	apply func(...revocation.Entry)

	header  header
	records int
	entries int
	promise promise
	states  [revocation.Shards]revocation.ShardState
	shard   []revocation.Entry // entries of one shard, which are applied together
	problem Problem
}

var errTruncated = errors.New("its end is missing")

func (s *snapshotReader) all() error {
	s.problem = Foreign
	first, _, err := nextLine(s.from)
	if err != nil {
		return err
	}
	if s.header, err = parseHeader(snapshotKind, first); err != nil {
		return err
	}
	if err := s.readPromise(); err != nil {
		return err
	}
	for {
		kind, body, err := s.next()
		switch {
		case err != nil:
			return err
		case kind == recordEntries:
			if err := s.take(body); err != nil {
				return err
			}
		case kind == recordEnd:
			return s.end(body)
		default:
			s.problem = Content
			return fmt.Errorf("record %d is of no known kind", s.records)
		}
	}
}

// next opens the next record.
func (s *snapshotReader) next() (kind byte, body []byte, err error) {
	s.problem = Truncated
	line, torn, err := nextLine(s.from)
	if torn || errors.Is(err, io.EOF) {
		return 0, nil, errTruncated
	}
	if err != nil {
		s.problem = Unread
		return 0, nil, err
	}
	s.records++
	record, err := s.seal.Open(s.header.place(s.records), line)
	if err != nil {
		s.problem = Sealed
		return 0, nil, fmt.Errorf("record %d: %w", s.records, err)
	}
	if s.problem = Content; len(record) == 0 {
		return 0, nil, fmt.Errorf("record %d is empty", s.records)
	}
	return record[0], record[1:], nil
}

func (s *snapshotReader) readPromise() error {
	kind, body, err := s.next()
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s.promise); kind != recordPromise || err != nil || dec.More() {
		return errors.Join(errors.New("it does not say what it promises"), err)
	}
	s.states, err = s.promise.states()
	return err
}

// take collects the entries of a shard: a copy takes many at once faster than one by one.
func (s *snapshotReader) take(body []byte) error {
	entries, err := decode(body)
	if err != nil {
		return fmt.Errorf("record %d: %w", s.records, err)
	}
	for _, e := range entries {
		if len(s.shard) > 0 && s.shard[0].Shard() != e.Shard() {
			s.flush()
		}
		s.shard = append(s.shard, e)
	}
	s.entries += len(entries)
	return nil
}

func (s *snapshotReader) flush() {
	s.apply(s.shard...)
	s.shard = s.shard[:0]
}

// end checks that all is there, and that nothing stands behind it.
func (s *snapshotReader) end(body []byte) error {
	s.flush()
	if n, err := strconv.Atoi(string(body)); err != nil || n != s.entries {
		return fmt.Errorf("it ends with %.20q and has %d entries", body, s.entries)
	}
	if _, _, err := nextLine(s.from); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind its end")
	}
	return nil
}
