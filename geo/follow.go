package geo

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"math"
	"os"
	"time"
)

// follower keeps what a file held when it could last be used.
type follower[T any] struct {
	kind  Kind
	path  string
	limit int64                   // greatest size in bytes
	parse func([]byte) (T, error) // must not panic, whatever the bytes
	drop  bool                    // a file that is gone empties the value; else the value stays

	value  T
	have   bool
	loaded time.Time

	seen    fs.FileInfo // of the content that was last read whole; nil: read again in any case
	seed    maphash.Seed
	sum     uint64 // of the content that was last judged; valid if judged is true
	judged  bool
	problem error     // why the present content is not the value; nil: it is
	since   time.Time // of the problem
}

func newFollower[T any](kind Kind, path string, limit int64, parse func([]byte) (T, error)) *follower[T] {
	return &follower[T]{kind: kind, path: path, limit: limit, parse: parse, seed: maphash.MakeSeed()}
}

// settling is how old a file must be for its time to tell one content from the next: clocks of file systems are coarse.
const settling = 2 * time.Second

// refresh reads the file again if it may have changed. It reports whether value or have changed, and whether the problem
// came, went or became another.
func (f *follower[T]) refresh(now time.Time) (changed, news bool) {
	before := f.problem
	info, data, err := f.read(now)
	if err == nil && (data == nil || f.same(data)) {
		f.seen = info
		return false, false
	}
	f.judged = err == nil
	var value T
	if err == nil {
		value, err = f.parse(data)
	}
	switch {
	case err == nil:
		f.value, f.have, f.loaded, f.seen = value, true, now, info
		f.problem, f.since = nil, time.Time{}
		return true, true
	case before == nil:
		f.since = now
	}
	f.problem, f.seen = err, info
	if f.drop && f.have && errors.Is(err, fs.ErrNotExist) {
		var none T
		f.value, f.have, changed = none, false, true
	}
	return changed, before == nil || before.Error() != err.Error()
}

// same reports whether data is what was judged last.
func (f *follower[T]) same(data []byte) bool {
	before := f.sum
	f.sum = maphash.Bytes(f.seed, data)
	return f.judged && f.sum == before
}

// read returns the file's content, or no data if it is the same as before. The info is nil unless it will tell the next
// change.
func (f *follower[T]) read(now time.Time) (fs.FileInfo, []byte, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, nil, err
	}
	if f.seen != nil && os.SameFile(f.seen, info) && f.seen.ModTime().Equal(info.ModTime()) && f.seen.Size() == info.Size() {
		return info, nil, nil
	}
	data, err := readWhole(f.path, info, f.limit)
	if err != nil || now.Sub(info.ModTime()).Abs() < settling {
		return nil, data, err
	}
	return info, data, nil
}

// readWhole reads a regular file into memory. Mapping it would be cheaper, but a file that is cut short while it is
// mapped kills the process, and copying a new version over the old one does just that.
func readWhole(path string, info fs.FileInfo, limit int64) ([]byte, error) {
	switch size := info.Size(); {
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case size > min(limit, math.MaxInt-1):
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, info.Size(), info.Size()+1)
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("reading (is it being written?): %w", err)
	}
	if n, _ := file.Read(data[len(data):cap(data)]); n > 0 {
		return nil, errors.New("it grew while it was read")
	}
	return data, nil
}
