package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

const (
	publicHost = "app.corp.test"
	idle       = 30 * time.Minute
	limit      = 30 * time.Second // how long a test waits for an outcome
)

// noon is when the tests begin.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct {
	ahead atomic.Int64
	began time.Time // from which on it goes with the time of a bubble; zero: it stands
}

func (c *clock) now() time.Time {
	now := noon.Add(time.Duration(c.ahead.Load()))
	if !c.began.IsZero() {
		now = now.Add(time.Since(c.began))
	}
	return now
}

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// fakeLog is a copy of the revocation log as the proxy sees it.
type fakeLog struct {
	version atomic.Uint64
	asked   atomic.Int64
	age     atomic.Int64

	mu       sync.Mutex // guards standing
	standing revocation.Standing
}

func (l *fakeLog) Version() uint64          { return l.version.Load() }
func (l *fakeLog) Staleness() time.Duration { return time.Duration(l.age.Load()) }
func (l *fakeLog) Standing(*revocation.Names) revocation.Standing {
	l.asked.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.standing
}

func (l *fakeLog) set(st revocation.Standing) {
	l.mu.Lock()
	l.standing = st
	l.mu.Unlock()
	l.version.Add(1)
}

// bed is an edge in front of a backend, as the attack sheet describes it.
type bed struct {
	t       testing.TB
	clock   clock
	log     fakeLog
	ring    atomic.Pointer[session.Ring]
	cookies *session.Cookies
	handler *proxy.Handler
	options proxy.Options
	up      *proxy.Upstream
	front   http.Handler
	edge    *httptest.Server // nil where nobody listens
	addr    string
	app     *classicasp.App
	audit   lockedBuffer
	access  lockedBuffer
}

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// options are how a bed differs from the usual one.
type options struct {
	backend  string // address of the backend; empty: a classic ASP application
	rule     classicasp.Rule
	upstream func(*proxy.UpstreamConfig)
	routes   func(up *proxy.Upstream) []proxy.RouteConfig
	handler  func(*proxy.Options)
	trusted  []netip.Prefix
	serve    func(http.Handler) *httptest.Server
	bubble   bool // virtual time: nobody listens, and the clock goes
	ticking  bool // the clock goes
}

func newBed(t testing.TB, o options) *bed {
	t.Helper()
	b := &bed{t: t}
	b.log.standing = revocation.Standing{Vouched: true}
	b.ring.Store(newRing(t, 1))
	if o.bubble || o.ticking {
		b.clock.began = time.Now()
	}
	if o.bubble {
		o.backend = "http://backend.test"
	}
	if o.backend == "" {
		b.app, o.backend = classicasp.Start(t, o.rule)
	}
	up := b.upstream(o)
	b.up = up
	b.cookies = session.NewCookies(session.CookieOptions{Keys: b.ring.Load, Host: publicHost, Secure: true, DeviceLifetime: time.Hour, Now: b.clock.now})
	pages, err := web.NewPages()
	if err != nil {
		t.Fatal(err)
	}
	routes := sheetRoutes(up)
	if o.routes != nil {
		routes = o.routes(up)
	}
	opt := proxy.Options{
		Origin: &url.URL{Scheme: "https", Host: publicHost}, Cookies: b.cookies, Keys: b.ring.Load, Replica: &b.log, Routes: routes,
		Upstreams: []*proxy.Upstream{up}, Idle: idle, Levels: sheetLevels(), Pages: pages, Now: b.clock.now,
		Audit: audit.New(slog.New(slog.NewJSONHandler(&b.audit, nil)), nil, b.clock.now),
	}
	if o.handler != nil {
		o.handler(&opt)
	}
	b.options = opt
	b.handler = b.configured(nil)
	b.serve(o, pages)
	return b
}

// configured is a handler of the bed with other routes, nil for the same.
func (b *bed) configured(routes []proxy.RouteConfig) *proxy.Handler {
	b.t.Helper()
	o := b.options
	if routes != nil {
		o.Routes = routes
	}
	h, err := proxy.New(o)
	if err != nil {
		b.t.Fatal(err)
	}
	return h
}

func (b *bed) upstream(o options) *proxy.Upstream {
	address, err := url.Parse(o.backend)
	if err != nil {
		b.t.Fatal(err)
	}
	cfg := proxy.UpstreamConfig{
		Name: "app", Address: address, Headers: sheetHeaders(), ConnectTimeout: 5 * time.Second, ResponseTimeout: limit, IdleTimeout: time.Minute,
	}
	if o.upstream != nil {
		o.upstream(&cfg)
	}
	up, err := proxy.NewUpstream(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(up.Close)
	return up
}

func sheetHeaders() proxy.IdentityHeaders {
	return proxy.IdentityHeaders{User: "X-Auth-User", Email: "X-Auth-Email", Name: "X-Auth-Name", Groups: "X-Auth-Groups", ACR: "X-Auth-Acr"}
}

func sheetLevels() policy.Levels {
	return policy.Levels{identity.Normal: {MaxStaleness: time.Hour}, identity.High: {
		Rank: 1, MaxStaleness: 5 * time.Second, Lifetime: 15 * time.Minute, Proof: policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}},
	}}
}

// sheetRoutes is the policy of app.corp.test.
func sheetRoutes(up *proxy.Upstream) []proxy.RouteConfig {
	levels := sheetLevels()
	public := policy.Route{Public: true, Levels: levels}
	return []proxy.RouteConfig{
		{Name: "public", Path: "/public/", Upstream: up, Policy: public},
		{Name: "status", Path: "/api/*/status", Exact: true, Upstream: up, Policy: public},
		{Name: "health", Path: "/healthz", Exact: true, Methods: []string{"GET"}, Upstream: up, Policy: public},
		{Name: "admin", Path: "/admin", Upstream: up, Policy: policy.Route{Groups: []string{"admin"}, Levels: levels}},
		{Name: "all", Path: "/", Upstream: up, Policy: policy.Route{Levels: levels}},
	}
}

func (b *bed) serve(o options, pages *web.Pages) {
	access := web.Access(web.AccessOptions{
		Log: slog.New(slog.NewJSONHandler(&b.access, nil)), Clients: web.NewClients(o.trusted), Now: b.clock.now,
		Observe: func(*http.Request, *web.Record, int, time.Duration) {}, Pages: pages,
	}, b.handler)
	b.front = access
	if o.bubble {
		return
	}
	if o.serve != nil {
		b.edge = o.serve(access)
	} else {
		b.edge = httptest.NewUnstartedServer(access)
		b.edge.Config.DisableGeneralOptionsHandler = true
		b.edge.Start()
	}
	b.addr = b.edge.Listener.Addr().String()
	b.t.Cleanup(b.edge.Close)
}

func newRing(t testing.TB, id byte) *session.Ring {
	t.Helper()
	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := session.NewRing([]session.Key{{ID: session.KeyID{id}, Secret: session.Secret{id, 7}, Signing: signing, ActiveFrom: noon.Add(-time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// alice is a session of somebody in the group staff.
func (b *bed) alice() *session.Session {
	now := b.clock.now()
	return &session.Session{
		ID: identity.NewSessionID(), Family: identity.NewFamily(), Incarnation: identity.NewIncarnation(),
		Subject: identity.Subject{Issuer: "https://idp.test", Sub: "a-1"}, Epoch: now, IssuedAt: now, IdleUntil: now.Add(idle), Expires: now.Add(8 * time.Hour),
		Level: identity.Normal, Assurance: identity.Assurance{ACR: "urn:loa:1"}, Username: "alice", Name: "Alice", Email: "alice@corp.test", EmailVerified: true,
		Groups: []string{"staff"},
	}
}

// root is a session of somebody in the group admin.
func (b *bed) root() *session.Session {
	s := b.alice()
	s.Subject.Sub, s.Username, s.Groups = "r-1", "root", []string{"admin"}
	return s
}

// value seals a session.
func (b *bed) value(s *session.Session) string { return sealed(b.t, b.cookies, s) }

func sealed(t testing.TB, c *session.Cookies, s *session.Session) string {
	t.Helper()
	rec := httptest.NewRecorder()
	if err := c.Set(rec, s); err != nil {
		t.Fatal(err)
	}
	return rec.Result().Cookies()[0].Value
}

// as is the Cookie line of a session.
func (b *bed) as(s *session.Session) string { return "Cookie: __Host-edgeauth=" + b.value(s) + "\r\n" }

// answer is what a client received.
type answer struct {
	*http.Response
	body string
}

// send writes bytes to the edge on a connection of its own and reads one answer. A connection that is closed without
// one gives the status 0.
func (b *bed) send(raw string) answer {
	b.t.Helper()
	conn := b.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		b.t.Fatal(err)
	}
	return b.receive(bufio.NewReader(conn), raw)
}

func (b *bed) dial() net.Conn {
	b.t.Helper()
	conn, err := net.DialTimeout("tcp", b.addr, limit)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(limit))
	return conn
}

func (b *bed) receive(r *bufio.Reader, raw string) answer {
	b.t.Helper()
	method, _, _ := strings.Cut(raw, " ")
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return answer{Response: &http.Response{Header: http.Header{}}}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatalf("reading the answer: %v", err)
	}
	return answer{res, string(body)}
}

// get is a navigation to a target with further header lines.
func (b *bed) get(target string, lines ...string) answer {
	b.t.Helper()
	return b.send("GET " + target + " HTTP/1.1\r\nHost: " + publicHost + "\r\nAccept: text/html\r\n" + strings.Join(lines, "") + "Connection: close\r\n\r\n")
}

// hit returns the only request that reached the backend.
func (b *bed) hit() classicasp.Hit {
	b.t.Helper()
	hits := b.app.Hits()
	if len(hits) != 1 {
		b.t.Fatalf("%d requests reached the backend, want 1", len(hits))
	}
	return hits[0]
}

func (b *bed) untouched() {
	b.t.Helper()
	if hits := b.app.Hits(); len(hits) != 0 {
		b.t.Fatalf("%d requests reached the backend, the first: %s", len(hits), hits[0].Head)
	}
}

// wantLogin checks the outcome LOGIN of a navigation.
func (b *bed) wantLogin(a answer) {
	b.t.Helper()
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/.edgeauth/login?") {
		b.t.Errorf("got %d to %q, want 303 to the login", a.StatusCode, a.Header.Get("Location"))
	}
	if got := a.Header.Get("Cache-Control"); got != "no-store" {
		b.t.Errorf("Cache-Control of the redirect is %q", got)
	}
	b.untouched()
}
