package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// memLog is a log in memory that can be flushed, cut off and trimmed: it exists to inject faults in virtual time. What
// real stores do is checked against the real ones.
type memLog struct {
	mu     sync.Mutex // guards what follows
	down   bool
	shards [revocation.Shards]memShard
	seq    uint64
	writes int
	ahead  time.Duration // of its clock
	change chan struct{} // closed at the next change; nil while nobody waits
}

type memShard struct {
	life    int // counts how often the shard was emptied
	current identity.Incarnation
	forming bool
	held    []identity.Incarnation
	stream  []memItem
	last    revocation.Cursor
	trimmed revocation.Cursor
	snap    map[revocation.Register]revocation.Value
	beats   map[revocation.Origin]revocation.Beat
	put     map[revocation.Register]time.Time // when the shard last heard of a register; tests compare copies with it
}

type memItem struct {
	at revocation.Cursor
	e  revocation.Entry
}

var errDown = errors.New("the log is down")

func (l *memLog) lock(ctx context.Context) (func(), error) {
	l.mu.Lock()
	if l.down || ctx.Err() != nil {
		l.mu.Unlock()
		return nil, errDown
	}
	return l.mu.Unlock, nil
}

func (l *memLog) Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error) {
	unlock, err := l.lock(ctx)
	if err != nil {
		return revocation.Head{}, err
	}
	defer unlock()
	s := &l.shards[shard]
	return revocation.Head{Current: s.current, Forming: s.forming, Held: slices.Clone(s.held), Last: s.last, Trimmed: s.trimmed, Life: fmt.Sprint(s.life),
		Time: l.clock(), Beats: s.tell(mine, l.clock())}, nil
}

// clock is the log's time. l.mu is held.
func (l *memLog) clock() revocation.Millis { return revocation.MillisOf(time.Now().Add(l.ahead)) }

// tell takes a beat in, and returns those that are young enough.
func (s *memShard) tell(mine revocation.Beat, now revocation.Millis) (all []revocation.Beat) {
	if s.beats == nil {
		s.beats = map[revocation.Origin]revocation.Beat{}
	}
	mine.At = now
	if delete(s.beats, mine.Origin); !mine.Gone && mine.Origin != "" {
		s.beats[mine.Origin] = mine
	}
	maps.DeleteFunc(s.beats, func(_ revocation.Origin, b revocation.Beat) bool {
		return now.Time().Sub(b.At.Time()).Abs() > revocation.BeatLife
	})
	if mine.Deaf {
		return nil
	}
	return slices.Collect(maps.Values(s.beats))
}

// failOver puts another server with the same data in place, whose clock is so far ahead.
func (l *memLog) failOver(ahead time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead = ahead
	for i := range l.shards {
		l.shards[i].life++
	}
}

func (l *memLog) Snapshot(ctx context.Context, shard int) (revocation.Batch, error) {
	unlock, err := l.lock(ctx)
	if err != nil {
		return revocation.Batch{}, err
	}
	defer unlock()
	var b revocation.Batch
	for reg, v := range l.shards[shard].snap {
		b.Entries = append(b.Entries, revocation.Entry{Register: reg, Value: v})
	}
	return b, nil
}

func (l *memLog) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for last := wait <= 0; ; {
		unlock, err := l.lock(ctx)
		if err != nil {
			return revocation.Batch{}, err
		}
		change := l.changed()
		b := revocation.Batch{Next: after}
		for _, it := range l.shards[shard].stream {
			if it.at.Compare(after) > 0 {
				b.Entries, b.Next = append(b.Entries, it.e), it.at
			}
		}
		unlock()
		if len(b.Entries) > 0 || last {
			return b, nil
		}
		select {
		case <-change:
		case <-timer.C:
			last = true
		}
	}
}

// changed returns a channel that is closed at the next change. l.mu is held.
func (l *memLog) changed() <-chan struct{} {
	if l.change == nil {
		l.change = make(chan struct{})
	}
	return l.change
}

// wake tells those who wait for a change. l.mu is held.
func (l *memLog) wake() {
	if l.change != nil {
		close(l.change)
		l.change = nil
	}
}

func (l *memLog) Append(ctx context.Context, entries []revocation.Entry) error {
	unlock, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	l.writes++
	for _, e := range entries {
		l.put(e)
	}
	l.wake()
	return nil
}

func (l *memLog) put(e revocation.Entry) {
	s := &l.shards[e.Shard()]
	l.seq++
	s.last = revocation.Cursor{Major: uint64(time.Now().UnixMilli()), Minor: l.seq}
	s.stream = append(s.stream, memItem{s.last, e})
	if s.snap == nil {
		s.snap, s.put = map[revocation.Register]revocation.Value{}, map[revocation.Register]time.Time{}
	}
	s.snap[e.Register] = s.snap[e.Register].Merge(e.Value)
	s.put[e.Register] = time.Now()
}

func (l *memLog) Reseed(ctx context.Context, shard int, inc identity.Incarnation, entries []revocation.Entry) error {
	if err := l.Append(ctx, entries); err != nil {
		return err
	}
	unlock, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s := &l.shards[shard]
	if s.current.IsZero() {
		s.current = inc
	}
	if !slices.Contains(s.held, inc) {
		s.held = append(s.held, inc)
	}
	return nil
}

func (l *memLog) Begin(ctx context.Context, shard int, expect, next identity.Incarnation, forming bool) (identity.Incarnation, error) {
	unlock, err := l.lock(ctx)
	if err != nil {
		return identity.Incarnation{}, err
	}
	defer unlock()
	s := &l.shards[shard]
	if s.current != expect {
		return s.current, nil
	}
	s.current, s.forming = next, forming
	if !slices.Contains(s.held, next) {
		s.held = append(s.held, next)
	}
	return next, nil
}

func (l *memLog) flush(shards ...int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range shards {
		l.shards[i] = memShard{life: l.shards[i].life + 1}
	}
}

// trim drops the stream of a shard but keeps its snapshot.
func (l *memLog) trim(shard int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.shards[shard]
	s.stream, s.trimmed = nil, s.last
}

// appendAndTrim adds an entry and trims it away in one step, so that only the snapshot has it.
func (l *memLog) appendAndTrim(e revocation.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(e)
	s := &l.shards[e.Shard()]
	s.stream, s.trimmed = nil, s.last
}

func (l *memLog) setDown(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	l.wake()
}
