package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
)

var (
	_ revocation.Stream = (*Store)(nil)
	_ revocation.Sink   = (*Store)(nil)
)

// Name is the file's name within the data folder.
const Name = "edgeauth.db"

// lockWait is how long Open waits for the lock: an edge that is just ending may still hold it.
const lockWait = time.Second

// ErrHeld means that another process has the file.
var ErrHeld = errors.New("another edgeauth holds it; speak to that one through its socket in the same folder, or stop it")

// Store keeps shared state in a file. It is safe for concurrent use.
type Store struct {
	path   string
	db     *bbolt.DB
	wakers [revocation.Shards]waker
	beats  beats
	closed chan struct{}
	close  func() error
	health health
}

// Open opens or creates the file in the folder dir, which must exist. If another process has it, the error wraps
// ErrHeld.
func Open(dir string) (*Store, error) {
	path := filepath.Join(dir, Name)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, NoStatistics: true})
	if errors.Is(err, berrors.ErrTimeout) {
		err = ErrHeld
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	s := &Store{path: path, db: db, closed: make(chan struct{})}
	s.close = sync.OnceValue(s.shut)
	if err := errors.Join(os.Chmod(path, 0o600), db.Update(layOut)); err != nil {
		return nil, errors.Join(fmt.Errorf("laying out %s: %w", path, err), s.Close())
	}
	return s, nil
}

// layOut makes the buckets that are missing.
func layOut(tx *bbolt.Tx) error {
	for _, name := range [][]byte{onceBucket, vaultBucket, listBucket, leaseBucket, rollBucket, endsBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	for shard := range revocation.Shards {
		b, err := tx.CreateBucketIfNotExists(logBucket(shard))
		if err != nil {
			return err
		}
		for _, name := range [][]byte{heldBucket, streamBucket, registersBucket} {
			if _, err := b.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends waiting reads, waits for calls that are under way and gives the file free. It may be repeated.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	close(s.closed)
	return s.db.Close()
}

// Status says how the last call went, for a page that shows what works.
func (s *Store) Status() (ok bool, detail string) {
	ok, detail = s.health.read()
	return ok, s.path + ": " + detail
}

// view and update are the doors for every call: they turn every failure into a *store.Unavailable.
func (s *Store) view(ctx context.Context, doing string, f func(*bbolt.Tx) error) error {
	return s.call(ctx, doing, func() error { return s.db.View(f) })
}

func (s *Store) update(ctx context.Context, doing string, f func(*bbolt.Tx) error) error {
	return s.call(ctx, doing, func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			if err := f(tx); err != nil {
				return err
			}
			return sweep(tx, nowMillis(), sweepOnWrite)
		})
	})
}

func (s *Store) call(ctx context.Context, doing string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return s.unavailable(doing, err)
	}
	err := f()
	s.health.note(err)
	if err != nil {
		return s.unavailable(doing, err)
	}
	return nil
}

func (s *Store) unavailable(doing string, err error) error {
	return &store.Unavailable{Doing: doing, Where: s.path, Err: err}
}

func nowMillis() revocation.Millis { return revocation.MillisOf(time.Now()) }
