package sessions_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/leak"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/store/file"
)

func TestMain(m *testing.M) { leak.Verify(m) }

var alice = identity.Subject{Issuer: "https://idp.test", Sub: "a-1"}

// bed is an index over a file, and a log in memory.
type bed struct {
	*sessions.Index
	t          *testing.T
	store      *file.Store
	log        *revocation.Replica
	keys       []session.Key
	current    atomic.Pointer[session.Ring]
	unreadable atomic.Int64
	offset     time.Duration // of the clock
}

func open(t *testing.T) *bed {
	t.Helper()
	st, err := file.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	b := &bed{t: t, store: st, log: revocation.NewReplica(time.Now)}
	b.addKey()
	b.Index = sessions.New(sessions.Options{Store: st, Keys: b.ring, Log: b.log, Now: b.now,
		Unreadable: func(_ context.Context, n int) { b.unreadable.Add(int64(n)) }})
	return b
}

func (b *bed) now() time.Time { return time.Now().Add(b.offset) }

func (b *bed) addKey() {
	k, err := session.GenerateKey(b.now().Add(-time.Second))
	must(b.t, err)
	b.keys = append(b.keys, k)
	r, err := session.NewRing(b.keys)
	must(b.t, err)
	b.current.Store(r)
}

func (b *bed) ring() *session.Ring { return b.current.Load() }

// fresh is a session of a subject that began now and lasts for some hours, as it was seen at its login.
func (b *bed) fresh(s identity.Subject, hours int) sessions.Record {
	now := b.now().UTC().Truncate(time.Millisecond)
	c := &session.Session{
		ID: identity.NewSessionID(), Family: identity.NewFamily(), Device: identity.NewDeviceID(), Incarnation: identity.Incarnation{1},
		Subject: s, SID: "sid", Epoch: now, IssuedAt: now, IdleUntil: now.Add(30 * time.Minute), Expires: now.Add(time.Duration(hours) * time.Hour),
		FamilyExpires: now.Add(time.Duration(hours) * time.Hour), Level: identity.Normal,
		Username: "alice", Name: "Alice Archer", Email: "alice@corp.test",
	}
	return sessions.Of(c, sessions.Sight{LastSeen: now, Provider: "corp", Host: "https://app.corp.test",
		Client: sessions.Client{Browser: "Firefox 140", OS: "Windows 10", Kind: "desktop"},
		Place:  sessions.Place{Country: "DE", City: "Berlin", Network: "Example Net", Prefix: "203.0.113.0/24"}})
}

func (b *bed) record(r sessions.Record) sessions.Record {
	b.t.Helper()
	must(b.t, b.Record(b.t.Context(), r))
	return r
}

func (b *bed) of(s identity.Subject) []sessions.Record {
	b.t.Helper()
	all, err := b.Of(b.t.Context(), s)
	must(b.t, err)
	return all
}

// roll is what lies in the store, and under which key.
func (b *bed) roll() (key string, rows map[string][]byte) {
	b.t.Helper()
	rows = map[string][]byte{}
	_, err := b.store.Walk(b.t.Context(), "", 1000, func(k, row string, value []byte) { key, rows[row] = k, value })
	must(b.t, err)
	return key, rows
}

func families(all []sessions.Record) (out []identity.Family) {
	for _, r := range all {
		out = append(out, r.Family)
	}
	slices.SortFunc(out, func(a, b identity.Family) int { return slices.Compare(a[:], b[:]) })
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
