package disk

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

const snapshotKind = "snapshot"

// The kinds of records in a snapshot, by their first byte: one promise, any number of entries, one end.
const (
	recordPromise = 'p'
	recordEntries = 'e'
	recordEnd     = 'z' // and the number of entries: without it the file is not whole
)

// promise is what a snapshot says of itself.
type promise struct {
	Written revocation.Millis               `json:"written"`
	Boot    string                          `json:"boot,omitempty"` // with Uptime, in milliseconds: Boot at that time
	Uptime  int64                           `json:"uptime_ms,omitempty"`
	Shards  [revocation.Shards]shardPromise `json:"shards"`
}

// never is the staleness of a shard that was never read, in milliseconds.
const never = int64(math.MaxInt64 / time.Millisecond)

// shardPromise is revocation.ShardState. Staleness, in milliseconds, is rounded up.
type shardPromise struct {
	Current   string            `json:"current"`
	Held      []string          `json:"held"`
	Cursor    revocation.Cursor `json:"cursor"`
	Checked   revocation.Cursor `json:"checked"`
	Life      string            `json:"life"`
	Staleness int64             `json:"staleness_ms"`
}

// Save writes a copy of the log to the snapshot, in place of the one before, and returns how many entries it has. Of a
// copy that promises nothing yet there is nothing to save.
func (f *Folder) Save(r *revocation.Replica) (entries int, err error) {
	p := promiseOf(r, f.opt.Now(), f.opt.boot()) // before any entry: they may be more, never less
	file, err := f.replace(SnapshotName, func(file *os.File) error {
		buffered := bufio.NewWriterSize(file, 1<<20)
		w := snapshotWriter{to: buffered, seal: f.opt.Snapshot, header: newHeader(snapshotKind)}
		if err := w.all(&p, r); err != nil {
			return err
		}
		entries = w.entries
		return buffered.Flush()
	})
	if err != nil {
		return 0, err
	}
	return entries, file.Close()
}

func promiseOf(r *revocation.Replica, now time.Time, boot Boot) promise {
	p := promise{Written: revocation.MillisOf(now), Boot: boot.ID, Uptime: boot.Up.Milliseconds()}
	for i := range p.Shards {
		st := r.State(i)
		out := &p.Shards[i]
		out.Current, out.Cursor, out.Checked, out.Life = st.Current.String(), st.Place.Cursor, st.Place.Checked, st.Place.Life
		out.Staleness = min(int64(st.Staleness/time.Millisecond)+1, never)
		for _, inc := range st.Held {
			out.Held = append(out.Held, inc.String())
		}
		slices.Sort(out.Held)
	}
	return p
}

// states is the inverse of promiseOf.
func (p *promise) states() (out [revocation.Shards]revocation.ShardState, err error) {
	for i := range p.Shards {
		in := &p.Shards[i]
		st := revocation.ShardState{Place: revocation.Place{Cursor: in.Cursor, Checked: in.Checked, Life: in.Life}}
		if in.Staleness < 0 || in.Staleness > never {
			return out, fmt.Errorf("shard %d is %d ms stale", i, in.Staleness)
		}
		if st.Staleness = time.Duration(in.Staleness) * time.Millisecond; in.Staleness == never {
			st.Staleness = math.MaxInt64
		}
		if st.Current, err = identity.ParseIncarnation(in.Current); err != nil {
			return out, fmt.Errorf("shard %d: %w", i, err)
		}
		for _, text := range in.Held {
			inc, err := identity.ParseIncarnation(text)
			if err != nil {
				return out, fmt.Errorf("shard %d: %w", i, err)
			}
			st.Held = append(st.Held, inc)
		}
		out[i] = st
	}
	return out, nil
}

// snapshotWriter writes records one after the other.
type snapshotWriter struct {
	to      io.StringWriter
	seal    Sealer
	header  header
	records int
	entries int
}

func (w *snapshotWriter) all(p *promise, r *revocation.Replica) error {
	if _, err := w.to.WriteString(w.header.String() + "\n"); err != nil {
		return err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := w.record(recordPromise, body); err != nil {
		return err
	}
	if err := w.log(r); err != nil {
		return err
	}
	return w.record(recordEnd, strconv.AppendInt(nil, int64(w.entries), 10))
}

// log writes what the log says, a chunk at a time: as a whole it takes six times the room that it has in the replica.
func (w *snapshotWriter) log(r *revocation.Replica) error {
	part := make([]revocation.Entry, 0, chunk)
	flush := func() error {
		if len(part) == 0 {
			return nil
		}
		w.entries += len(part)
		err := w.record(recordEntries, encode(part))
		part = part[:0]
		return err
	}
	for shard := range revocation.Shards {
		for e := range r.All(shard) {
			if part = append(part, e); len(part) < chunk {
				continue
			}
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (w *snapshotWriter) record(kind byte, body []byte) error {
	w.records++
	line, err := w.seal.Seal(w.header.place(w.records), append([]byte{kind}, body...))
	if err != nil {
		return err
	}
	_, err = w.to.WriteString(line + "\n")
	return err
}
