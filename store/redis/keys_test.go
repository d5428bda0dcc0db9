package redis_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/redis"
)

// entriesOf returns n entries of one shard that end in an hour.
func entriesOf(shard, n int) (entries []revocation.Entry) {
	until := revocation.MillisOf(time.Now().Add(time.Hour))
	for len(entries) < n {
		e := revocation.Entry{Register: revocation.Family(identity.NewFamily()), Value: revocation.Value{Since: 1, Until: until}}
		if e.Shard() == shard {
			entries = append(entries, e)
		}
	}
	return entries
}

func TestTheKeysAreThoseOfTheDocument(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	entry := entriesOf(7, 1)[0]
	hour := int64(entry.Until) / 3_600_000
	must(t, s.Append(t.Context(), []revocation.Entry{entry}))
	_, err := s.Begin(t.Context(), 7, identity.Incarnation{}, identity.NewIncarnation(), true)
	must(t, err)
	_, err = s.Probe(t.Context(), 7, revocation.Beat{Origin: revocation.NewOrigin("a")})
	must(t, err)
	_, err = s.Claim(t.Context(), "flow", nil, time.Hour)
	must(t, err)
	must(t, s.Put(t.Context(), "session", nil, time.Hour))
	must(t, s.Push(t.Context(), "seen", nil, 1, time.Hour))
	must(t, s.Enter(t.Context(), "subject", "session", nil, 1, time.Hour))

	var got []string
	for _, key := range server.Do("KEYS", "*").([]any) {
		got = append(got, key.(string)+" "+server.Do("TYPE", key.(string)).(string))
	}
	slices.Sort(got)
	want := []string{
		"edgeauth:list:seen list", "edgeauth:once:flow string", "edgeauth:roll:subject hash", "edgeauth:vault:session string",
		"{log:07}:beat string", "{log:07}:buckets zset", "{log:07}:current string", "{log:07}:held set",
		"{log:07}:life string", "{log:07}:origins hash", fmt.Sprintf("{log:07}:snap:%d hash", hour), "{log:07}:stream stream",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ends := server.Do("EXPIRETIME", fmt.Sprintf("{log:07}:snap:%d", hour))
	if want := (hour + 3) * 3600; ends != want {
		t.Errorf("the bucket ends at %v, want %d", ends, want)
	}
}

func TestAMonthOfRegistersLiesInFewBucketsThatOutliveThem(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	const hours = 720 // the longest life of a register
	entries := entriesOf(7, hours)
	for i := range entries {
		entries[i].Until = revocation.MillisOf(time.Now().Add(time.Duration(i+1) * time.Hour))
	}
	must(t, s.Append(t.Context(), entries))
	buckets := server.Do("ZRANGE", "{log:07}:buckets", "0", "-1").([]any)
	if n := len(buckets); n > 48+1+31+1 {
		t.Errorf("%d buckets", n)
	}
	found := 0
	for _, hour := range buckets {
		key := "{log:07}:snap:" + hour.(string)
		ends := server.Do("EXPIRETIME", key).(int64)
		fields := server.Do("HGETALL", key).([]any)
		for i := 0; i < len(fields); i += 2 {
			e, err := revocation.Decode(fields[i].(string), fields[i+1].(string))
			must(t, err)
			found++
			if ends*1000 < int64(e.Until) {
				t.Errorf("%s ends at %d and its bucket at %d", fields[i], e.Until, ends*1000)
			}
		}
	}
	if found != hours {
		t.Errorf("%d registers in the buckets, want %d", found, hours)
	}
}

func TestAKeyOfTheWrongTypeIsUnavailableAndTheRestWorks(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	entry := entriesOf(3, 1)
	bucket := fmt.Sprintf("snap:%d", int64(entry[0].Until)/3_600_000)
	appends := func() error { return s.Append(t.Context(), entry) }
	probes := func() error { _, err := s.Probe(t.Context(), 3, revocation.Beat{}); return err }
	begins := func() error {
		_, err := s.Begin(t.Context(), 3, identity.Incarnation{}, identity.NewIncarnation(), false)
		return err
	}
	reseeds := func() error { return s.Reseed(t.Context(), 3, identity.NewIncarnation(), nil) }
	reads := func() error { _, err := s.Read(t.Context(), 3, revocation.Cursor{}, 0); return err }
	snapshots := func() error { _, err := s.Snapshot(t.Context(), 3); return err }
	claims := func() error { _, err := s.Claim(t.Context(), "k", nil, time.Hour); return err }
	gets := func() error { _, _, err := s.Get(t.Context(), "k"); return err }
	pushes := func() error { return s.Push(t.Context(), "k", nil, 1, time.Hour) }
	lists := func() error { _, err := s.List(t.Context(), "k"); return err }
	enters := func() error { return s.Enter(t.Context(), "k", "r", nil, 1, time.Hour) }
	rolls := func() error { _, err := s.Roll(t.Context(), "k"); return err }
	strikes := func() error { return s.Strike(t.Context(), "k", "r") }
	for key, calls := range map[string]map[string]func() error{
		"{log:03}:stream":    {"append": appends, "probe": probes, "read": reads},
		"{log:03}:" + bucket: {"append": appends},
		"{log:03}:buckets":   {"append": appends, "snapshot": snapshots},
		"{log:03}:current":   {"probe": probes, "begin": begins},
		"{log:03}:held":      {"probe": probes, "begin": begins, "reseed": reseeds},
		"edgeauth:once:k":    {"claim": claims},
		"edgeauth:vault:k":   {"get": gets},
		"edgeauth:list:k":    {"push": pushes, "list": lists},
		"edgeauth:roll:k":    {"enter": enters, "roll": rolls, "strike": strikes},
	} {
		server.Flush()
		server.Do("GEOADD", key, "1", "1", "x") // a sorted set
		if strings.HasSuffix(key, "buckets") {
			server.Do("DEL", key)
			server.Do("SET", key, "x")
		}
		for name, call := range calls {
			if err := call(); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
				t.Errorf("%s of the wrong type, %s: %v", key, name, err)
			}
		}
	}
	server.Flush()
	must(t, appends())
	must(t, probes())
}

// What docs/redis.md tells to do about such a key must not leave the shard without what it held: edges that start later would not know it.
func TestAKeyThatIsDeletedWithItsShardsLifeIsFilledAgainByTheEdges(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	e := startEdge(t, s)
	entry := entriesOf(3, 1)
	if d, err := e.Write(t.Context(), entry...); err != nil || d != revocation.Delivered {
		t.Fatal(d, err)
	}
	inc, _ := e.Current()
	bucket := fmt.Sprintf("{log:03}:snap:%d", int64(entry[0].Until)/3_600_000)
	for _, key := range []string{"{log:03}:stream", bucket, "{log:03}:buckets", "{log:03}:current", "{log:03}:held"} {
		server.Do("SET", key, "nothing that is known here") // in one command, for the edge refills what is missing
		server.Do("DEL", key, "{log:03}:life")
		eventually(t, key+" is filled again", func() bool {
			head, err1 := s.Probe(t.Context(), 3, revocation.Beat{})
			b, err2 := s.Snapshot(t.Context(), 3)
			return err1 == nil && err2 == nil && head.Current == inc && slices.Contains(head.Held, inc) && len(b.Entries) == 1
		})
		eventually(t, "the edge follows the shard again", func() bool { return e.ShardStaleness(3) < time.Second })
	}
	late := startEdge(t, open(t, redis.Options{Addresses: []string{server.Addr()}}))
	if now, _ := late.Current(); now != inc || !late.refuses(identity.Family(entry[0].Key)) {
		t.Errorf("an edge that starts then mints under %v, not under %v, or lets the revoked session in", now, inc)
	}
}

func TestAnIncarnationThatCantBeReadIsUnavailableNotAbsent(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	for _, text := range []string{"x", "forming ", "forming forming " + strings.Repeat("a", 32), strings.Repeat("A", 32)} {
		server.Do("SET", "{log:00}:current", text)
		if head, err := s.Probe(t.Context(), 0, revocation.Beat{}); err == nil {
			t.Errorf("%q: head %+v", text, head)
		}
		if now, err := s.Begin(t.Context(), 0, identity.Incarnation{}, identity.NewIncarnation(), false); err == nil {
			t.Errorf("%q: current is %v", text, now)
		}
		if got := server.Do("GET", "{log:00}:current"); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestEntriesThatCantBeReadAreCountedAndReplaced(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	entry := entriesOf(4, 1)
	name, _ := entry[0].Encode()
	bucket := fmt.Sprintf("{log:04}:snap:%d", int64(entry[0].Until)/3_600_000)
	must(t, s.Append(t.Context(), entry))
	server.Do("HSET", bucket, name, "2 of a later format", "nonsense", "1 2 3 r r a")
	server.Do("XADD", "{log:04}:stream", "*", "n", name, "v", "2 of a later format")
	server.Do("XADD", "{log:04}:stream", "*", "another", "field")

	b, err := s.Snapshot(t.Context(), 4)
	must(t, err)
	later, named := b.Unreadable.Named[entry[0].Register]
	if b.Unreadable.Count != 2 || len(b.Entries) != 0 || len(b.Unreadable.Named) != 1 || !named || !later {
		t.Errorf("snapshot %+v", b)
	}
	b, err = s.Read(t.Context(), 4, revocation.Cursor{}, 0)
	must(t, err)
	if b.Unreadable.Count != 2 || len(b.Entries) != 1 {
		t.Errorf("read %+v", b)
	}
	if rest, err := s.Read(t.Context(), 4, b.Next, 0); err != nil || rest.Unreadable.Count != 0 {
		t.Errorf("read on from %v: %+v, %v", b.Next, rest, err)
	}
	must(t, s.Append(t.Context(), entry))
	b, err = s.Snapshot(t.Context(), 4)
	must(t, err)
	if diff := cmp.Diff(entry, b.Entries); diff != "" || b.Unreadable.Count != 1 {
		t.Errorf("%d unreadable; (-want +got):\n%s", b.Unreadable.Count, diff)
	}
}

// Who can write to Redis, or whatever spoiled it, must not make a revocation vanish in the merge.
func TestRS01AValueThatNoEdgeCanReadSwallowsNoRevocation(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	for _, spoiled := range []string{
		"1 9007199254740992 9007199254740992 a b c", "1 99999999999999999 99999999999999999 a b c", "1 " + strings.Repeat("9", 400) + " 2 a b c", "1 1 253370764800001 a b c",
		"1 9000000000000 9000000000000 %zz b c", "1 9000000000000 9000000000000 a %4 c", "1 9000000000000 9000000000000 a b %", "1 9000000000000 9000000000000 a b %%41",
		"1 09000000000000000 9000000000000 a b c", "1 9000000000000 9000000000000 a b c d", "1 9000000000000 9000000000000 a b", "2 9000000000000 9000000000000 a b c",
	} {
		server.Flush()
		entry := entriesOf(4, 1)
		name, value := entry[0].Encode()
		if _, err := revocation.Decode(name, spoiled); err == nil {
			t.Errorf("%.60q can be read", spoiled)
		}
		bucket := fmt.Sprint(int64(entry[0].Until) / 3_600_000)
		server.Do("HSET", "{log:04}:snap:"+bucket, name, spoiled)
		server.Do("ZADD", "{log:04}:buckets", "9999999999", bucket)
		must(t, s.Append(t.Context(), entry))
		news, err := s.Read(t.Context(), 4, revocation.Cursor{}, 0)
		must(t, err)
		kept, err := s.Snapshot(t.Context(), 4)
		must(t, err)
		if diff := cmp.Diff(entry, news.Entries); diff != "" {
			t.Errorf("%.60q: those that follow do not hear of %s: %s", spoiled, value, diff)
		}
		if diff := cmp.Diff(entry, kept.Entries); diff != "" {
			t.Errorf("%.60q: those that start do not hear of %s: %s", spoiled, value, diff)
		}
	}
}

// A value that nobody was told of, and that is later than whatever will be written, must not keep the revocation from those who follow.
func TestARevocationReachesThoseWhoFollowWhateverTheSnapshotHasAlready(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	entry := entriesOf(4, 1)
	name, _ := entry[0].Encode()
	bucket := fmt.Sprint(int64(entry[0].Until) / 3_600_000)
	server.Do("HSET", "{log:04}:snap:"+bucket, name, "1 9000000000000 9000000000000 a b c")
	server.Do("ZADD", "{log:04}:buckets", "9999999999", bucket)
	must(t, s.Append(t.Context(), entry))
	news, err := s.Read(t.Context(), 4, revocation.Cursor{}, 0)
	must(t, err)
	if diff := cmp.Diff(entry, news.Entries); diff != "" {
		t.Error(diff)
	}
	must(t, s.Append(t.Context(), entriesOf(4, 1)))
	again := entriesOf(4, 1)
	must(t, s.Append(t.Context(), again))
	must(t, s.Append(t.Context(), again)) // as an edge does every second while too few replicas acknowledge it
	if n := server.Do("XLEN", "{log:04}:stream"); n != int64(3) {
		t.Errorf("%d entries in the stream, want 3: what is repeated is not added", n)
	}
}

func TestWhatIsOlderThanTwoHoursIsTrimmedFromTheStreamAndTheHeadSaysSo(t *testing.T) {
	server := redistest.Start(t, redistest.WithArgs("--stream-node-max-entries", "10"))
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	old := uint64(time.Now().Add(-3 * time.Hour).UnixMilli())
	for i, e := range entriesOf(6, 55) {
		name, value := e.Encode()
		server.Do("XADD", "{log:06}:stream", strconv.FormatUint(old+uint64(i), 10)+"-0", "n", name, "v", value)
	}
	head, err := s.Probe(t.Context(), 6, revocation.Beat{})
	must(t, err)
	if head.Trimmed != (revocation.Cursor{}) {
		t.Errorf("nothing was trimmed; head %+v", head)
	}
	must(t, s.Append(t.Context(), entriesOf(6, 1)))
	head, err = s.Probe(t.Context(), 6, revocation.Beat{})
	must(t, err)
	kept, err := s.Read(t.Context(), 6, revocation.Cursor{}, 0)
	must(t, err)
	if n := len(kept.Entries); n != 6 {
		t.Errorf("%d entries are left", n)
	}
	newestGone, firstKept := revocation.Cursor{Major: old + 49}, revocation.Cursor{Major: old + 50}
	if head.Trimmed.Compare(newestGone) < 0 || head.Trimmed.Compare(firstKept) >= 0 {
		t.Errorf("trimmed up to %v, want from %v to before %v", head.Trimmed, newestGone, firstKept)
	}
	server.Do("XTRIM", "{log:06}:stream", "MAXLEN", "0")
	if head, err = s.Probe(t.Context(), 6, revocation.Beat{}); err != nil || head.Trimmed != head.Last || head.Last != kept.Next {
		t.Errorf("of an emptied stream: head %+v, %v", head, err)
	}
}

func TestAClaimWhoseAnswerWasLostIsOursWhenRepeated(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	server.Do("SET", "edgeauth:once:flow", "mine", "PX", "60000")
	if got, err := s.Claim(t.Context(), "flow", []byte("mine"), time.Minute); err != nil || got != store.Own {
		t.Errorf("got %v, %v", got, err)
	}
}
