package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"path/filepath"
	"time"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/revocation/disk"
	"github.com/edgeauth/edgeauth/session"
)

// durable is what of the log outlives the process where the store is Redis: what waits for it, and a copy to start with
// while it is away. The embedded store is a file of this machine itself. Without a data_dir that can be written there is
// nothing: all fields are zero.
type durable struct {
	folder  *disk.Folder
	outbox  *disk.Outbox
	keeper  *disk.Keeper
	refused map[string]int // by file: what could not be used at the start
}

// openDurable takes over what an earlier process left in data_dir. Only another edge that uses it is an error.
func openDurable(e *edge, cfg *config.Config) (durable, error) {
	if cfg.Store.Type != config.StoreRedis {
		return durable{}, nil
	}
	folder, err := disk.Claim(cfg.Server.DataDir, disk.Options{
		Outbox: ringSeal{e.keys.Ring, session.PurposeOutbox}, Snapshot: ringSeal{e.keys.Ring, session.PurposeCopy}, Log: e.log, Now: time.Now, Boot: disk.ReadBoot,
	})
	if errors.Is(err, disk.ErrHeld) {
		return durable{}, anotherEdge(cfg.Server.DataDir)
	}
	if err != nil {
		e.log.Warn("server.data_dir cannot be used: revocations that wait for Redis are in memory only, and the edge cannot start while Redis is away", "error", err)
		return durable{}, nil
	}
	d := durable{folder: folder, refused: map[string]int{disk.OutboxName: 0, disk.SnapshotName: 0}}
	d.resume(e, cfg.Store.OutboxLimit)
	d.restore(e)
	d.keeper = folder.Keeper(e.replica, e.writer, cfg.Store.SnapshotEvery)
	return d, nil
}

// resume lets the writer go on with what waits. A file that cannot be written has been reported by itself.
func (d *durable) resume(e *edge, limit int) {
	box, waiting, err := d.folder.OpenOutbox()
	d.report(e.log, "revocations that waited for Redis cannot be read; a copy of the file stays beside it", err)
	e.writer.Resume(box, waiting, limit)
	d.outbox = box
	if len(waiting) > 0 {
		e.log.Info("revocations of an earlier run that Redis may not have are in force here; it is given them", "entries", len(waiting))
	}
}

func (d *durable) restore(e *edge) {
	began := time.Now()
	entries, written, err := d.folder.Restore(e.replica)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		d.report(e.log, "the copy of the revocation log in data_dir cannot be used; this edge is ready once Redis has been read", err)
	default:
		e.log.Info("the copy of the revocation log in data_dir was read", "entries", entries, "written", written.UTC(), "age", age(e.replica.RestoredAge()),
			"took", time.Since(began).Round(time.Millisecond).String())
	}
}

// report logs each part that was refused.
func (d *durable) report(log *slog.Logger, message string, err error) {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range all.Unwrap() {
			d.report(log, message, one)
		}
		return
	}
	var refused *disk.Refused
	if errors.As(err, &refused) {
		d.refused[filepath.Base(refused.File)]++
		log.Warn(message, "file", refused.File, "problem", string(refused.Problem), "error", refused.Err)
	} else if err != nil {
		log.Warn("a file in data_dir cannot be written", "error", err)
	}
}

// run saves the copy again and again.
func (d *durable) run(ctx context.Context) error {
	if d.keeper == nil {
		return nil
	}
	return d.keeper.Run(ctx)
}

// close says what waits for the next run.
func (d *durable) close(e *edge) error {
	if d.folder == nil {
		return nil
	}
	if n := e.writer.Pending(); n > 0 && e.writer.Kept() {
		e.log.Warn("revocations that Redis has not taken stay in data_dir; other edges hear of them when this one runs again", "entries", n)
	}
	return errors.Join(d.outbox.Close(), d.folder.Close())
}

// ringSeal seals files by the key ring.
type ringSeal struct {
	keys    func() *session.Ring
	purpose session.Purpose
}

// Seal implements disk.Sealer.
func (s ringSeal) Seal(place string, record []byte) (string, error) {
	return s.keys().Seal(time.Now(), s.purpose, place, "", record)
}

// Open implements disk.Sealer.
func (s ringSeal) Open(place, sealed string) ([]byte, error) {
	ring, now := s.keys(), time.Now()
	record, err := ring.Open(now, s.purpose, place, "", sealed)
	if id, usable, ok := ring.SealedBy(now, sealed); err != nil && ok && !usable {
		return nil, fmt.Errorf("it was sealed by key %s, which this edge's key ring does not hold or has retired: %w", id, err)
	}
	return record, err
}

// bound is how old a copy may be for an edge to start with: the weakest level bears the oldest.
func bound(cfg *config.Config) (longest time.Duration) {
	for _, l := range cfg.Levels.All() {
		longest = max(longest, l.MaxStaleness)
	}
	return longest
}

// age is how old something is, in words.
func age(d time.Duration) string {
	if d == math.MaxInt64 {
		return "unknown"
	}
	return d.Round(time.Second).String()
}
