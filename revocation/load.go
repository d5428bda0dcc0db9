package revocation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// This file is how the Follower and a shard make good what one of them lost.

// giveBack pushes all that this edge knows to a shard that does not hold an incarnation which this edge holds, or does not say
// which one is current: then it takes the first.
func (f *Follower) giveBack(ctx context.Context, shard int, head Head) error {
	for _, inc := range f.opt.Replica.known(shard) {
		if slices.Contains(head.Held, inc) && !head.Current.IsZero() {
			continue
		}
		if err := f.reseed(ctx, shard, inc); err != nil {
			return err
		}
		f.opt.Notify(Reseeded, fmt.Sprintf("shard %d, incarnation %s", shard, inc))
	}
	return nil
}

func (f *Follower) reseed(ctx context.Context, shard int, inc identity.Incarnation) error {
	release, err := f.room(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := f.opt.Sink.Reseed(ctx, shard, inc, f.opt.Replica.Entries(shard)); err != nil {
		return fmt.Errorf("giving the log its entries back: %w", err)
	}
	return nil
}

// room waits until there is room for all entries of a shard beside the copy.
func (f *Follower) room(ctx context.Context) (release func(), err error) {
	select {
	case f.unpacked <- struct{}{}:
		return func() { <-f.unpacked }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for room for the log's entries: %w", ctx.Err())
	}
}

// load reads the snapshot where the stream alone does not suffice: at the start, after a gap, when the shard may have
// lost entries, when it may lack what no outbox could keep, when it holds an incarnation that this edge has not read, and now
// and then while something in it cannot be read.
// The probe's last id is older than the snapshot, so nothing falls between. What the snapshot lacks is given back: another
// edge may have filled an emptied shard before this one looked, and later entries may have moved the stream's end past the
// place of those that are gone.
func (f *Follower) load(ctx context.Context, shard int, head Head) error {
	gap := head.Last.Compare(f.cursors[shard]) < 0 || head.Trimmed.Compare(f.floors[shard]) > 0
	owed := f.opt.Replica.shards[shard].owed.Load()
	if !gap && head.Life == f.lives[shard] && owed == f.paid[shard] && !f.unread(shard, head) && !f.inDoubt(shard) {
		f.floors[shard] = f.cursors[shard]
		f.reached(shard)
		return nil
	}
	first := len(f.opt.Replica.known(shard)) == 0
	if err := f.snapshot(ctx, shard); err != nil {
		return err
	}
	if err := f.unchanged(ctx, shard, head); err != nil {
		return err
	}
	f.cursors[shard], f.heard[shard], f.floors[shard], f.lives[shard], f.paid[shard] = head.Last, head.Last, head.Last, head.Life, owed
	f.reached(shard)
	f.opt.Replica.loaded(shard, head)
	if gap && !first {
		f.opt.Notify(Gap, fmt.Sprintf("shard %d", shard))
	}
	return nil
}

// snapshot takes a shard's snapshot in, and gives back what it lacks.
func (f *Follower) snapshot(ctx context.Context, shard int) error {
	release, err := f.room(ctx)
	if err != nil {
		return err
	}
	defer release()
	b, err := f.opt.Stream.Snapshot(ctx, shard)
	if err != nil {
		return fmt.Errorf("loading the log's snapshot: %w", err)
	}
	f.apply(shard, b, true)
	f.looked[shard] = f.opt.Now()
	return f.complete(ctx, shard, b)
}

// inDoubt reports whether it is time to look again at a shard of which this release cannot read everything.
func (f *Follower) inDoubt(shard int) bool {
	return f.opt.Now().Sub(f.looked[shard]) >= recheck && f.opt.Replica.unreadable(shard) > 0
}

var errReplaced = errors.New("the log lost entries while its snapshot was read")

// unchanged makes sure that the snapshot was the probed shard's. Were it emptied in between, an edge that has just started
// would vouch for an incarnation of which it has read nothing; and nobody else may be left who knows what was revoked.
func (f *Follower) unchanged(ctx context.Context, shard int, head Head) error {
	again, err := f.probe(ctx, shard)
	switch {
	case err != nil:
		return fmt.Errorf("probing the log after its snapshot: %w", err)
	case again.Life != head.Life || again.Current != head.Current:
		return errReplaced
	}
	return nil
}

// unread reports whether the shard holds an incarnation that this edge has not read, or another has become current.
func (f *Follower) unread(shard int, head Head) bool {
	if !head.Forming && f.opt.Replica.currentOf(shard) != head.Current {
		return true
	}
	return slices.ContainsFunc(append(head.Held, head.Current), func(inc identity.Incarnation) bool {
		return !f.opt.Replica.holds(shard, inc)
	})
}

// complete gives a shard what this edge knows beyond the shard's snapshot. What a later release has written stands: this one
// does not know what it would overwrite.
func (f *Follower) complete(ctx context.Context, shard int, snapshot Batch) error {
	missing := slices.DeleteFunc(f.opt.Replica.beyond(shard, snapshot.Entries, f.over()), func(e Entry) bool { return snapshot.Unreadable.Named[e.Register] })
	if len(missing) == 0 {
		return nil
	}
	if err := f.opt.Sink.Append(ctx, missing); err != nil {
		return fmt.Errorf("giving the log its entries back: %w", err)
	}
	f.opt.Notify(Reseeded, fmt.Sprintf("shard %d, %d entries", shard, len(missing)))
	return nil
}

// resume begins where a restored copy ends.
func (f *Follower) resume() {
	for i := range Shards {
		p := f.opt.Replica.place(i)
		f.cursors[i], f.floors[i], f.lives[i] = p.Cursor, p.Checked, p.Life
	}
}

// reached tells the Replica how far a shard has been read.
func (f *Follower) reached(shard int) {
	f.opt.Replica.reached(shard, Place{Cursor: f.cursors[shard], Checked: f.floors[shard], Life: f.lives[shard]})
}

// lean lets a restored copy count while the log cannot be read.
func (f *Follower) lean() {
	age := f.opt.Replica.RestoredAge()
	switch {
	case age == math.MaxInt64:
	case f.opt.Replica.lean(f.opt.Bound):
		f.opt.Notify(Leaned, fmt.Sprintf("the copy on disk is at most %s old", age.Round(time.Second)))
	default:
		f.opt.Log.Warn("the copy of the revocation log on disk is too old to serve with", "age", age.Round(time.Second).String(), "bound", f.opt.Bound.String())
	}
}
