package disk

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// Keeper writes the snapshot again and again.
type Keeper struct {
	folder  *Folder
	replica *revocation.Replica
	writer  *revocation.Writer
	every   time.Duration

	version uint64       // of the replica, when it was saved last; it belongs to Run
	written atomic.Int64 // when that was, in milliseconds since 1970; 0: never
	failing atomic.Bool
}

// Keeper returns what saves a copy of the log every so often, and at the end. The writer hears of each: it keeps what was
// delivered since the last one.
func (f *Folder) Keeper(r *revocation.Replica, w *revocation.Writer, every time.Duration) *Keeper {
	return &Keeper{folder: f, replica: r, writer: w, every: every}
}

// share is the part of the time that writing may take: a log of millions of entries takes seconds.
const share = 20

// Run saves until the context ends, and once more then. It returns nil; what fails is logged.
func (k *Keeper) Run(ctx context.Context) error {
	wait := k.every
	for {
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			k.save()
			return nil
		case <-t.C:
		}
		began := time.Now()
		k.save()
		wait = max(k.every, share*time.Since(began))
	}
}

// Written is when the snapshot was saved last; false: not yet by this process.
func (k *Keeper) Written() (time.Time, bool) {
	at := k.written.Load()
	return time.UnixMilli(at), at != 0
}

// Failing reports whether it could not be saved the last time.
func (k *Keeper) Failing() bool { return k.failing.Load() }

func (k *Keeper) save() {
	if !k.news() {
		return
	}
	version, now, log := k.replica.Version(), k.folder.opt.Now(), k.folder.opt.Log
	saved := k.writer.Saving()
	if _, err := k.folder.Save(k.replica); err != nil {
		if !k.failing.Swap(true) {
			log.Error("the copy of the revocation log cannot be saved; an edge that starts while the store is away has an older one, or none", "error", err)
		}
		return
	}
	saved()
	k.version = version
	k.written.Store(now.UnixMilli())
	if k.failing.Swap(false) {
		log.Info("the copy of the revocation log is saved again")
	}
}

// news reports whether there is something to save, and something that the file does not have: entries, or a promise that
// reaches further. While the store is away neither comes.
func (k *Keeper) news() bool {
	if !k.replica.Ready() {
		return false
	}
	at, before := k.Written()
	return !before || k.replica.Version() != k.version || k.replica.Staleness() < k.folder.opt.Now().Sub(at)
}
