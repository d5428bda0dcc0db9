// Package disk keeps what an edge must not lose with its process: revocations that the store has not taken yet (the
// outbox), and a copy of the log to start with while the store is away (the snapshot). Both are sealed files in a folder
// that belongs to one process. It knows neither the key ring nor any store.
package disk

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// The names of the files within the folder.
const (
	OutboxName   = "revocations.outbox"
	SnapshotName = "revocations.snapshot"
	lockName     = "revocations.lock"
	temporary    = ".revocations-*" // what a crash left behind is removed by the next process
)

// ErrHeld means that another process uses the folder.
var ErrHeld = errors.New("another process keeps its revocations there")

// Sealer hides records, and binds each to its place: what was sealed for one opens for no other. A sealed record is one
// line of text. Errors of Open say what an operator can do about it.
type Sealer interface {
	Seal(place string, record []byte) (string, error)
	Open(place, sealed string) ([]byte, error)
}

// Options says how files are sealed. Every field but Boot is needed.
type Options struct {
	Outbox   Sealer
	Snapshot Sealer
	Log      *slog.Logger
	Now      func() time.Time
	Boot     func() Boot // ReadBoot, or nil: a clock that went back by less than a copy's age is not noticed then
}

func (o *Options) boot() Boot {
	if o.Boot == nil {
		return Boot{}
	}
	return o.Boot()
}

// Folder is a folder that this process alone uses, until it is closed or ends.
type Folder struct {
	dir  string
	opt  Options
	lock *os.File
}

// Claim takes a folder, and makes it if it is not there. The error wraps ErrHeld if another process has it. A file system
// without locks is an error too: two processes would overwrite what the other keeps.
func Claim(dir string, o Options) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for revocations: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claiming a folder for revocations: %w", err)
	}
	if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrHeld
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", lock.Name(), err), lock.Close())
	}
	f := &Folder{dir: dir, opt: o, lock: lock}
	old, _ := filepath.Glob(f.path(temporary)) // the pattern is well formed
	for _, name := range old {
		_ = os.Remove(name) // it only takes room
	}
	return f, nil
}

// Close lets others have the folder.
func (f *Folder) Close() error { return f.lock.Close() }

func (f *Folder) path(name string) string { return filepath.Join(f.dir, name) }

// replace puts a new file in the place of the one of that name, if there is one: whoever looks, and whoever starts after
// a loss of power, finds the old one or the new one as a whole. It returns the new one, open behind its end.
func (f *Folder) replace(name string, write func(*os.File) error) (_ *os.File, err error) {
	tmp, err := os.CreateTemp(f.dir, temporary) // made with mode 0600
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", f.path(name), err)
	}
	err = write(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err == nil {
		err = os.Rename(tmp.Name(), f.path(name))
	}
	if err == nil {
		err = syncFolder(f.dir)
	}
	if err != nil {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name()) // gone already, if it was renamed
		return nil, fmt.Errorf("writing %s: %w", f.path(name), err)
	}
	return tmp, nil
}

// syncFolder makes a rename outlive a loss of power.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
