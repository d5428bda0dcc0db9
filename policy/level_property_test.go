package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// around draws a time near one of those at which something changes.
func around(rnd *rand.Rand) time.Time {
	edges := []time.Duration{0, time.Second + skew, policy.MaxAhead, 5 * time.Minute, 15 * time.Minute, time.Hour, 8 * time.Hour, 720 * time.Hour}
	at := noon.Add(-edges[rnd.IntN(len(edges))])
	return at.Add(time.Duration(rnd.IntN(3)-1) * []time.Duration{1, time.Second, time.Minute}[rnd.IntN(3)])
}

// drawLevels makes a world of levels, floors and authentications out of a seed.
func drawLevels(seed uint64) *world {
	rnd := rand.New(rand.NewPCG(seed, 2))
	one := func(list ...string) string { return list[rnd.IntN(len(list))] }
	any := func(list ...string) (out []string) {
		for _, v := range list {
			if rnd.IntN(2) == 0 {
				out = append(out, v)
			}
		}
		return out
	}
	level := func() identity.Level { return identity.Level(one("normal", "elevated", "high", "paranoid")) }
	w := byPassword()
	w.route.Classes = any("sensitive", "vault")
	if rnd.IntN(3) == 0 {
		w.route.Level = level()
	}
	if rnd.IntN(3) == 0 {
		w.route.Proof = policy.Proof{ACR: []string{"bio"}, AMR: any("hwk"), MaxAge: []time.Duration{0, 5 * time.Minute}[rnd.IntN(2)]}
	}
	s := w.session
	if s.Level = level(); s.Level != identity.Normal && rnd.IntN(8) > 0 {
		s.RaisedAt = around(rnd)
	}
	s.Epoch = around(rnd)
	s.Authentication = authentication(one("", "pwd", "mfa", "bio"), around(rnd), any("pwd", "otp", "hwk", "face")...)
	if rnd.IntN(4) == 0 {
		s.Authentication.Enrolled = around(rnd)
	}
	for range rnd.IntN(4) {
		w.raise(level(), around(rnd))
	}
	w.standing.Staleness = []time.Duration{0, 5 * time.Second, 6 * time.Second, 2 * time.Minute}[rnd.IntN(4)]
	if pasts, some := somePasts()[rnd.IntN(6)]; some {
		w.past(time.Minute, pasts)
	}
	if rnd.IntN(2) == 0 {
		w.idle(map[identity.Level]time.Duration{identity.Elevated: 20 * time.Minute, identity.High: 10 * time.Minute})
		s.IssuedAt = noon.Add(-time.Duration(rnd.IntN(30)) * time.Minute)
	}
	return w
}

// idle gives levels an idle time of their own.
func (w *world) idle(times map[identity.Level]time.Duration) {
	for name, idle := range times {
		rule := w.route.Levels[name]
		rule.Idle = idle
		w.route.Levels[name] = rule
	}
}

// somePasts are what levels may do past their bounds, the weakest first.
func somePasts() map[int][3]policy.Past {
	return map[int][3]policy.Past{
		0: {policy.PastDowngrade, policy.PastDowngrade, policy.PastDowngrade}, 1: {policy.PastAllow, policy.PastDowngrade, policy.PastDeny},
		2: {policy.PastDowngrade, policy.PastDowngrade, policy.PastDeny},
	}
}

// past gives the weakest level a bound, and each what it does past its own.
func (w *world) past(bound time.Duration, pasts [3]policy.Past) {
	for i, name := range []identity.Level{identity.Normal, identity.Elevated, identity.High} {
		rule := w.route.Levels[name]
		if rule.Past = pasts[i]; i == 0 {
			rule.MaxStaleness = bound
		}
		w.route.Levels[name] = rule
	}
}

// changed is a copy of a world with a change.
func (w *world) changed(change func(*world)) *world {
	c, s, r := *w, *w.session, *w.route
	c.session, c.route = &s, &r
	c.standing.Floors = slices.Clone(w.standing.Floors)
	change(&c)
	return &c
}

// burdens are the same world under more.
func burdens(w *world) map[string]*world {
	out := map[string]*world{}
	order := []identity.Level{identity.Normal, identity.Elevated, identity.High}
	for i, level := range order {
		for _, since := range []time.Time{noon, noon.Add(-time.Minute), noon.Add(-time.Hour), noon.Add(-9 * time.Hour)} {
			out[fmt.Sprintf("a floor of %s %v ago", level, noon.Sub(since))] = w.changed(func(c *world) { c.raise(level, since) })
		}
		if at := slices.Index(order, w.session.Level); at >= 0 && i > at {
			out["the session's level "+string(level)] = w.changed(func(c *world) { c.session.Level = level })
		}
		if !slices.Contains(w.route.Classes, "vault") {
			out["another class"] = w.changed(func(c *world) { c.route.Classes = append(slices.Clone(c.route.Classes), "vault") })
		}
		if at := slices.Index(order, w.route.Level); w.route.Level == "" || at >= 0 && i > at {
			out["the route's level "+string(level)] = w.changed(func(c *world) { c.route.Level = level })
		}
		for n, f := range w.standing.Floors {
			if at := slices.Index(order, f.Level); at >= 0 && i > at {
				out[fmt.Sprintf("floor %d as %s", n, level)] = w.changed(func(c *world) { c.standing.Floors[n].Level = level })
			}
		}
	}
	out["a level of the session that nobody knows"] = w.changed(func(c *world) { c.session.Level = "unheard-of" })
	out["no acr"] = w.changed(func(c *world) { c.session.Authentication.ACR = "" })
	out["no amr"] = w.changed(func(c *world) { c.session.Authentication.AMR = nil })
	out["no auth_time"] = w.changed(func(c *world) { c.session.Authentication.AuthTime = time.Time{} })
	out["an older authentication"] = w.changed(func(c *world) {
		c.session.Authentication.AuthTime = c.session.Authentication.AuthTime.Add(-time.Minute)
	})
	out["a clock that is right"] = w.changed(func(c *world) { c.session.Authentication.ClockSkew = 0 })
	out["an enrolment"] = w.changed(func(c *world) { c.session.Authentication.Enrolled = noon })
	return out
}

// reliefs are the same world with a stronger or newer authentication.
func reliefs(w *world) map[string]*world {
	out := map[string]*world{}
	a := func(name string, change func(*policy.Authentication)) {
		out[name] = w.changed(func(c *world) { change(&c.session.Authentication) })
	}
	newest := noon
	if at := w.session.Authentication.AuthTime; at.After(noon) {
		newest = at
	}
	a("the strongest and newest", func(a *policy.Authentication) { *a = authentication("bio", newest, "pwd", "otp", "hwk", "face") })
	a("no enrolment", func(a *policy.Authentication) { a.Enrolled = time.Time{} })
	if w.session.Authentication.AuthTime.Before(noon) {
		a("a newer one", func(a *policy.Authentication) { a.AuthTime = noon })
	}
	if acr := w.session.Authentication.ACR; acr == "pwd" || acr == "" {
		a("a stronger context", func(a *policy.Authentication) { a.ACR = "mfa" })
	}
	a("more methods", func(a *policy.Authentication) { a.AMR = append(slices.Clone(a.AMR), "hwk", "otp") })
	return out
}

func weighs(t *testing.T, w *world) {
	t.Helper()
	v := w.admit()
	if (v.Action == policy.StepUp) != (v.Need != nil) || v.Action == policy.StepUp && v.Identified {
		t.Fatalf("%+v with need %+v", v, v.Need)
	}
	for name, more := range burdens(w) {
		if after := more.admit(); v.Action != policy.Allow && after.Action == policy.Allow {
			t.Fatalf("%s turns %v for %s into %v", name, v.Action, v.Reason, after.Action)
		}
	}
	for name, less := range reliefs(w) {
		if after := less.admit(); v.Action == policy.Allow && after.Action != policy.Allow {
			t.Fatalf("%s turns %v into %v for %s", name, v.Action, after.Action, after.Reason)
		}
	}
	agree(t, w)
}

// agree holds that the three ways to look at floors say the same.
func agree(t *testing.T, w *world) {
	t.Helper()
	l := w.route.Levels
	b, known := l.Weigh(w.session, &w.standing, w.now)
	if _, configured := l[w.session.Level]; known != configured {
		t.Fatalf("weighing a session of level %s: %v", w.session.Level, known)
	}
	top, found := l.Strictest(&w.standing, w.session.Epoch, w.now)
	if known && b.Raised && (!found || b.Proven || l.Stricter(b.Need.Level, top.Level)) {
		t.Fatalf("unmet is %+v, the strictest in force %+v (%v)", b.Need, top, found)
	}
	if known && b.Proven && found {
		n := policy.Need{Level: top.Level, Proof: l[top.Level].Proof, Since: top.Since}
		if !l.Meets(&n, &w.session.Authentication, w.now) {
			t.Fatalf("all is proven, and the floor in force is not met: %+v", top)
		}
	}
	for level := range l {
		now, held := l.Strictest(&w.standing, w.now.Add(time.Hour), w.now)
		if l.Covers(&w.standing, level, w.now) && (!held || l.Stricter(level, now.Level)) {
			t.Fatalf("%s is covered, and a login now would get %+v (%v)", level, now, held)
		}
	}
}

func TestAdmissionIsMonotoneInLevelFloorAndProof(t *testing.T) {
	seen := map[policy.Reason]bool{}
	for seed := range uint64(20_000) {
		w := drawLevels(seed)
		weighs(t, w)
		seen[w.admit().Reason] = true
	}
	for _, reason := range []policy.Reason{policy.Permitted, policy.LevelUnknown, policy.LogTooOld, policy.LevelUnproven, policy.Raised,
		policy.RaisedTooLong, policy.RouteLevel, policy.RouteProof} {
		if !seen[reason] {
			t.Errorf("no world was drawn that ends in %s", reason)
		}
	}
}

func FuzzLevels(f *testing.F) {
	f.Add(uint64(1), "high", int64(0), int64(0), int64(0))
	f.Add(uint64(2), "", int64(-1), int64(time.Minute), int64(720*time.Hour))
	f.Fuzz(func(t *testing.T, seed uint64, level string, since, authenticated, login int64) {
		w := drawLevels(seed)
		bound := func(n int64) time.Duration { return time.Duration(n % int64(2000*time.Hour)) }
		w.raise(identity.Level(level), noon.Add(-bound(since).Abs()))
		w.session.Authentication.AuthTime = noon.Add(-bound(authenticated).Abs())
		w.session.Epoch = noon.Add(-bound(login).Abs())
		weighs(t, w)
	})
}

func TestWeighingAllocatesNothing(t *testing.T) {
	w := byPassword().raise(identity.High, noon.Add(-time.Minute)).raise(identity.Elevated, noon.Add(-time.Minute))
	w.session.Authentication = bio(noon)
	w.wants(t, "two floors that are met", policy.Allow, policy.Permitted)
	if n := testing.AllocsPerRun(100, func() { w.admit() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAdmitUnderFloors(b *testing.B) {
	for name, w := range map[string]*world{
		"none":  byPassword(),
		"met":   byPassword().raise(identity.High, noon.Add(-time.Minute)).raise(identity.Elevated, noon.Add(-time.Minute)),
		"unmet": byPassword().raise(identity.High, noon.Add(-time.Minute)),
	} {
		if w.route.Classes = nil; name == "met" {
			w.session.Authentication = bio(noon)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := w.admit(); v.Action != policy.Allow {
					b.Fatal(v)
				}
			}
		})
	}
}
