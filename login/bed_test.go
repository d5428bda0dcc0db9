package login_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/internal/leak"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

func TestMain(m *testing.M) { leak.Verify(m) }

const limit = 30 * time.Second

// bed is one edge with its identity providers, its store and, in front of a page that everybody may see who is logged
// in, what the proxy does with a missing login.
type bed struct {
	t       *testing.T
	idp     *idp.Server // the first provider
	idps    []*idp.Server
	shop    *shop // shared state
	edge    *httptest.Server
	setup   setup
	opt     login.Options
	handler atomic.Pointer[http.Handler] // of login
	offset  atomic.Int64                 // of the edge's clock
	events  *journal
	ring    atomic.Pointer[session.Ring]
	keys    []session.Key
}

// setup is what tests vary.
type setup struct {
	idps     int // 0: 1
	formPost bool
	cookies  bool // false: Secure cookies off as on plain-http loopback; true: TLS
	edit     func(*login.Options)
	provider func(*oidc.Config)
	shop     *shop                   // of another edge
	routes   map[string]policy.Route // what pages below a prefix ask for, besides a session
}

func open(t *testing.T, edits ...func(*setup)) *bed {
	t.Helper()
	b := &bed{t: t, events: &journal{}}
	for _, edit := range edits {
		edit(&b.setup)
	}
	b.edge = httptest.NewUnstartedServer(http.HandlerFunc(b.serve))
	if b.setup.cookies {
		b.edge.StartTLS()
	} else {
		b.edge.Start()
	}
	t.Cleanup(b.edge.Close)
	b.keys = []session.Key{newKey(t, time.Time{})}
	b.useKeys()
	b.shop = b.setup.shop
	if b.shop == nil {
		b.shop = newShop(b.now)
	}
	b.opt = b.options()
	if b.setup.edit != nil {
		b.setup.edit(&b.opt)
	}
	b.restart()
	return b
}

func newKey(t *testing.T, from time.Time) session.Key {
	t.Helper()
	k, err := session.GenerateKey(from)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (b *bed) useKeys() {
	ring, err := session.NewRing(b.keys)
	if err != nil {
		b.t.Fatal(err)
	}
	b.ring.Store(ring)
}

func (b *bed) now() time.Time { return time.Now().Add(time.Duration(b.offset.Load())) }

// options starts providers, replica and all the rest.
func (b *bed) options() login.Options {
	pages, err := web.NewPages()
	if err != nil {
		b.t.Fatal(err)
	}
	replica := revocation.NewReplica(time.Now)
	sink := &b.shop.log
	follower := revocation.NewFollower(revocation.FollowerOptions{Stream: sink, Sink: sink, Replica: replica,
		Log: quiet(), Notify: func(revocation.Happening, string) {}, Now: time.Now})
	b.run(follower.Run)
	writer := revocation.NewWriter(sink, replica, "here", func(int) {})
	keys := func() *session.Ring { return b.ring.Load() }
	o := login.Options{
		Origin: b.edge.URL, Providers: b.providers(),
		Cookies: session.NewCookies(session.CookieOptions{Keys: keys, Host: strings.SplitN(b.edge.URL, "//", 2)[1],
			Secure: b.setup.cookies, FormPost: b.setup.formPost, DeviceLifetime: time.Hour, Now: b.now}),
		Pages: pages, Audit: audit.New(slog.New(slog.NewTextHandler(b.events, nil)), b.events.count, b.now),
		Log: replica, Revoker: writer, Staleness: replica.Staleness, Lead: func() time.Duration { return identity.MaxClockSkew }, Once: b.shop,
		Vault: session.NewVault(keys, b.shop, b.now), Enrolled: b.shop, Roster: b.roster(keys, replica),
		Levels:     policy.Levels{identity.Normal: {MaxStaleness: time.Hour}},
		KeepGroups: []string{"staff", "admin"}, KeepClaims: []string{"department"},
		Lifetime: time.Hour, Idle: 10 * time.Minute, Now: b.now,
	}
	within(b.t, "the replica is ready", replica.Ready)
	return o
}

func (b *bed) providers() (all []*oidc.Provider) {
	for i := range max(b.setup.idps, 1) {
		fop := idptest.Start(b.t)
		fop.SetClient(idp.Client{ID: "edge", Secret: "edge-secret", RedirectURIs: []string{b.edge.URL + "/.edgeauth/callback"},
			PostLogoutURIs: []string{b.edge.URL + "/.edgeauth/logged-out"}, BackchannelLogoutURI: b.edge.URL + "/.edgeauth/backchannel-logout"})
		fop.AutoLogin("alice")
		b.idps = append(b.idps, fop)
		b.idp = b.idps[0]
		config := oidc.Config{Name: []string{"one", "two", "three"}[i], DisplayName: []string{"Zebra ID", "apple ID", "Mango ID"}[i],
			Issuer: fop.Issuer(), ClientID: "edge", ClientSecret: "edge-secret", Scopes: []string{"openid", "profile", "email"},
			ResponseMode: map[bool]string{true: "form_post"}[b.setup.formPost], Logout: true}
		if b.setup.provider != nil {
			b.setup.provider(&config)
		}
		p, err := oidc.New(config)
		if err != nil {
			b.t.Fatal(err)
		}
		b.run(p.Run)
		within(b.t, "the provider is discovered", func() bool { return p.Status().Ready })
		all = append(all, p)
	}
	return all
}

// secondClient is the first provider as it knows the edge under another client_id.
func (b *bed) secondClient() *oidc.Provider {
	b.t.Helper()
	b.idp.SetClient(idp.Client{ID: "second", Secret: "second-secret", RedirectURIs: []string{b.edge.URL + "/.edgeauth/callback"},
		PostLogoutURIs: []string{b.edge.URL + "/.edgeauth/logged-out"}})
	p, err := oidc.New(oidc.Config{Name: "zz", Issuer: b.idp.Issuer(), ClientID: "second", ClientSecret: "second-secret",
		Scopes: []string{"openid", "profile", "email"}, Logout: true})
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(p.Run)
	within(b.t, "the second client is ready", func() bool { return p.Status().Ready })
	return p
}

// lieGroups puts the user into groups.
func (b *bed) lieGroups(groups []string) {
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["groups"] = groups }})
}

func (b *bed) run(f func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
}

// restart replaces the Server by a new one, as a restart of the edge does.
func (b *bed) restart() {
	s, err := login.New(b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	h := web.Access(web.AccessOptions{Log: slog.New(slog.NewTextHandler(b.events, nil)), Clients: web.NewClients(nil), Now: time.Now,
		Observe: func(*http.Request, *web.Record, int, time.Duration) {}, Pages: b.opt.Pages}, s.Handler())
	b.handler.Store(&h)
}

// serve is the listener: login's endpoints, and a page for whoever is logged in.
func (b *bed) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, login.Prefix) {
		(*b.handler.Load()).ServeHTTP(w, r)
		return
	}
	s, err := b.opt.Cookies.Read(r)
	if err == nil && b.setup.routes != nil {
		b.show(w, r, s)
		return
	}
	if err == nil {
		names := s.Bearer().Names()
		st := b.opt.Log.Standing(&names)
		if st.Vouched && !st.Revoked && b.now().Before(s.IdleUntil) {
			fmt.Fprintf(w, "%s %s family=%s", r.URL.RequestURI(), s.Username, s.Family)
			return
		}
	}
	http.Redirect(w, r, "/.edgeauth/login?rd="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
}

func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// journal keeps what the edge logs, and counts its audit events.
type journal struct {
	mu     sync.Mutex // guards all below
	text   bytes.Buffer
	counts map[audit.Name]int
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) count(e audit.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.counts == nil {
		j.counts = map[audit.Name]int{}
	}
	j.counts[e.Name]++
}

func (j *journal) of(n audit.Name) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts[n]
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// shop is a store in memory that can be away: marks, vault and log.
type shop struct {
	away   atomic.Bool
	proved atomic.Bool // everybody gave the same proof on the same device before
	mu     sync.Mutex  // guards values and ends
	values map[string][]byte
	ends   map[string]time.Time // of marks
	log    memoryLog
	now    func() time.Time
	rolls
}

func newShop(now func() time.Time) *shop {
	s := &shop{values: map[string][]byte{}, ends: map[string]time.Time{}, now: now}
	s.log.away, s.log.incarnation = &s.away, identity.NewIncarnation()
	return s
}

var errAway = errors.New("the store is away")

func (s *shop) Claim(_ context.Context, key string, value []byte, ttl time.Duration) (login.Claim, error) {
	if s.away.Load() || ttl <= 0 {
		return 0, errAway
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, there := s.values[key]
	switch {
	case !there || !s.now().Before(s.ends[key]):
		s.values[key], s.ends[key] = slices.Clone(value), s.now().Add(ttl)
		return login.Fresh, nil
	case bytes.Equal(old, value):
		return login.Own, nil
	}
	return login.Taken, nil
}

func (s *shop) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	if s.away.Load() {
		return errAway
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = slices.Clone(value)
	return nil
}

func (s *shop) Get(_ context.Context, key string) ([]byte, bool, error) {
	if s.away.Load() {
		return nil, false, errAway
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	return v, ok, nil
}

func (s *shop) Swap(_ context.Context, key string, seen, value []byte, _ time.Duration) (bool, error) {
	if s.away.Load() {
		return false, errAway
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !bytes.Equal(s.values[key], seen) {
		return false, nil
	}
	s.values[key] = slices.Clone(value)
	return true, nil
}

func (s *shop) Delete(_ context.Context, key string) error {
	if s.away.Load() {
		return errAway
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return nil
}

func (s *shop) keys() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.values)
}

// holds reports whether a value shows a text or a digest of it that needs no key, bare or under the label of marks.
func (s *shop) holds(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	digest, marked := sha256.Sum256([]byte(text)), sha256.Sum256([]byte("edgeauth once\x00"+text))
	for _, v := range s.values {
		if bytes.Contains(v, []byte(text)) || bytes.Contains(v, digest[:]) || bytes.Contains(v, marked[:]) {
			return true
		}
	}
	return false
}

// memoryLog is the log's store: sixteen lists.
type memoryLog struct {
	away        *atomic.Bool
	incarnation identity.Incarnation
	mu          sync.Mutex // guards shards
	shards      [revocation.Shards][]revocation.Entry
}

func (l *memoryLog) entries(shard, after int) []revocation.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.shards[shard][after:])
}

func (l *memoryLog) all() (out []revocation.Entry) {
	for i := range revocation.Shards {
		out = append(out, l.entries(i, 0)...)
	}
	return out
}

func (l *memoryLog) Probe(_ context.Context, shard int, _ revocation.Beat) (revocation.Head, error) {
	if l.away.Load() {
		return revocation.Head{}, errAway
	}
	return revocation.Head{Current: l.incarnation, Held: []identity.Incarnation{l.incarnation},
		Last: revocation.Cursor{Major: uint64(len(l.entries(shard, 0)))}}, nil
}

func (l *memoryLog) Snapshot(_ context.Context, shard int) (revocation.Batch, error) {
	return revocation.Batch{Entries: l.entries(shard, 0)}, nil
}

func (l *memoryLog) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	for end := time.Now().Add(wait); ; time.Sleep(10 * time.Millisecond) {
		if l.away.Load() {
			return revocation.Batch{}, errAway
		}
		news := l.entries(shard, int(after.Major))
		if len(news) > 0 || time.Now().After(end) || ctx.Err() != nil {
			return revocation.Batch{Entries: news, Next: revocation.Cursor{Major: after.Major + uint64(len(news))}}, nil
		}
	}
}

func (l *memoryLog) Append(_ context.Context, entries []revocation.Entry) error {
	if l.away.Load() {
		return errAway
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		l.shards[e.Shard()] = append(l.shards[e.Shard()], e)
	}
	return nil
}

func (l *memoryLog) Reseed(context.Context, int, identity.Incarnation, []revocation.Entry) error {
	return nil
}

func (l *memoryLog) Begin(context.Context, int, identity.Incarnation, identity.Incarnation, bool) (identity.Incarnation, error) {
	return l.incarnation, nil
}
