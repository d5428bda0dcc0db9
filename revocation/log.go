package revocation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Cursor is a position in one shard's stream, ordered like Redis stream ids. The zero Cursor is before everything.
type Cursor struct{ Major, Minor uint64 }

// Compare orders cursors of one shard.
func (c Cursor) Compare(d Cursor) int {
	return cmp.Or(cmp.Compare(c.Major, d.Major), cmp.Compare(c.Minor, d.Minor))
}

// String is the form of a Redis stream id.
func (c Cursor) String() string { return fmt.Sprintf("%d-%d", c.Major, c.Minor) }

// Head is what a probe of one shard tells.
type Head struct {
	Current identity.Incarnation   // zero: the shard has none, it is new or has lost its data
	Forming bool                   // Current is being created on all shards; nobody has minted under it yet
	Held    []identity.Incarnation // those whose entries the shard holds in full, Current among them
	Last    Cursor                 // of the newest entry ever written; zero for an empty stream
	Trimmed Cursor                 // of the newest entry that was trimmed away; zero if none

	// Life names the time since when the shard has lost nothing that was acknowledged, as far as the store can tell: after
	// it was emptied, restarted or replaced by a copy it is another. Empty where nothing can be lost unseen.
	Life string

	Time   Millis // when the log answered, by its own clock
	Beats  []Beat // what all edges last told of the shard, unless the probe was deaf: advice, on which nothing else here hangs
	Unread string // why beats are missing from these; empty: none are
}

// Batch is what a read brought. Next is past what could not be read, too.
type Batch struct {
	Entries    []Entry
	Unreadable Unread
	Next       Cursor
}

// Unread is what this release cannot read of the log.
type Unread struct {
	Count   int               // of entries that Decode refused
	Example string            // the first of them, quoted and cut
	Named   map[Register]bool // of those whose name can be read: whether a later release wrote the value
}

// later is how many values a later release wrote.
func (u Unread) later() (n int) {
	for _, later := range u.Named {
		if later {
			n++
		}
	}
	return n
}

// Add decodes an entry, or takes note that it cannot be read.
func (b *Batch) Add(name, value string) {
	e, err := Decode(name, value)
	if err == nil {
		b.Entries = append(b.Entries, e)
		return
	}
	u := &b.Unreadable
	if u.Count++; u.Count == 1 {
		u.Example = fmt.Sprintf("%.80q: %.40q", name, value)
	}
	r, err := decodeRegister(name)
	if err != nil {
		return
	}
	if u.Named == nil {
		u.Named = map[Register]bool{}
	}
	u.Named[r] = isLater(value)
}

// Stream is the log as an edge follows it. Every error means that the store could not be asked; absence is a value.
type Stream interface {
	// Probe tells this edge's beat and returns the shard's head, in one step.
	Probe(ctx context.Context, shard int, mine Beat) (Head, error)
	// Snapshot returns all registers of the shard that have not ended. Next is not used.
	Snapshot(ctx context.Context, shard int) (Batch, error)
	// Read returns what came after a position, waiting up to wait for the first entry. No entries: Next is after. Without a wait it asks
	// whom Probe and Snapshot ask; with one it may ask another copy of the log.
	Read(ctx context.Context, shard int, after Cursor, wait time.Duration) (Batch, error)
}

// ErrUnacknowledged is a write that the log has taken as a whole, and that fewer copies of the log have confirmed than it was asked
// for. It does not count as delivered; whoever reads the log meets it all the same.
var ErrUnacknowledged = errors.New("the log has it, but too few copies confirmed it")

// Sink is the log as it is written. Every error means that it is not known whether the write happened; all of them
// may be repeated.
type Sink interface {
	// Append merges the entries into the snapshot and adds them to the streams of their shards.
	Append(ctx context.Context, entries []Entry) error
	// Reseed gives a shard all entries of an incarnation back, and only then counts the incarnation among those held.
	// A shard without a current incarnation takes this one.
	Reseed(ctx context.Context, shard int, inc identity.Incarnation, entries []Entry) error
	// Begin makes next the current incarnation if expect (zero: none) is, and returns the one that is current then.
	// forming sets Head.Forming; Begin(…, x, x, false) clears it.
	Begin(ctx context.Context, shard int, expect, next identity.Incarnation, forming bool) (identity.Incarnation, error)
}
