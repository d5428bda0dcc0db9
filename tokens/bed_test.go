package tokens_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/leak"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/tokens"
)

func TestMain(m *testing.M) { leak.Verify(m) }

const life = time.Minute // of access tokens

// fleet is several edges that share a store and a provider, in virtual time.
type fleet struct {
	t     *testing.T
	shop  *shop
	idp   *rotator
	vault *session.Vault
	edges []*edge
	asked map[string]time.Duration // how often the provider is asked, by the client; without a name: of any
	stop  func()                   // ends the edges' loops
}

// edge is one of them, with its own copy of a log that all share.
type edge struct {
	*tokens.Keeper
	outcomes map[tokens.Outcome]int
	mu       sync.Mutex // guards outcomes
	events   int
}

func (e *edge) count(o tokens.Outcome) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.outcomes[o]
}

// remembered is how many sessions an edge of a fleet has in mind.
const remembered = 8

func newFleet(t *testing.T, n int, revalidate time.Duration) *fleet {
	t.Helper()
	key, err := session.GenerateKey(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := session.NewRing([]session.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, shop: newShop(), idp: &rotator{valid: map[string]bool{}}, asked: map[string]time.Duration{"": revalidate, "edge": revalidate}}
	f.vault = session.NewVault(func() *session.Ring { return ring }, f.shop, time.Now)
	ctx, stop := context.WithCancel(t.Context())
	var loops sync.WaitGroup
	f.stop = func() { stop(); loops.Wait() }
	t.Cleanup(f.stop)
	for range n {
		e := &edge{outcomes: map[tokens.Outcome]int{}}
		e.Keeper = tokens.New(tokens.Options{
			Vault: f.vault, Leases: f.shop, Log: f.shop, Revoker: f.shop, Now: time.Now, Size: remembered,
			Audit: audit.New(slog.New(slog.DiscardHandler), func(audit.Event) { e.mu.Lock(); e.events++; e.mu.Unlock() }, time.Now),
			Terms: func(issuer, client string) (tokens.Terms, bool) {
				every, known := f.asked[client]
				return tokens.Terms{Name: "corp", Provider: f.idp, Revalidate: every}, issuer == "https://id" && known
			},
			Observe: func(_ string, o tokens.Outcome) { e.mu.Lock(); e.outcomes[o]++; e.mu.Unlock() },
		})
		loops.Go(func() { _ = e.Run(ctx) })
		f.edges = append(f.edges, e)
	}
	return f
}

// login puts a session's first tokens into the vault.
func (f *fleet) login() *session.Session {
	f.t.Helper()
	now := time.Now()
	s := &session.Session{ID: identity.NewSessionID(), Family: identity.NewFamily(), Subject: identity.Subject{Issuer: "https://id", Sub: "alice"},
		IssuedAt: now, Expires: now.Add(8 * time.Hour), FamilyExpires: now.Add(8 * time.Hour), Assurance: identity.Assurance{AuthTime: now}}
	_, _ = rand.Read(s.VaultSecret[:])
	got := f.idp.issue()
	must(f.t, f.vault.Put(f.t.Context(), s, session.Tokens{ID: "id", Access: got.AccessToken.Reveal(), Refresh: got.RefreshToken.Reveal(),
		Client: "edge", Expires: got.AccessExpires, Validated: now, Number: 1}))
	return s
}

// access has every edge asked n times at once, and returns the tokens that were handed out, each once, and the errors.
func (f *fleet) access(s *session.Session, n int) (got []string, failed []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, e := range f.edges {
		for range n {
			wg.Go(func() {
				g, ok, err := e.Access(f.t.Context(), s)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					failed = append(failed, err)
				case !ok:
					failed = append(failed, errNone)
				default:
					got = append(got, g.Token)
				}
			})
		}
	}
	wg.Wait()
	slices.Sort(got)
	return slices.Compact(got), failed
}

var errNone = errors.New("there is no token")

// one is the token of a single request at an edge.
func (f *fleet) one(i int, s *session.Session) string {
	f.t.Helper()
	g, ok, err := f.edges[i].Access(f.t.Context(), s)
	if !ok || err != nil {
		f.t.Fatalf("edge %d has no token: %v, %v", i, ok, err)
	}
	return g.Token
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rotator is a provider that ends the session when a refresh token comes twice.
type rotator struct {
	mu      sync.Mutex // guards all below
	n       int        // tokens issued
	valid   map[string]bool
	dead    bool
	again   bool // tokens may be used again, as at providers that do not rotate
	asked   int
	revoked []string
	took    time.Duration                      // to answer
	lie     func() (*oidc.Refreshed, error)    // instead of an answer
	after   func(*oidc.Refreshed, error) error // once the token is spent
}

func (r *rotator) issue() *oidc.Refreshed {
	r.n++
	token := fmt.Sprintf("refresh-%d", r.n)
	r.valid[token] = true
	return &oidc.Refreshed{AccessToken: oidc.Token(fmt.Sprintf("access-%d", r.n)), RefreshToken: oidc.Token(token), AccessExpires: time.Now().Add(life)}
}

func (r *rotator) Refresh(ctx context.Context, q oidc.Refresh) (*oidc.Refreshed, error) {
	r.mu.Lock()
	r.asked++
	lie, took, after := r.lie, r.took, r.after
	r.mu.Unlock()
	if lie != nil {
		return lie()
	}
	select {
	case <-ctx.Done():
		return nil, &oidc.Error{Kind: oidc.KindUnavailable, Op: "refreshing", Err: ctx.Err()}
	case <-time.After(took):
	}
	r.mu.Lock()
	got, err := r.spend(q.Token.Reveal())
	r.mu.Unlock()
	if after != nil {
		if lost := after(got, err); lost != nil {
			return nil, lost
		}
	}
	return got, err
}

func (r *rotator) spend(token string) (*oidc.Refreshed, error) {
	if r.dead || !r.valid[token] {
		r.dead = true
		return nil, refusal()
	}
	if r.again {
		got := r.issue()
		got.RefreshToken = oidc.Token(token)
		return got, nil
	}
	delete(r.valid, token)
	return r.issue(), nil
}

func refusal() error {
	return &oidc.Error{Kind: oidc.KindRefused, Op: "refreshing", Code: "invalid_grant", Err: errors.New("status 400")}
}

func away() (*oidc.Refreshed, error) {
	return nil, &oidc.Error{Kind: oidc.KindUnavailable, Op: "refreshing", Err: errors.New("no route")}
}

func (r *rotator) Revoke(_ context.Context, token oidc.Token) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.revoked = append(r.revoked, token.Reveal())
	delete(r.valid, token.Reveal())
	return nil
}

func (r *rotator) set(edit func(*rotator)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	edit(r)
}

func (r *rotator) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// shop is the store and the log of all edges.
type shop struct {
	mu     sync.Mutex // guards all below
	values map[string][]byte
	leases map[string][]byte
	until  map[string]time.Time // of leases
	away   bool
	gets   int
	onGet  func(n int) // before the n-th reading
	onSwap func()      // after a record has taken another's place; nil: nothing

	replica *revocation.Replica
}

var errAway = errors.New("the store is away")

func newShop() *shop {
	return &shop{values: map[string][]byte{}, leases: map[string][]byte{}, until: map[string]time.Time{},
		replica: revocation.NewReplica(time.Now)}
}

func (s *shop) do(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	f()
	return nil
}

func (s *shop) set(edit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit()
}

func (s *shop) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	return s.do(func() { s.values[key] = slices.Clone(value) })
}

func (s *shop) Get(_ context.Context, key string) (v []byte, ok bool, err error) {
	err = s.do(func() { s.gets++ })
	if s.onGet != nil {
		s.onGet(s.gets)
	}
	s.set(func() { v, ok = s.values[key] })
	return v, ok, err
}

func (s *shop) Delete(_ context.Context, key string) error {
	return s.do(func() { delete(s.values, key) })
}

func (s *shop) Swap(_ context.Context, key string, seen, value []byte, _ time.Duration) (ok bool, err error) {
	err = s.do(func() {
		there, found := s.values[key]
		if ok = found && (bytes.Equal(there, seen) || bytes.Equal(there, value)); ok {
			s.values[key] = slices.Clone(value)
		}
	})
	if ok && s.onSwap != nil {
		s.onSwap()
	}
	return ok, err
}

func (s *shop) Acquire(_ context.Context, key string, holder []byte, ttl time.Duration) (ok bool, err error) {
	err = s.do(func() {
		there, taken := s.leases[key]
		if taken = taken && time.Now().Before(s.until[key]); !taken || bytes.Equal(there, holder) {
			s.leases[key], s.until[key], ok = holder, time.Now().Add(ttl), true
		}
	})
	return ok, err
}

func (s *shop) Renew(_ context.Context, key string, holder []byte, ttl time.Duration) (ok bool, err error) {
	err = s.do(func() {
		if ok = bytes.Equal(s.leases[key], holder) && time.Now().Before(s.until[key]); ok {
			s.until[key] = time.Now().Add(ttl)
		}
	})
	return ok, err
}

func (s *shop) Release(_ context.Context, key string, holder []byte) error {
	return s.do(func() {
		if bytes.Equal(s.leases[key], holder) {
			delete(s.leases, key)
		}
	})
}

func (s *shop) Standing(n *revocation.Names) revocation.Standing { return s.replica.Standing(n) }

// Write is the log's: it works while the store is away.
func (s *shop) Write(_ context.Context, entries ...revocation.Entry) (revocation.Delivery, error) {
	s.replica.Apply(entries...)
	return revocation.Delivered, nil
}

// endedWhy is the reason for which the log has ended a session; empty: it has not.
func (s *shop) endedWhy(of *session.Session) string {
	names := of.Bearer().Names()
	if st := s.Standing(&names); st.Revoked {
		return st.Reason
	}
	return ""
}

// end writes to the log what ends a session.
func (s *shop) end(r revocation.Register, reason string) {
	now := revocation.MillisOf(time.Now())
	s.replica.Apply(revocation.Entry{Register: r, Value: revocation.Value{Since: now, Until: now + 10_000_000, Reason: reason}})
}
