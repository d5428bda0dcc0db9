package login_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/admission"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
)

// show is the proxy: a page, if its route lets the session see it.
func (b *bed) show(w http.ResponseWriter, r *http.Request, s *session.Session) {
	route := policy.Route{}
	for prefix, c := range b.setup.routes {
		if strings.HasPrefix(r.URL.Path, prefix) {
			route = c
		}
	}
	route.Levels = b.opt.Levels
	names := s.Bearer().Names()
	known, st := admission.Session(s, b.skew()), admission.Standing(b.opt.Log.Standing(&names))
	st.Staleness = b.opt.Staleness()
	q := url.Values{"rd": {r.URL.RequestURI()}}
	switch v := route.Admit(&known, st, b.now()); v.Action {
	case policy.Allow:
		fmt.Fprintf(w, "%s %s family=%s level=%s until=%d", r.URL.RequestURI(), s.Username, s.Family, s.Level, s.Expires.Unix())
		return
	case policy.StepUp:
		if q.Set("level", string(v.Need.Level)); v.Need.Level == "" {
			id := v.Need.Proof.ID()
			q.Del("level")
			q.Set("proof", hex.EncodeToString(id[:]))
		}
	case policy.Login:
	default:
		http.Error(w, string(v.Reason), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, "/.edgeauth/login?"+q.Encode(), http.StatusSeeOther)
}

func (b *bed) skew() time.Duration { return b.opt.Providers[0].ClockSkew() }

// leveled is a bed whose levels are like the shipped ones, and whose pages below /sensitive/, /bio/, /touch/ and /fresh/ ask
// for more than a session.
func leveled(s *setup) {
	fresh, touch := policy.Proof{MaxAge: 5 * time.Minute}, policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}}
	s.routes = map[string]policy.Route{"/sensitive/": {Classes: []string{"sensitive"}}, "/bio/": {Level: identity.High}, "/touch/": {Proof: touch}, "/fresh/": {Proof: fresh}}
	edit := s.edit
	s.edit = func(o *login.Options) {
		o.Levels = policy.Levels{
			identity.Normal: {MaxStaleness: time.Hour, Past: policy.PastAllow},
			identity.Elevated: {Rank: 1, MaxStaleness: time.Minute, Lifetime: 30 * time.Minute, Hold: 8 * time.Hour, Blocks: []string{"sensitive"},
				Proof: policy.Proof{ACR: []string{"mfa", "bio"}, AMR: []string{"otp", "hwk"}}},
			identity.High: {Rank: 2, MaxStaleness: time.Minute, Lifetime: 15 * time.Minute, Hold: 8 * time.Hour, Blocks: []string{"sensitive"},
				Proof: policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}}},
		}
		o.Proofs, o.Idle = []policy.Proof{fresh, touch}, time.Hour
		if edit != nil {
			edit(o)
		}
	}
}

// raise writes a floor into the log, as another edge does that saw a login of that person which looked wrong.
func (b *bed) raise(name string, level identity.Level, since time.Time) {
	b.t.Helper()
	at := revocation.MillisOf(since)
	who := identity.Subject{Issuer: b.idp.Issuer(), Sub: "demo-" + name}
	if _, err := b.opt.Revoker.Write(context.Background(), revocation.Entry{Register: revocation.Floor(who, level),
		Value: revocation.Value{Since: at, Until: at + 720*3600*1000, Reason: "zones", Actor: "risk"}}); err != nil {
		b.t.Fatal(err)
	}
}

// asked is where the browser is sent at the provider when it shows a page.
func (c *browser) asked(path string) url.Values {
	c.t.Helper()
	p := c.get(path)
	for range 3 {
		if to, err := url.Parse(p.to()); err == nil && strings.HasSuffix(to.Path, "/authorize") {
			return to.Query()
		}
		p = c.get(p.to())
	}
	c.t.Fatalf("%s does not lead to the provider but to %s:\n%s", path, p.Request.URL, p.body)
	return nil
}

// walk takes steps on pages of the provider and goes on from there.
func (c *browser) walk(p page, steps ...idptest.Step) page {
	c.t.Helper()
	p.Body = io.NopCloser(strings.NewReader(p.body))
	resp := idptest.Walk(c.t, &c.client, p.Response, steps...)
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		c.t.Fatal(err)
	}
	return c.follow(page{resp, string(body)})
}

// field is one of those that a page shows.
func field(p page, name string) string {
	_, rest, _ := strings.Cut(p.body, name+"=")
	value, _, _ := strings.Cut(rest, " ")
	return value
}

// refused holds that a page refuses for a reason, sets no session, and that the session which was there goes on.
func (c *browser) refused(p page, status int, reason string) {
	c.t.Helper()
	if p.StatusCode != status || !strings.Contains(p.body, reason) || p.set("edgeauth") {
		c.t.Errorf("status %d at %s, want %d for %s and no session:\n%s", p.StatusCode, p.Request.URL, status, reason, p.body)
	}
	if open := c.get("/open"); open.StatusCode != http.StatusOK {
		c.t.Errorf("the session that was there is gone: %d, to %s", open.StatusCode, open.to())
	}
}

// suspicion is a Risk that finds what it is told to.
type suspicion struct {
	mu      sync.Mutex // guards finding and failed
	finding risk.Finding
	last    risk.Visit
	failed  int
}

func (s *suspicion) say(level identity.Level, enforced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finding = risk.Finding{Assessment: policy.Assessment{Level: level, Reasons: []policy.Reason{"zones"}}, Enforced: enforced, HistoryKnown: true}
}

func (s *suspicion) Assess(_ context.Context, v risk.Visit) risk.Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = v
	return s.finding
}

func (s *suspicion) Failed(risk.Visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed++
}

func (s *suspicion) unmet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.Unmet
}

func (s *suspicion) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// forgetful are enrolments that cannot be asked or told while a fault is on.
type forgetful struct {
	*shop
	asking, telling atomic.Bool
}

func (f *forgetful) Enrolled(ctx context.Context, who identity.Subject) (time.Time, error) {
	if f.asking.Load() {
		return time.Time{}, errAway
	}
	return f.shop.Enrolled(ctx, who)
}

func (f *forgetful) MarkEnrolled(ctx context.Context, who identity.Subject, at time.Time) error {
	if f.telling.Load() {
		return errAway
	}
	return f.shop.MarkEnrolled(ctx, who, at)
}
