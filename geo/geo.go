// Package geo answers where an address is and what kind of network it belongs to, from files: MMDB databases and lists of
// networks. It must not know HTTP, sessions, policy or who asks.
//
// A file that is missing or broken makes an answer unknown; it never makes an error, and what was read of it before stays in
// use until it is whole again. [DB.Status] says so. docs/geo-data.md describes the files for operators.
package geo

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/geo/internal/list"
	"github.com/edgeauth/edgeauth/geo/internal/zone"
)

// Files names the sources; all are optional. Of several databases, city files are asked first, then country, then asn, in
// the order given: each adds what those before it do not tell, whatever its kind says. A database may be in GeoIP2's layout
// or the flat one of ip-location-db, for IPv4, IPv6 or both.
type Files struct {
	City, Country, ASN   []string // MMDB
	Hosting, Tor, Egress []string // lists: an address, prefix or AS number on each line, # begins a comment
}

// Options are what a DB needs from its owner besides files.
type Options struct {
	Log *slog.Logger     // where changes of files and their problems are told; nil: nowhere
	Now func() time.Time // nil: time.Now
}

// DB looks addresses up. It is safe for concurrent use.
type DB struct {
	log   *slog.Logger
	now   func() time.Time
	zones *zone.Zones
	spare sync.Pool            // *record, so that a look-up allocates nothing
	data  atomic.Pointer[data] // what look-ups use; replaced as a whole

	mu    sync.Mutex // guards the followers below
	bases []*follower[*base]
	lists []*follower[*list.Set]
}

// data is what was last read of all files. It does not change.
type data struct {
	bases                []*base
	hosting, tor, egress lists
}

// lists are the lists of one kind.
type lists struct {
	sets    []*list.Set
	unknown bool // there is no list, or one that was never read
}

// pollEvery is how often Run looks for changed files.
const pollEvery = 10 * time.Second

// maxList bounds a list, in bytes.
const maxList = 64 << 20

// Open reads the files. What cannot be read is in the log and in Status; it is tried again by Refresh.
func Open(files Files, opts Options) *DB {
	d := &DB{log: opts.Log, now: opts.Now, zones: zone.New()}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.now == nil {
		d.now = time.Now
	}
	d.spare.New = func() any { return new(record) }
	d.follow(files)
	d.Refresh()
	return d
}

func (d *DB) follow(files Files) {
	var seen []string // a file that serves as city and asn is read once
	for _, group := range []struct {
		kind  Kind
		paths []string
	}{{City, files.City}, {Country, files.Country}, {ASN, files.ASN}} {
		for _, path := range group.paths {
			if path = filepath.Clean(path); !slices.Contains(seen, path) {
				seen = append(seen, path)
				d.bases = append(d.bases, newFollower(group.kind, path, maxBase, openBase))
			}
		}
	}
	for _, group := range []struct {
		kind  Kind
		paths []string
	}{{Hosting, files.Hosting}, {Tor, files.Tor}, {Egress, files.Egress}} {
		for _, path := range group.paths {
			d.lists = append(d.lists, followList(group.kind, path))
		}
	}
}

// followList follows a list. An egress list excuses people, so it excuses no address besides those that it names, and nobody
// once it is gone.
func followList(kind Kind, path string) *follower[*list.Set] {
	excuses := kind == Egress
	f := newFollower(kind, path, maxList, func(data []byte) (*list.Set, error) { return list.Parse(data, !excuses) })
	f.drop = excuses
	return f
}

// Run reads files again when they change, until the context ends. It returns nil.
func (d *DB) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.Refresh()
		}
	}
}

// Refresh reads those files again that changed since, or that could not be read. Look-ups go on meanwhile.
func (d *DB) Refresh() {
	d.mu.Lock()
	defer d.mu.Unlock()
	changed := d.data.Load() == nil
	for _, f := range d.bases {
		changed = refresh(d, f) || changed
	}
	for _, f := range d.lists {
		changed = refresh(d, f) || changed
	}
	if changed {
		d.data.Store(d.gather())
	}
}

// refresh has f read again and tells what came of it.
func refresh[T any](d *DB, f *follower[T]) bool {
	changed, news := f.refresh(d.now())
	switch {
	case !news:
	case f.problem == nil:
		d.log.Info("geo file read", "kind", f.kind, "file", f.path)
	case f.have:
		d.log.Error("geo file cannot be used: what was read of it before stays in use", "kind", f.kind, "file", f.path, "error", f.problem)
	default:
		d.log.Error("geo file cannot be used: what it would tell is unknown", "kind", f.kind, "file", f.path, "error", f.problem)
	}
	return changed
}

func (d *DB) gather() *data {
	all := &data{hosting: lists{unknown: true}, tor: lists{unknown: true}, egress: lists{unknown: true}}
	for _, f := range d.bases {
		if f.have {
			all.bases = append(all.bases, f.value)
		}
	}
	all.hosting, all.tor, all.egress = d.listsOf(Hosting), d.listsOf(Tor), d.listsOf(Egress)
	return all
}

func (d *DB) listsOf(kind Kind) lists {
	l := lists{unknown: true}
	missing := false
	for _, f := range d.lists {
		switch {
		case f.kind != kind:
		case f.have:
			l.sets = append(l.sets, f.value)
		default:
			missing = true
		}
	}
	l.unknown = missing || len(l.sets) == 0
	return l
}

// Lookup tells where an address is. An IPv6 address counts as its /64, but for egress lists. The zero Addr is unknown.
func (d *DB) Lookup(a netip.Addr) Result {
	all := d.data.Load()
	r := Result{Addr: Normal(a)}
	r.Private = r.Addr.IsValid() && !hasPlace(r.Addr)
	if r.Addr.IsValid() && !r.Private {
		d.ask(all.bases, &r)
		r.settleZone(d.zones)
	}
	r.settleLists(all)
	r.settleUnknown()
	return r
}

// ask has the databases fill r in, one after the other, until nothing is left to ask.
func (d *DB) ask(bases []*base, r *Result) {
	rec := d.spare.Get().(*record)
	defer d.spare.Put(rec)
	host := Host(r.Addr).Addr()
	for _, b := range bases {
		if b.lookup(host, rec) {
			r.merge(rec)
		}
		if r.complete() {
			return
		}
	}
}
