package api_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/sessions"
)

const issuer = "https://id.example.com"

// aboutNow is when everything here happens.
func aboutNow() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// world is an API on a real server, whose surroundings are in memory.
type world struct {
	t      testing.TB
	api    *api.API
	server *httptest.Server
	hub    *api.Hub
	log    *keptLog
	index  *index
	caller atomic.Pointer[api.Caller]
	audits *audits

	fails error // why callers are not known; nil: they are
}

// as makes the calls from now on somebody else's.
func (w *world) as(edit func(*api.Caller)) {
	c := *w.caller.Load()
	edit(&c)
	w.caller.Store(&c)
}

type edit func(*world, *api.Options)

func newWorld(t testing.TB, edits ...edit) *world {
	t.Helper()
	w := &world{t: t, hub: api.NewHub(), log: &keptLog{}, index: &index{}, audits: &audits{}}
	w.caller.Store(&api.Caller{Name: "cert:cn:ops", Role: api.Operator})
	quiet := slog.New(slog.DiscardHandler)
	observe := func(e audit.Event) { w.audits.add(e); w.hub.Publish(&e) }
	o := api.Options{
		Index: w.index, Standings: w.log, Log: w.log, Events: w.hub, Providers: []api.Provider{{Name: "corp", Issuer: issuer}},
		Levels: []identity.Level{identity.Normal, identity.Elevated, identity.High}, Audit: audit.New(quiet, observe, aboutNow), Logger: quiet, Now: aboutNow,
		Lead: func() time.Duration { return identity.MaxClockSkew }, Burden: quarter,
	}
	for _, e := range edits {
		e(w, &o)
	}
	var err error
	if w.api, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewUnstartedServer(w.api.Handler(func(*http.Request) (api.Caller, error) { return *w.caller.Load(), w.fails }))
	w.server.Config.Protocols = new(http.Protocols)
	w.server.Config.Protocols.SetHTTP1(true)
	w.server.Config.Protocols.SetUnencryptedHTTP2(true)
	w.server.Start()
	t.Cleanup(func() { w.api.End(); w.server.Close() })
	return w
}

// grpc is a gRPC client of the world's API.
func (w *world) grpc() *client.Client {
	w.t.Helper()
	c, err := client.New(client.Target{URL: w.server.URL})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

// keptLog is a log in memory, and the standings that follow from it.
type keptLog struct {
	mu       sync.Mutex
	entries  []revocation.Entry
	pending  bool
	inMemory bool
	refuses  bool
}

var errRefused = errors.New("the log refuses")

func (l *keptLog) Write(_ context.Context, entries ...revocation.Entry) (revocation.Delivery, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses {
		return 0, errRefused
	}
	l.entries = append(l.entries, entries...)
	if l.inMemory {
		return revocation.InMemory, nil
	}
	if l.pending {
		return revocation.Pending, nil
	}
	return revocation.Delivered, nil
}

func (l *keptLog) Standing(n *revocation.Names) revocation.Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := revocation.NewReplica(aboutNow)
	r.Apply(l.entries...)
	st := r.Standing(n)
	st.Vouched = true
	return st
}

func (l *keptLog) Cover(now time.Time, lead time.Duration) revocation.Millis {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := revocation.NewReplica(aboutNow)
	r.Apply(l.entries...)
	return r.Cover(now, lead)
}

func (l *keptLog) empty() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

func (l *keptLog) all() []revocation.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries
}

// index is a list of records, two to a page, or a store that is away, or that hangs.
type index struct {
	records []sessions.Record
	away    bool
	hangs   chan struct{} // nil: it does not; told of each reading that begins
}

var errAway = errors.New("dial tcp 10.0.0.7:6379: connection refused")

func (x *index) Of(_ context.Context, s identity.Subject) (out []sessions.Record, err error) {
	if x.away {
		return nil, errAway
	}
	for _, r := range x.records {
		if r.Subject == s {
			out = append(out, r)
		}
	}
	return out, nil
}

func (x *index) All(ctx context.Context, after string, _ int) ([]sessions.Record, string, error) {
	if x.hangs != nil {
		x.hangs <- struct{}{}
		<-ctx.Done()
		return nil, "", ctx.Err()
	}
	if x.away {
		return nil, "", errAway
	}
	switch after {
	case "":
		return x.records[:min(2, len(x.records))], "two", nil
	case "two":
		return x.records[min(2, len(x.records)):], "", nil
	}
	return nil, "", api.ErrCursor
}

// audits are the events that were written.
type audits struct {
	mu     sync.Mutex
	events []audit.Event
}

func (a *audits) add(e audit.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, e)
}

func (a *audits) named(name audit.Name) (out []audit.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.events {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

// quarter has everybody prove what they were raised to within 15 minutes.
func quarter(r *sessions.Record, st revocation.Standing, _ time.Time) (identity.Level, time.Time) {
	for _, f := range st.Floors {
		return f.Level, f.Since.Time().Add(15 * time.Minute)
	}
	return "", r.Expires
}

func family(n byte) identity.Family { return identity.Family{15: n} }

// record is a session of somebody's.
func record(n byte, sub string) sessions.Record {
	now := aboutNow()
	return sessions.Record{
		Family: family(n), Subject: identity.Subject{Issuer: issuer, Sub: sub}, SID: "sid-of-" + sub, Username: sub, Name: "Alice Example", Email: sub + "@example.com",
		Sight: sessions.Sight{LastSeen: now.Add(-time.Minute), Provider: "corp", Host: "https://app.example.com",
			Client: sessions.Client{Browser: "Firefox 140", OS: "Windows 10", Kind: "desktop"},
			Place:  sessions.Place{Country: "DE", City: "Berlin", Network: "Example AG", Prefix: "203.0.113.0/24"}},
		FirstSeen: now.Add(-time.Hour), IdleUntil: now.Add(time.Hour), Expires: now.Add(8 * time.Hour), Ends: now.Add(8 * time.Hour), Epoch: now.Add(-time.Hour),
		Level: identity.Elevated, RaisedAt: now.Add(-time.Hour), Reasons: []string{"new_device"},
		Assurance: identity.Assurance{ACR: "mfa", AMR: []string{"pwd", "otp"}, AuthTime: now.Add(-time.Hour)},
	}
}
