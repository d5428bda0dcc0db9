package revocation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// FollowerOptions says what a Follower follows. Every field but Fleet, Grace and Bound is needed.
type FollowerOptions struct {
	Stream  Stream
	Sink    Sink
	Replica *Replica
	Log     *slog.Logger
	Notify  func(what Happening, detail string) // for audit events and metrics
	Now     func() time.Time
	Fleet   *Fleet // who this edge is to the others, and who they are; nil: it is nobody

	// Grace is how long an edge that knows nothing waits for others to give an emptied log its entries back, before it
	// begins a new one. Others look every second; DefaultGrace suits. Zero where there can be no others.
	Grace time.Duration

	// Bound is how old a copy that was restored may be to be leaned on while the log cannot be read.
	Bound time.Duration
}

// DefaultGrace is three times the interval in which running edges look at the log.
const DefaultGrace = 3 * interval

// Happening is something that an operator should know of the log.
type Happening string

// What can happen to a log.
const (
	Begun      Happening = "begun"      // a new incarnation: sessions of any other are asked to log in again
	Reseeded   Happening = "reseeded"   // a shard had lost its data, this edge gave them back
	Gap        Happening = "gap"        // entries were lost or trimmed; the shard was loaded anew
	Unreadable Happening = "unreadable" // there are entries that this release can't read
	Leaned     Happening = "leaned"     // the log can't be read at the start; what was restored counts until it can
)

// interval is the time between two probes of a shard.
const interval = time.Second

// Follower keeps a Replica up to date with the log: it loads each shard's snapshot, reads its stream, probes it once a
// second, notices gaps and losses and gives back what the log lost. Nothing known is ever forgotten on the way.
type Follower struct {
	opt     FollowerOptions
	cursors [Shards]Cursor    // each belongs to its shard's goroutine
	heard   [Shards]Cursor    // likewise: up to where news were listened to
	floors  [Shards]Cursor    // likewise: a probe has shown that nothing was trimmed unread up to here
	lives   [Shards]string    // likewise: of the shard when its snapshot was read
	paid    [Shards]int64     // likewise: of what this edge owed the shard
	looked  [Shards]time.Time // likewise: when the snapshot was read

	trouble  *trouble
	starting chan struct{} // filled by the one goroutine that looks whether all shards agree
	unpacked chan struct{} // filled by those that hold all entries of a shard, read or to be given back
}

// unpackedShards is how many may be in memory at once: one takes ten times the room that it needs packed.
const unpackedShards = 2

// NewFollower returns a Follower that has not begun.
func NewFollower(o FollowerOptions) *Follower {
	if o.Fleet == nil {
		o.Fleet = NewFleet(FleetOptions{Now: o.Now})
	}
	return &Follower{opt: o, trouble: newTrouble(o.Log), starting: make(chan struct{}, 1), unpacked: make(chan struct{}, unpackedShards)}
}

// Run follows the log until the context ends; errors of the store are logged and waited out. It returns nil.
func (f *Follower) Run(ctx context.Context) error {
	f.resume()
	f.coldStart(ctx)
	var wg sync.WaitGroup
	for i := range Shards {
		wg.Go(func() { f.follow(ctx, i) })
	}
	for pause(ctx, time.Minute) {
		f.opt.Replica.Sweep(f.over())
	}
	wg.Wait()
	f.leave(context.WithoutCancel(ctx))
	return nil
}

// overMargin is how long an entry is kept past its end: clocks differ.
const overMargin = 5 * time.Minute

// over is the time before which an entry must have ended to be forgotten: by this edge's clock and by the log's. A clock that is far ahead for a
// while, as before a machine that starts hears what time it is, must not have an edge forget what it refuses.
func (f *Follower) over() Millis {
	now := f.opt.Now()
	return min(MillisOf(now), f.opt.Fleet.logTime(now)) - Millis(overMargin.Milliseconds())
}

// follow alternates between a probe, which measures, and a blocking read, which makes it fast.
func (f *Follower) follow(ctx context.Context, shard int) {
	for ctx.Err() == nil {
		sent := f.opt.Now()
		err := f.step(ctx, shard, sent)
		if err == nil {
			err = f.listen(ctx, shard, interval-f.opt.Now().Sub(sent))
		}
		f.report(ctx, shard, err)
		if err != nil {
			pause(ctx, interval/2+rand.N(interval))
		}
	}
}

func (f *Follower) report(ctx context.Context, shard int, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		f.trouble.met(shard, "the revocation log cannot be followed; its copy in memory goes on", err)
	default:
		f.trouble.over(shard)
	}
}

// gather is how long an edge that has heard news goes on listening before it probes, at most: a burst of them is asked about once, and not
// while they are still on their way to everybody.
const gather = 100 * time.Millisecond

// listen waits for news until the next probe is due. They act at once, and are read again after that probe: who waits has a connection of
// its own, and where a network falls in two, that may lead to a master whose place another has taken. What stands there says
// nothing of what the other has.
func (f *Follower) listen(ctx context.Context, shard int, wait time.Duration) error {
	due, first := f.opt.Now().Add(wait), true
	for wait >= time.Millisecond {
		news, err := f.hear(ctx, shard, wait)
		if err != nil || !news {
			return err
		}
		now := f.opt.Now()
		if soon := now.Add(gather); first && soon.Before(due) {
			due = soon
		}
		wait, first = due.Sub(now), false
	}
	return nil
}

// hear waits for news once, and reports whether there were any.
func (f *Follower) hear(ctx context.Context, shard int, wait time.Duration) (news bool, err error) {
	from := f.cursors[shard]
	if f.heard[shard].Compare(from) > 0 {
		from = f.heard[shard]
	}
	b, err := f.opt.Stream.Read(ctx, shard, from, wait)
	if err != nil {
		return false, fmt.Errorf("listening to the log: %w", err)
	}
	f.opt.Replica.Apply(b.Entries...)
	f.heard[shard] = b.Next
	return b.Next != from, nil
}

func (f *Follower) read(ctx context.Context, shard int) error {
	b, err := f.opt.Stream.Read(ctx, shard, f.cursors[shard], 0)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	f.apply(shard, b, false)
	f.cursors[shard] = b.Next
	f.reached(shard)
	return nil
}

// apply takes in what was read: the whole shard, or what came since.
func (f *Follower) apply(shard int, b Batch, whole bool) {
	f.opt.Replica.Apply(b.Entries...)
	if u := b.Unreadable; u.Count > 0 || whole {
		f.opt.Replica.doubt(shard, u, whole)
	}
	if u := b.Unreadable; u.Count > 0 {
		f.opt.Notify(Unreadable, fmt.Sprintf("shard %02d: %d entries cannot be read, %d of them of a later release; the first: %s",
			shard, u.Count, u.later(), u.Example))
	}
}

var errNotCaughtUp = errors.New("log entries vanish while they are read")

// step probes a shard and does whatever is needed to have all that the probe reported.
func (f *Follower) step(ctx context.Context, shard int, sent time.Time) error {
	head, err := f.probe(ctx, shard)
	if err != nil {
		return fmt.Errorf("probing the log: %w", err)
	}
	if err := f.giveBack(ctx, shard, head); err != nil {
		return err
	}
	if head.Current.IsZero() {
		if len(f.opt.Replica.known(shard)) == 0 {
			f.coldStart(ctx) // the shard was emptied before this edge had read it
		}
		return nil // given back just now, or begun: the next probe tells
	}
	if err := f.load(ctx, shard, head); err != nil {
		return err
	}
	whole, err := f.catchUp(ctx, shard, head)
	if err == nil && whole {
		f.opt.Replica.settle(shard, head)
		f.opt.Replica.confirm(shard, sent)
		f.opt.Fleet.caughtUp(shard, head)
	}
	return err
}

// catchUp reads up to the end that a probe reported. It is whole unless entries may have gone before they were read: a
// second probe tells, since those that remain show no hole. The next step loads the snapshot then.
func (f *Follower) catchUp(ctx context.Context, shard int, head Head) (whole bool, err error) {
	if f.cursors[shard].Compare(head.Last) >= 0 {
		return true, nil
	}
	for f.cursors[shard].Compare(head.Last) < 0 {
		before := f.cursors[shard]
		if err := f.read(ctx, shard); err != nil {
			return false, err
		}
		if f.cursors[shard] == before {
			return false, errNotCaughtUp
		}
	}
	again, err := f.probe(ctx, shard)
	if err != nil {
		return false, fmt.Errorf("probing the log again: %w", err)
	}
	return again.Life == head.Life && again.Trimmed.Compare(f.floors[shard]) <= 0, nil
}

// pause waits, and reports whether the context goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
