package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// Kept is how many sessions of one subject the index holds. Of more it forgets those that have ended, then those that end
// first; they can be used as before, and are ended with all of the subject.
const Kept = 200

// ErrEnded is a session of which nothing is left to record.
var ErrEnded = errors.New("the session has ended")

var errNobody = errors.New("no subject is named")

// Rolls is where records lie: tables of opaque values by name, which end each by itself. An error means that the store could not
// be asked; a table that is absent is empty.
type Rolls interface {
	// Enter writes a row, lets it end after ttl, and keeps no more rows than keep: those that end first go, but not this one.
	Enter(ctx context.Context, key, row string, value []byte, keep int, ttl time.Duration) error
	Roll(ctx context.Context, key string) (map[string][]byte, error)
	Strike(ctx context.Context, key, row string) error
}

// Walker goes through all tables of a store.
type Walker interface {
	// Walk calls each with the rows of some tables after a cursor, and returns the next cursor; an empty one begins, and ends.
	Walk(ctx context.Context, after string, least int, each func(key, row string, value []byte)) (next string, err error)
}

// Options are what an Index is made of. All but Unreadable are needed.
type Options struct {
	Store interface {
		Rolls
		Walker
	}
	Keys func() *session.Ring
	Log  Log
	Now  func() time.Time

	// Unreadable is told how many records were left out because they do not open: damaged, moved, of a key that is gone, or of a later
	// release.
	Unreadable func(ctx context.Context, records int)
}

// Index keeps records. It is safe for concurrent use, by several processes too.
type Index struct{ o Options }

// New returns an index over a store.
func New(o Options) *Index {
	if o.Unreadable == nil {
		o.Unreadable = func(context.Context, int) {}
	}
	return &Index{o}
}

// Record puts a record into the index, in place of an earlier one of the same session; the time when that was first seen stays.
// A record that was made before the one that is there changes nothing else. Errors are ErrEnded, or those of the store.
func (x *Index) Record(ctx context.Context, r Record) error {
	const doing = "recording a session"
	if r.Subject.IsZero() {
		return fmt.Errorf("%s: %w", doing, errNobody)
	}
	left := r.Ends.Add(identity.MaxClockSkew).Sub(x.o.Now())
	if left < time.Millisecond {
		return fmt.Errorf("%s: %w", doing, ErrEnded)
	}
	known, err := x.Of(ctx, r.Subject)
	if err != nil {
		return err
	}
	r = merged(r, known)
	value, err := x.seal(&r)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	x.makeRoom(ctx, known)
	if err := x.o.Store.Enter(ctx, rollOf(r.Subject), r.Family.String(), value, Kept, left); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// merged is the later of a record and the one of the same session that is known, first seen when either was.
func merged(r Record, known []Record) Record {
	i := slices.IndexFunc(known, func(k Record) bool { return k.Family == r.Family })
	if i < 0 {
		return r
	}
	k, first := known[i], r.FirstSeen
	if k.FirstSeen.Before(first) {
		first = k.FirstSeen
	}
	if k.LastSeen.After(r.LastSeen) {
		r = k
	}
	r.FirstSeen = first
	return r
}

// makeRoom strikes what has ended where one more would push out what has not.
func (x *Index) makeRoom(ctx context.Context, known []Record) {
	if len(known) < Kept {
		return
	}
	for _, k := range known {
		if state, _ := k.State(x.o.Log, x.o.Now()); state == Revoked || state == Expired {
			_ = x.o.Store.Strike(ctx, rollOf(k.Subject), k.Family.String()) // the next write tries again
		}
	}
}

// Of returns the records of a subject, the last seen first: of sessions that have ended, too, until nothing can be left of
// them. What does not open is left out, and Options.Unreadable told. Errors are those of the store.
func (x *Index) Of(ctx context.Context, subject identity.Subject) ([]Record, error) {
	const doing = "reading the sessions of a subject"
	if subject.IsZero() {
		return nil, fmt.Errorf("%s: %w", doing, errNobody)
	}
	rows, err := x.o.Store.Roll(ctx, rollOf(subject))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	c := collector{index: x}
	for row, value := range rows {
		c.add(rollOf(subject), row, value)
	}
	c.tell(ctx)
	slices.SortFunc(c.records, func(a, b Record) int { return b.LastSeen.Compare(a.LastSeen) })
	return c.records, nil
}

// All returns records of whoever there is, from a cursor on, and the cursor of what follows; an empty one begins, and ends. It
// returns all records of a subject at once, so there may be more than limit; there may be fewer too, or none, and more to come. Who is there
// from beginning to end is met at least once; in a shared store some may be met twice. Errors are those of the store.
func (x *Index) All(ctx context.Context, after string, limit int) (records []Record, next string, err error) {
	c := collector{index: x}
	next, err = x.o.Store.Walk(ctx, after, limit, c.add)
	if err != nil {
		return nil, "", fmt.Errorf("reading all sessions: %w", err)
	}
	c.tell(ctx)
	return c.records, next, nil
}

// Remove takes a session off the index. That ends nothing: the log does. One that is not there is no error.
func (x *Index) Remove(ctx context.Context, subject identity.Subject, family identity.Family) error {
	if err := x.o.Store.Strike(ctx, rollOf(subject), family.String()); err != nil {
		return fmt.Errorf("removing a session from the index: %w", err)
	}
	return nil
}

// collector opens rows.
type collector struct {
	index      *Index
	records    []Record
	unreadable int
}

func (c *collector) add(roll, row string, value []byte) {
	r, err := c.index.open(roll, row, value)
	if err != nil {
		c.unreadable++
		return
	}
	c.records = append(c.records, r)
}

func (c *collector) tell(ctx context.Context) {
	if c.unreadable > 0 {
		c.index.o.Unreadable(ctx, c.unreadable)
	}
}
