package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// draw makes a world out of a seed: mostly good, each part wrong now and then.
func draw(seed uint64) *world {
	rnd := rand.New(rand.NewPCG(seed, 1))
	odd := func() bool { return rnd.IntN(8) == 0 }
	pick := func(list ...string) []string { return list[:rnd.IntN(len(list)+1)] }
	w := permitted()
	w.route.Groups, w.route.Emails = pick("admin", "staff"), pick("alice@corp.test", "*@corp.test")
	w.route.Claims = w.route.Claims[:rnd.IntN(3)]
	if rnd.IntN(2) == 0 {
		w.route.Issuer = ""
	}
	w.session.Level = []identity.Level{identity.Normal, identity.Elevated, identity.High, "guest"}[rnd.IntN(4)]
	w.standing.Staleness = time.Duration(rnd.Int64N(int64(2 * time.Minute)))
	for _, change := range []func(){
		func() { w.route.Public = true }, func() { w.session.Groups = pick("people", "admin") }, func() { w.session.Claims["site"] = nil },
		func() { w.session.Email = "a@other.test" }, func() { w.session.EmailVerified = false }, func() { w.session.Selection = policy.Selection{9} },
		func() { w.session.Issuer = "https://else.test" }, func() { w.session.IssuedAt = noon.Add(time.Hour) }, func() { w.session.IdleUntil = noon },
		func() { w.session.Expires = noon }, func() { w.standing.Vouched = false }, func() { w.standing.Revoked = true }, func() { w.session = nil },
	} {
		if w.session != nil && odd() {
			change()
		}
	}
	return w
}

// holds checks the properties of admission on one world.
func holds(t *testing.T, w *world) {
	t.Helper()
	v := w.admit()
	if v.Reason == "" {
		t.Fatal("a verdict without a reason")
	}
	if v.Identified && v.Action != policy.Allow {
		t.Fatalf("identified without being let in: %+v", v)
	}
	if v.Action == policy.Allow && !w.route.Public && !v.Identified {
		t.Fatalf("let in without being identified: %+v", v)
	}
	if w.route.Public && v.Action != policy.Allow {
		t.Fatalf("a public route refuses: %+v", v)
	}
	if s := w.session; v.Identified && (s == nil || w.standing.Revoked || !w.standing.Vouched || !w.now.Before(s.Expires) || !w.now.Before(s.IdleUntil)) {
		t.Fatalf("a session that counts as none is identified: %+v", v)
	}
	for name, lesser := range relaxations(w) {
		if after := lesser.admit(); v.Action == policy.Allow && after.Action != policy.Allow || v.Identified && !after.Identified {
			t.Fatalf("without %s %+v becomes %+v", name, v, after)
		}
	}
	for name, worse := range worsenings(w) {
		if after := worse.admit(); v.Action != policy.Allow && after.Action == policy.Allow || !v.Identified && after.Identified {
			t.Fatalf("%s turns %+v into %+v", name, v, after)
		}
	}
}

// relaxations are the same world with one condition of the route less.
func relaxations(w *world) map[string]*world {
	out := map[string]*world{}
	relax := func(name string, change func(*policy.Route)) {
		r := *w.route
		change(&r)
		out[name] = &world{&r, w.session, w.standing, w.now}
	}
	relax("the groups", func(r *policy.Route) { r.Groups = nil })
	relax("the addresses", func(r *policy.Route) { r.Emails = nil })
	relax("the issuer", func(r *policy.Route) { r.Issuer = "" })
	for i := range w.route.Claims {
		relax(fmt.Sprintf("claim %d", i), func(r *policy.Route) { r.Claims = append(r.Claims[:i:i], r.Claims[i+1:]...) })
	}
	return out
}

// worsenings are the same world with something that speaks against the session.
func worsenings(w *world) map[string]*world {
	out := map[string]*world{}
	worsen := func(name string, change func(*world)) {
		c := *w
		if w.session != nil {
			s := *w.session
			c.session = &s
		}
		change(&c)
		out[name] = &c
	}
	worsen("growing staleness", func(c *world) { c.standing.Staleness += time.Second })
	worsen("revocation", func(c *world) { c.standing.Revoked = true })
	worsen("another log", func(c *world) { c.standing.Vouched = false })
	worsen("losing the session", func(c *world) { c.session = nil })
	if w.session != nil {
		worsen("an earlier end", func(c *world) { c.session.Expires = c.session.Expires.Add(-time.Hour) })
		worsen("an earlier idle end", func(c *world) { c.session.IdleUntil = c.session.IdleUntil.Add(-time.Hour) })
		worsen("losing the groups", func(c *world) { c.session.Groups = nil })
		worsen("losing the claims", func(c *world) { c.session.Claims = nil })
		worsen("losing the address's verification", func(c *world) { c.session.EmailVerified = false })
	}
	return out
}

func TestAdmissionIsMonotone(t *testing.T) {
	seen := map[policy.Reason]bool{}
	for seed := range uint64(20_000) {
		w := draw(seed)
		holds(t, w)
		seen[w.admit().Reason] = true
	}
	for _, reason := range []policy.Reason{
		policy.Public, policy.Permitted, policy.NoSession, policy.Expired, policy.IdleTooLong, policy.FromTheFuture, policy.Revoked, policy.Unvouched,
		policy.LevelUnknown, policy.LogTooOld, policy.OtherProvider, policy.SelectionOld, policy.GroupMissing, policy.ClaimMissing, policy.EmailUnverified,
		policy.EmailMismatch,
	} {
		if !seen[reason] {
			t.Errorf("no world was drawn that ends in %s", reason)
		}
	}
}

func FuzzAdmit(f *testing.F) {
	f.Add(uint64(1), "alice@corp.test", "*@corp.test", "staff", "normal", int64(0), int64(time.Hour))
	f.Add(uint64(2), "a@b@c", "*@", "", "high", int64(1<<62), int64(-1))
	f.Fuzz(func(t *testing.T, seed uint64, email, rule, group, level string, staleness, left int64) {
		w := draw(seed)
		w.route.Emails = append(w.route.Emails[:len(w.route.Emails):len(w.route.Emails)], rule)
		w.standing.Staleness = time.Duration(min(staleness, 1<<62))
		if w.session != nil {
			w.session.Email, w.session.Level, w.session.Groups = email, identity.Level(level), []string{group}
			w.session.Expires = noon.Add(time.Duration(left))
		}
		holds(t, w)
	})
}
