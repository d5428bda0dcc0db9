package revocation_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// Test_edges_agree_whatever_happens_to_the_log lets edges write while the log is cut off, emptied in part or as a whole,
// trimmed, and slow, and while edges are replaced. The seed decides faults, writes and delays; scheduling and the edges'
// own jitter stay free, so a seed that failed may need several runs: `-run 'log/seed_17$' -count 50`. EDGEAUTH_SEEDS says how
// many seeds are tried.
func Test_edges_agree_whatever_happens_to_the_log(t *testing.T) {
	for seed := range seeds(t) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newWorld(t, seed).run() })
		})
	}
}

func seeds(t *testing.T) uint64 {
	text := os.Getenv("EDGEAUTH_SEEDS")
	if text == "" {
		return 400
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("EDGEAUTH_SEEDS: %v", err)
	}
	return n
}

// world is a log, the edges that follow it, and what they were told.
type world struct {
	t     *testing.T
	seed  uint64
	rand  *rand.Rand
	log   *memLog
	edges []*edge
	known map[*edge]map[*told]bool // what an edge was seen to deny
	told  []*told

	answered func(*edge, *told, revocation.Delivery) // nil: nobody wants to know
}

// told is one revocation, and a bearer whom it concerns.
type told struct {
	register revocation.Register
	names    revocation.Names
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 0)), log: &memLog{}, known: map[*edge]map[*told]bool{}}
	for range 2 + w.rand.IntN(2) {
		w.start()
	}
	return w
}

func (w *world) start() {
	e := startEdge(w.t, slowLog{w.log, w.rand.Uint64()})
	w.edges = append(w.edges, e)
	w.known[e] = map[*told]bool{}
}

func (w *world) run() {
	defer func() {
		for _, e := range w.edges {
			e.stop()
		}
	}()
	for range 40 {
		time.Sleep(time.Duration(w.rand.Int64N(int64(800 * time.Millisecond))))
		w.happen()
		w.look()
	}
	w.log.setDown(false)
	time.Sleep(40 * time.Second)
	w.look()
	w.compare()
}

// happen does one thing: mostly a write, else a fault, or one right after the other.
func (w *world) happen() {
	some := w.rand.Perm(revocation.Shards)
	switch n := w.rand.IntN(24); {
	case n < 10:
		w.write(w.any())
	case n < 12:
		w.log.setDown(true)
	case n < 16:
		w.log.setDown(false)
	case n < 17:
		w.log.flush(some[:1+w.rand.IntN(3)]...)
	case n < 18:
		w.log.flush(some...)
	case n < 20: // lost before all have read it
		w.log.flush(w.write(w.any()).Shard())
	case n < 22: // trimmed before anyone can read it
		w.log.appendAndTrim(w.tell())
	case n < 23:
		w.replace()
	default: // emptied while an edge starts
		w.replace()
		time.Sleep(time.Duration(w.rand.Int64N(int64(300 * time.Millisecond))))
		w.log.flush(some...)
	}
}

func (w *world) any() *edge { return w.edges[w.rand.IntN(len(w.edges))] }

func (w *world) replace() {
	w.edges[0].stop()
	w.edges = w.edges[1:]
	w.start()
}

// tell makes a revocation of a family, or of all sessions of a subject. Few shards see most of them, so that faults
// meet writes.
func (w *world) tell() revocation.Entry {
	b := bearer(time.Now())
	b.Subject.Sub = b.Family.String()
	tell := &told{register: revocation.Family(b.Family), names: b.Names()}
	if w.rand.IntN(3) == 0 {
		tell.register = revocation.Subject(b.Subject)
	}
	if tell.register.Shard() > 3 && w.rand.IntN(8) > 0 {
		return w.tell()
	}
	w.told = append(w.told, tell)
	now := revocation.MillisOf(time.Now())
	return revocation.Entry{Register: tell.register, Value: revocation.Value{Since: now, Until: now + 3_600_000}}
}

func (w *world) write(e *edge) revocation.Register {
	entry := w.tell()
	answer, err := e.writer.Write(w.t.Context(), entry)
	if err != nil {
		w.t.Errorf("seed %d: writing: %v", w.seed, err)
	}
	tell := w.told[len(w.told)-1]
	if w.known[e][tell] = true; w.answered != nil {
		w.answered(e, tell, answer)
	}
	return entry.Register
}

// look checks what must hold at any moment: nothing denied is let in again, and no copy is older than its edge says,
// or than another edge says of it.
func (w *world) look() {
	for i, e := range w.edges {
		for _, tell := range w.told {
			switch denied := e.Standing(&tell.names).Revoked; {
			case denied:
				w.known[e][tell] = true
			case w.known[e][tell]:
				w.t.Errorf("seed %d, %v: edge %d denied %v once and lets it in now", w.seed, time.Now(), i, tell.register)
			}
		}
		for shard := range revocation.Shards {
			w.lookAtAge(i, e, shard)
		}
	}
	w.lookAtClaims()
}

// lookAtAge takes the figure first and the copy afterwards, which may have grown meanwhile but not shrunk.
func (w *world) lookAtAge(i int, e *edge, shard int) {
	w.log.mu.Lock()
	put := maps.Clone(w.log.shards[shard].put)
	w.log.mu.Unlock()
	age := e.ShardStaleness(shard)
	copied := map[revocation.Register]bool{}
	for _, entry := range e.Entries(shard) {
		copied[entry.Register] = true
	}
	for register, at := range put {
		if since := time.Since(at); since > age && !copied[register] {
			w.t.Errorf("seed %d, %v: edge %d says that its copy of shard %d is %v old and misses what came %v ago", w.seed, time.Now(), i, shard, age, since)
		}
	}
}

// compare checks what must hold once all is quiet: all edges mint under one incarnation that all vouch for, no outbox
// holds anything, and what one edge denies is denied by all.
func (w *world) compare() {
	for i, e := range w.edges {
		inc, ok := e.Current()
		if first, _ := w.edges[0].Current(); !ok || inc != first {
			w.t.Errorf("seed %d: edge %d mints under %v (%v), edge 0 under %v", w.seed, i, inc, ok, first)
			continue
		}
		if n := e.writer.Pending(); n > 0 {
			w.t.Errorf("seed %d: %d entries of edge %d were not delivered", w.seed, n, i)
		}
		names := revocation.Bearer{Incarnation: inc}.Names()
		for j, other := range w.edges {
			if !other.Standing(&names).Vouched {
				w.t.Errorf("seed %d: edge %d does not vouch for what edge %d mints", w.seed, j, i)
			}
			for _, tell := range w.told {
				if e.Standing(&tell.names).Revoked && !other.Standing(&tell.names).Revoked {
					w.t.Errorf("seed %d: edge %d denies %v, edge %d does not", w.seed, i, tell.register, j)
				}
			}
		}
	}
}

// slowLog is a log at the end of a slow line: requests and answers take up to a quarter of a second each.
type slowLog struct {
	log  *memLog
	seed uint64
}

func (l slowLog) wait(shard, leg int) {
	h := fnv.New64a()
	fmt.Fprint(h, l.seed, shard, leg, time.Now().UnixNano())
	if n := h.Sum64(); n%4 == 0 {
		time.Sleep(time.Duration(n / 4 % uint64(250*time.Millisecond)))
	}
}

// delayed asks after the first leg and answers after the second.
func delayed[T any](l slowLog, shard int, ask func() (T, error)) (T, error) {
	l.wait(shard, 1)
	answer, err := ask()
	l.wait(shard, 2)
	return answer, err
}

func (l slowLog) Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error) {
	return delayed(l, shard, func() (revocation.Head, error) { return l.log.Probe(ctx, shard, mine) })
}

func (l slowLog) Snapshot(ctx context.Context, shard int) (revocation.Batch, error) {
	return delayed(l, shard, func() (revocation.Batch, error) { return l.log.Snapshot(ctx, shard) })
}

func (l slowLog) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	return delayed(l, shard, func() (revocation.Batch, error) { return l.log.Read(ctx, shard, after, wait) })
}

func (l slowLog) Append(ctx context.Context, entries []revocation.Entry) error {
	_, err := delayed(l, 0, func() (struct{}, error) { return struct{}{}, l.log.Append(ctx, entries) })
	return err
}

func (l slowLog) Reseed(ctx context.Context, shard int, inc identity.Incarnation, entries []revocation.Entry) error {
	_, err := delayed(l, shard, func() (struct{}, error) { return struct{}{}, l.log.Reseed(ctx, shard, inc, entries) })
	return err
}

func (l slowLog) Begin(ctx context.Context, shard int, expect, next identity.Incarnation, forming bool) (identity.Incarnation, error) {
	return delayed(l, shard, func() (identity.Incarnation, error) { return l.log.Begin(ctx, shard, expect, next, forming) })
}
