package revocation_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// Test_edges_that_crash_and_start_on_their_disks_agree_too is the simulation with edges that keep files, crash at any moment
// and start again on what is on the disk by then, often while the log is away. What an edge with a disk has answered for is
// refused whenever it runs, and by all once it is back, though the log has lost it before anyone else read it; and a copy from a
// disk is never older than it says.
func Test_edges_that_crash_and_start_on_their_disks_agree_too(t *testing.T) {
	for seed := range max(10, seeds(t)/8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newDurableWorld(t, seed).run() })
		})
	}
}

// durableWorld is a world some of whose edges have disks.
type durableWorld struct {
	*world
	disks    map[*edge]*durable
	promised map[*durable][]*told // what was answered with Delivered or Pending, by the disk that has to keep it
}

func newDurableWorld(t *testing.T, seed uint64) *durableWorld {
	d := &durableWorld{world: newWorld(t, seed), disks: map[*edge]*durable{}, promised: map[*durable][]*told{}}
	d.answered = d.note
	for range 2 {
		d.begin(t.TempDir(), nil)
	}
	return d
}

// begin starts an edge on a disk that has promised to keep something.
func (d *durableWorld) begin(dir string, kept []*told) {
	e := startDurable(d.t, slowLog{d.log, d.rand.Uint64()}, dir, 0)
	d.edges = append(d.edges, e.edge)
	d.disks[e.edge], d.promised[e] = e, kept
	d.known[e.edge] = map[*told]bool{}
	for _, tell := range kept {
		d.known[e.edge][tell] = true
	}
	d.look()
}

func (d *durableWorld) run() {
	defer func() {
		for _, e := range d.edges {
			e.stop()
		}
	}()
	for range 60 {
		time.Sleep(time.Duration(d.rand.Int64N(int64(1200 * time.Millisecond))))
		switch n := d.rand.IntN(10); {
		case n < 3:
			d.write(d.any())
		case n < 4:
			d.restart()
		case n < 5:
			d.doubleFault()
		default:
			d.happen()
		}
		d.look()
	}
	d.settle()
}

// note keeps what an answer promises.
func (d *durableWorld) note(e *edge, tell *told, answer revocation.Delivery) {
	if on := d.disks[e]; on != nil && answer != revocation.InMemory {
		d.promised[on] = append(d.promised[on], tell)
	}
}

// doubleFault has the log lose what it has just taken, and the edge that wrote it end before it can give it back. Other edges may have read it by then, or not.
func (d *durableWorld) doubleFault() {
	d.log.setDown(false)
	if i := d.withDisk(); i >= 0 {
		d.log.flush(d.write(d.edges[i]).Shard())
	}
	d.restart()
}

// withDisk is the number of the first edge that has one; negative: none has.
func (d *durableWorld) withDisk() int {
	return slices.IndexFunc(d.edges, func(e *edge) bool { return d.disks[e] != nil })
}

// restart ends an edge with a disk, by a crash more often than not, and starts another on that disk.
func (d *durableWorld) restart() {
	i := d.withDisk()
	if i < 0 {
		d.begin(d.t.TempDir(), nil)
		return
	}
	on := d.disks[d.edges[i]]
	d.edges = slices.Delete(d.edges, i, i+1)
	dir, kept := on.dir, d.promised[on]
	delete(d.promised, on)
	if d.rand.IntN(3) > 0 {
		dir = on.image(d.t)
	}
	on.stop()
	time.Sleep(time.Duration(d.rand.Int64N(int64(2 * time.Second))))
	d.begin(dir, kept)
}

// settle lets every disk be read once more, and checks what must hold when all is quiet.
func (d *durableWorld) settle() {
	for on, kept := range d.promised {
		if !slices.Contains(d.edges, on.edge) { // it was replaced by an edge without a disk
			delete(d.promised, on)
			d.begin(on.dir, kept)
		}
	}
	d.log.setDown(false)
	time.Sleep(40 * time.Second)
	d.look()
	d.compare()
	for _, kept := range d.promised {
		for _, tell := range kept {
			for i, e := range d.edges {
				if !e.Standing(&tell.names).Revoked {
					d.t.Errorf("seed %d: edge %d lets %v in, which an edge with a disk has answered for", d.seed, i, tell.register)
				}
			}
		}
	}
}
