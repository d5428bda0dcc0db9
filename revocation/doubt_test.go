package revocation_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// scribbled is a log in which something stands that this release cannot read.
type scribbled struct {
	*memLog

	smu  sync.Mutex        // guards both below
	snap map[string]string // in the snapshots, by name
	news map[string]string // in the stream, read once
}

func (l *scribbled) write(name, value string) {
	l.smu.Lock()
	l.snap[name], l.news[name] = value, value
	l.smu.Unlock()
	for { // the stream goes on with something else
		if e := families(1)[0]; e.Shard() == shardOf(name) {
			_ = l.memLog.Append(context.Background(), []revocation.Entry{e})
			return
		}
	}
}

func (l *scribbled) mend(name string) {
	l.smu.Lock()
	defer l.smu.Unlock()
	delete(l.snap, name)
}

func (l *scribbled) Snapshot(ctx context.Context, shard int) (revocation.Batch, error) {
	b, err := l.memLog.Snapshot(ctx, shard)
	l.smu.Lock()
	defer l.smu.Unlock()
	for name, value := range l.snap {
		if shardOf(name) == shard {
			b.Entries = slices.DeleteFunc(b.Entries, func(e revocation.Entry) bool { n, _ := e.Encode(); return n == name })
			b.Add(name, value)
		}
	}
	return b, err
}

func (l *scribbled) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	b, err := l.memLog.Read(ctx, shard, after, wait)
	if err != nil || wait > 0 { // what is listened to is read again
		return b, err
	}
	l.smu.Lock()
	defer l.smu.Unlock()
	for name, value := range maps.Clone(l.news) {
		if shardOf(name) == shard {
			b.Add(name, value)
			delete(l.news, name)
		}
	}
	return b, nil
}

// shardOf is where a register lies; 7 for what names none.
func shardOf(name string) int {
	e, err := revocation.Decode(name, "1 0 1   ")
	if err != nil {
		return 7
	}
	return e.Shard()
}

// scribbles is a log with an edge that has followed it for a while.
func scribbles(t *testing.T) (*scribbled, *edge) {
	t.Helper()
	log := &scribbled{memLog: &memLog{}, snap: map[string]string{}, news: map[string]string{}}
	e := startEdge(t, log)
	time.Sleep(10 * time.Second)
	return log, e
}

func Test_what_a_register_that_cannot_be_read_names_is_refused_and_nobody_else(t *testing.T) {
	for what, register := range map[string]func(revocation.Bearer) revocation.Register{
		"family":      func(b revocation.Bearer) revocation.Register { return revocation.Family(b.Family) },
		"session":     func(b revocation.Bearer) revocation.Register { return revocation.Session(b.ID) },
		"subject":     func(b revocation.Bearer) revocation.Register { return revocation.Subject(b.Subject) },
		"idp_session": func(b revocation.Bearer) revocation.Register { return revocation.IdPSession(b.IdPSession) },
		"device":      func(b revocation.Bearer) revocation.Register { return revocation.Device(b.Device) },
	} {
		for how, value := range map[string]string{"of a later release": "2 17 until=never", "corrupt": "1 2 3", "empty": ""} {
			t.Run(what+" "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					log, e := scribbles(t)
					defer e.stop()
					named, other := bearer(time.Now()), bearer(time.Now())
					other.Subject.Sub, other.IdPSession.SID = "bob", "s2"
					name, _ := revocation.Entry{Register: register(named)}.Encode()
					log.write(name, value)
					time.Sleep(2 * time.Second)
					late := startEdge(t, log) // knows it from the snapshot
					defer late.stop()
					time.Sleep(10 * time.Second)
					for i, at := range []*edge{e, late} {
						a, b := named.Names(), other.Names()
						if st := at.Standing(&a); !st.Revoked || !strings.Contains(st.Reason, "unreadable") {
							t.Errorf("edge %d says %+v of whom the entry names", i, st)
						}
						if at.Standing(&b).Revoked || !at.Ready() || at.Staleness() > 2*time.Second {
							t.Errorf("edge %d: somebody else is concerned", i)
						}
						if at.Unreadable() != 1 || at.happened(revocation.Unreadable) == 0 {
							t.Errorf("edge %d counts %d entries and told %d times", i, at.Unreadable(), at.happened(revocation.Unreadable))
						}
						again := named // a later login
						again.ID, again.Family, again.Epoch = identity.NewSessionID(), identity.NewFamily(), time.UnixMilli(int64(at.NotBefore(&a))+1)
						if c := again.Names(); at.Standing(&c).Revoked {
							t.Errorf("edge %d: a login after that is refused too", i)
						}
					}
				})
			})
		}
	}
}

func Test_a_floor_that_cannot_be_read_is_demanded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, e := scribbles(t)
		defer e.stop()
		name, _ := revocation.Entry{Register: revocation.Floor(bearer(time.Now()).Subject, identity.High)}.Encode()
		log.write(name, "2 x")
		time.Sleep(2 * time.Second)
		names := bearer(time.Now()).Names()
		floors := e.Standing(&names).Floors
		if len(floors) != 1 || floors[0].Level != identity.High || floors[0].Since < revocation.MillisOf(time.Now()) || floors[0].Until <= floors[0].Since {
			t.Errorf("floors %+v", floors)
		}
	})
}

func Test_what_was_mended_in_the_log_is_in_doubt_no_more_and_what_was_not_stays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, e := scribbles(t)
		defer e.stop()
		one, two := bearer(time.Now()), bearer(time.Now())
		for revocation.Family(two.Family).Shard() != revocation.Family(one.Family).Shard() {
			two = bearer(time.Now())
		}
		first, _ := revocation.Entry{Register: revocation.Family(one.Family)}.Encode()
		second, _ := revocation.Entry{Register: revocation.Family(two.Family)}.Encode()
		a, b := one.Names(), two.Names()
		for _, name := range []string{first, second, "what is this"} {
			log.write(name, "2")
			time.Sleep(3 * time.Second)
		}
		if e.Unreadable() != 3 || !e.Standing(&a).Revoked || !e.Standing(&b).Revoked {
			t.Fatalf("%d entries are unreadable; refused %v and %v", e.Unreadable(), e.Standing(&a).Revoked, e.Standing(&b).Revoked)
		}
		log.mend(first)
		log.mend("what is this")
		time.Sleep(15 * time.Minute)
		if e.Standing(&a).Revoked || !e.Standing(&b).Revoked || e.Unreadable() != 1 {
			t.Errorf("mended: refused %v; not mended: refused %v; %d unreadable", e.Standing(&a).Revoked, e.Standing(&b).Revoked, e.Unreadable())
		}
	})
}

func Test_a_doubt_about_all_ends_no_login_that_came_after_it_however_often_the_log_is_looked_at(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, e := scribbles(t)
		defer e.stop()
		name, _ := revocation.Entry{Register: revocation.All()}.Encode()
		log.write(name, "2")
		time.Sleep(2 * time.Minute)
		n := e.mint(t)
		time.Sleep(time.Hour)
		if e.Standing(&n).Revoked {
			t.Error("a login is ended by an entry that stood in the log before it")
		}
	})
}

func Test_what_a_later_release_wrote_is_not_overwritten_by_giving_back_and_what_is_corrupt_is(t *testing.T) {
	for value, kept := range map[string]bool{"2 later": true, "1 nonsense": false} {
		synctest.Test(t, func(t *testing.T) {
			log, e := scribbles(t)
			defer e.stop()
			entry, names := ended()
			if _, err := e.writer.Write(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			name, _ := entry.Encode()
			log.write(name, value)
			log.mu.Lock()
			before := log.writes
			log.mu.Unlock()
			log.trim(0)
			log.appendAndTrim(everyone()) // the edge has to load shard 0 anew
			time.Sleep(3 * time.Second)
			log.mu.Lock()
			after := log.writes
			log.mu.Unlock()
			if (after == before) != kept {
				t.Errorf("%q: written %d times, want it kept: %v", value, after-before, kept)
			}
			if !e.Standing(&names).Revoked {
				t.Error("what was known is not refused any more")
			}
		})
	}
}

func Test_an_edge_that_starts_from_its_copy_looks_again_at_what_could_not_be_read(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, e := scribbles(t)
		gone := bearer(time.Now())
		name, _ := revocation.Entry{Register: revocation.Family(gone.Family)}.Encode()
		log.write(name, "2")
		time.Sleep(3 * time.Second)
		var states [revocation.Shards]revocation.ShardState
		for i := range states {
			states[i] = e.State(i)
		}
		e.stop()
		anew := prepareEdge(log)
		anew.Restore(states, 0)
		anew.run(t)
		defer anew.stop()
		time.Sleep(3 * time.Second)
		if names := gone.Names(); !anew.Standing(&names).Revoked {
			t.Error("whom an unreadable entry names gets in after a restart")
		}
	})
}
