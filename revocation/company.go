package revocation

import (
	"context"
	"sync"
	"time"
)

// This file is how the Follower meets the other edges.

// probe asks for the head of a shard, and tells the others how far this edge has read it.
func (f *Follower) probe(ctx context.Context, shard int) (Head, error) {
	fleet := f.opt.Fleet
	mine := fleet.beat(shard, f.opt.Replica.place(shard).Cursor)
	sent := f.opt.Now()
	head, err := f.opt.Stream.Probe(ctx, shard, mine)
	if err != nil {
		return Head{}, err
	}
	if fleet.heard(shard, sent, f.opt.Now(), head, !mine.Deaf) && head.Unread != "" {
		f.opt.Log.Warn("what edges tell of themselves in the revocation log cannot be read as a whole; revocations are not affected",
			"shard", shard, "problem", head.Unread)
	}
	f.succeed(ctx, shard)
	return head, nil
}

// succeed takes away what an earlier run of this edge told last. A run that lives after all tells it anew within a second.
func (f *Follower) succeed(ctx context.Context, shard int) {
	before, done := f.opt.Fleet.predecessor(shard)
	if before == "" {
		return
	}
	if _, err := f.opt.Stream.Probe(ctx, shard, Beat{Origin: before, Gone: true}); err == nil {
		done()
	}
}

// farewell bounds what it takes to leave.
const farewell = time.Second

// leave takes this edge's beats away, so that the others do not take it for one that fell silent.
func (f *Follower) leave(ctx context.Context) {
	self := f.opt.Fleet.Self()
	if self == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	var wg sync.WaitGroup
	for i := range Shards {
		wg.Go(func() { _, _ = f.opt.Stream.Probe(ctx, i, Beat{Origin: self, Gone: true}) }) // the log may be away: then its beats age
	}
	wg.Wait()
}
