package revocation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// coldStart returns once all shards agree on an incarnation, when the context ends, or at once if it runs already. An
// edge that just began knows nothing, so an emptied shard may be a new log or a lost one: it waits for others to give
// entries back before it begins a new incarnation. Shard 0 says which one is being formed; whoever sees that helps to
// finish it, so a crash in between leaves nothing half done. A shard that is emptied before this edge has read it leads
// here again.
func (f *Follower) coldStart(ctx context.Context) {
	select {
	case f.starting <- struct{}{}:
		defer func() { <-f.starting }()
	default:
		return // another goroutine looks; the next probe tells
	}
	var since time.Time // when the log was first seen incomplete
	leant := false
	for ctx.Err() == nil {
		done, err := f.agree(ctx, &since)
		if err != nil && ctx.Err() == nil {
			f.trouble.met(starting, "the revocation log cannot be read", err)
			if !leant {
				f.lean()
			}
			leant = true
			pause(ctx, interval/4+rand.N(interval/4)) // a server that refuses is not asked twenty times a second
		}
		if done {
			f.trouble.over(starting)
			return
		}
		pause(ctx, interval/20)
	}
}

func (f *Follower) agree(ctx context.Context, since *time.Time) (bool, error) {
	var heads [Shards]Head
	for i := range heads {
		h, err := f.probe(ctx, i)
		if err != nil {
			*since = time.Time{}
			return false, fmt.Errorf("probing shard %d: %w", i, err)
		}
		heads[i] = h
	}
	switch {
	case complete(heads):
		return true, nil
	case heads[0].Forming:
		return false, f.finish(ctx, heads)
	case since.IsZero() && f.opt.Grace > 0:
		*since = f.opt.Now()
	case since.IsZero() || f.opt.Now().Sub(*since) >= f.opt.Grace:
		*since = time.Time{}
		_, err := f.opt.Sink.Begin(ctx, 0, heads[0].Current, identity.NewIncarnation(), true)
		return false, err
	}
	return false, nil
}

func complete(heads [Shards]Head) bool {
	for _, h := range heads {
		if h.Current.IsZero() || h.Forming || h.Current != heads[0].Current {
			return false
		}
	}
	return true
}

// finish gives every shard the incarnation that shard 0 is forming, and then declares it formed. A shard that changed
// meanwhile is looked at again in the next round.
func (f *Follower) finish(ctx context.Context, heads [Shards]Head) error {
	inc := heads[0].Current
	for i := 1; i < Shards; i++ {
		got, err := f.opt.Sink.Begin(ctx, i, heads[i].Current, inc, false)
		if err != nil || got != inc {
			return err
		}
	}
	if _, err := f.opt.Sink.Begin(ctx, 0, inc, inc, false); err != nil {
		return err
	}
	f.opt.Notify(Begun, inc.String())
	return nil
}
