package session

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// Keyring is a ring that follows its file: edges read it again by themselves and switch keys by the clock, so none
// needs to ask another. It is safe for concurrent use.
type Keyring struct {
	path    string
	ring    atomic.Pointer[Ring]
	seen    fileStamp // of the last good reading; it and problem belong to Run
	problem string    // what was said of the file last, while it cannot be used
}

// OpenKeyring reads the ring file.
func OpenKeyring(path string) (*Keyring, error) {
	k := &Keyring{path: path, seen: stampOf(path)}
	ring, err := readRing(path)
	if err != nil {
		return nil, err
	}
	k.ring.Store(ring)
	return k, nil
}

// Ring is the present ring.
func (k *Keyring) Ring() *Ring { return k.ring.Load() }

// rereadEvery is far below any lead that a rotation gives.
const rereadEvery = 10 * time.Second

// Run reads the file again when it changed, until the context ends. A file that cannot be read leaves the ring as it
// is. It returns nil.
func (k *Keyring) Run(ctx context.Context, log *slog.Logger, changed func()) error {
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			k.reread(log, changed)
		}
	}
}

func (k *Keyring) reread(log *slog.Logger, changed func()) {
	stamp := stampOf(k.path)
	if stamp == k.seen {
		return
	}
	ring, err := readRing(k.path)
	if err != nil {
		k.refuse(log, err)
		return
	}
	k.seen, k.problem = stamp, ""
	k.ring.Store(ring)
	log.Info("key ring read again", "keys", len(ring.keys))
	changed()
}

// refuse says once what is wrong. The file is read again all the same: a wrong owner, a half-written copy that kept its
// time and a mount that comes late are cured without a new stamp.
func (k *Keyring) refuse(log *slog.Logger, err error) {
	k.seen = fileStamp{}
	if err.Error() == k.problem {
		return
	}
	k.problem = err.Error()
	log.Error("the changed key ring cannot be used; the one before it stays in use", "error", err)
}

func readRing(path string) (*Ring, error) {
	keys, pepper, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	ring, err := NewRing(keys)
	if err != nil {
		return nil, fmt.Errorf("key ring %s: %w", path, err)
	}
	ring.pepper = pepper
	return ring, nil
}

// fileStamp tells one state of a file from another. Secret mounts replace files by links: the inode's time shows it.
type fileStamp struct {
	modified time.Time
	size     int64
}

func stampOf(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{modified: info.ModTime(), size: info.Size()}
}
