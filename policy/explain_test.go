package policy_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// expressions that worlds draw from; nil is none.
func someExpressions(t testing.TB) []*policy.Expression {
	out := make([]*policy.Expression, 6, 12)
	for _, text := range []string{
		"'staff' in user.groups", "session.proven || request.method == 'GET'", "session.auth_age < duration('1h')", "user.claims.site == ['x']",
		"request.path.startsWith('/a') && risk.level != 'high'", "request.query.q == ['1']",
	} {
		out = append(out, expression(t, text))
	}
	return out
}

// levelled makes a world whose levels ask for proofs, and whose session is sometimes raised and sometimes proves it.
func levelled(seed uint64, expressions ...*policy.Expression) policy.Case {
	rnd := rand.New(rand.NewPCG(seed, 7))
	w := draw(seed)
	levels := policy.Levels{
		identity.Normal:   {Rank: 0, MaxStaleness: time.Hour},
		identity.Elevated: {Rank: 1, Past: policy.PastAllow, Proof: policy.Proof{ACR: []string{"mfa", "bio"}, AMR: []string{"otp", "hwk"}}, Blocks: []string{"sensitive"}, Lifetime: time.Hour, Idle: 20 * time.Minute, Hold: time.Hour},
		identity.High:     {Rank: 2, MaxStaleness: 5 * time.Second, Proof: policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}, MaxAge: time.Hour}, Blocks: []string{"sensitive", "admin"}, Lifetime: 15 * time.Minute, Idle: 5 * time.Minute, Hold: 8 * time.Hour},
	}
	if seed%5 == 0 {
		normal := levels[identity.Normal]
		normal.MaxStaleness, normal.Past = time.Minute, policy.PastDowngrade
		levels[identity.Normal] = normal
	}
	w.route.Levels = levels
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	ago := func() time.Time { return noon.Add(-time.Duration(rnd.Int64N(int64(3 * time.Hour)))) }
	switch rnd.IntN(4) {
	case 0:
		w.route.Classes = []string{pick("sensitive", "admin", "other")}
	case 1:
		w.route.Level = identity.Level(pick("normal", "elevated", "high", "unheard"))
	case 2:
		w.route.Proof = policy.Proof{ACR: []string{pick("bio", "gold")}, MaxAge: time.Duration(rnd.IntN(3)) * time.Hour}
	}
	if rnd.IntN(3) == 0 {
		w.route.Classes = append(w.route.Classes, "sensitive")
	}
	if s := w.session; s != nil {
		s.Epoch = ago()
		s.Authentication.Assurance = identity.Assurance{ACR: pick("", "mfa", "bio"), AMR: []string{"pwd", pick("otp", "hwk", "sms")}, AuthTime: ago()}
		if s.Level != identity.Normal && rnd.IntN(2) == 0 {
			s.RaisedAt = ago()
		}
		if rnd.IntN(6) == 0 {
			s.Authentication.Enrolled = ago()
		}
		if rnd.IntN(6) == 0 {
			s.Authentication.AuthTime = time.Time{}
		}
	}
	for range rnd.IntN(3) {
		since := ago()
		w.standing.Floors = append(w.standing.Floors, policy.Floor{Level: identity.Level(pick("elevated", "high", "unheard")), Since: since, Until: since.Add(9 * time.Hour)})
	}
	c := policy.Case{Route: w.route, Session: w.session, Standing: w.standing, Now: w.now}
	if n := len(expressions); n > 0 {
		w.route.Allow, w.route.When = expressions[rnd.IntN(n)], expressions[rnd.IntN(n)]
		c.Request = policy.Request{Method: pick("GET", "POST"), Path: pick("/a/b", "/"), Query: map[string][]string{"q": {pick("1", "2")}}}
		if w.session != nil {
			w.session.Memo = new(policy.Memo)
		}
	}
	return c
}

// truthful checks an explanation against Admit.
func truthful(t *testing.T, c policy.Case) policy.Explanation {
	t.Helper()
	want := c.Verdict()
	e := c.Explain()
	if diff := cmp.Diff(want, e.Verdict); diff != "" {
		t.Fatalf("the explanation's verdict is not Admit's: %s", diff)
	}
	if diff := cmp.Diff(want, c.Verdict()); diff != "" {
		t.Fatalf("explaining changed the case: %s", diff)
	}
	first := slices.IndexFunc(e.Conditions, func(c policy.Condition) bool { return !c.Holds() })
	switch {
	case c.Route != nil && c.Route.Public:
		if (first < 0) != want.Identified {
			t.Fatalf("identified is %v with conditions %+v", want.Identified, e.Conditions)
		}
	case (first < 0) != (want.Action == policy.Allow):
		t.Fatalf("%v with conditions %+v", want.Action, e.Conditions)
	case first >= 0 && e.Conditions[first].Reason != want.Reason:
		t.Fatalf("the first condition that fails is %+v, the verdict's reason is %s", e.Conditions[first], want.Reason)
	}
	changes(t, c, e)
	return e
}

// changes applies what is suggested.
func changes(t *testing.T, c policy.Case, e policy.Explanation) {
	t.Helper()
	before, left := e.Verdict, unmet(c)
	for i, ch := range e.Changes {
		if len(ch.Values) == 0 {
			t.Fatalf("a change without a value: %+v", ch)
		}
		for _, value := range ch.Values {
			after := ch.Apply(value)
			v := after.Verdict()
			if v.Action == before.Action && v.Reason == before.Reason && unmet(after) >= left {
				t.Fatalf("change %d, %s %q, leaves %v %s as it is", i, ch.Code, value, v.Action, v.Reason)
			}
			if value == ch.Values[0] && !cmp.Equal(v, ch.Then) {
				t.Fatalf("change %d, %s %q, leads to %v %s and promised %v", i, ch.Code, value, v.Action, v.Reason, ch.Then)
			}
		}
		if e.Verdict.Action != policy.Allow {
			next := ch.Apply(ch.Values[0]) // one after the other
			before, left = ch.Then, unmet(next)
		}
	}
	if len(e.Changes) > 0 && before.Action == e.Verdict.Action && before.Reason == e.Verdict.Reason && e.Verdict.Action != policy.Allow {
		t.Fatalf("all changes together leave %v %s as it is", before.Action, before.Reason)
	}
	if diff := cmp.Diff(e.Verdict, c.Verdict()); diff != "" {
		t.Fatalf("applying changes changed the case: %s", diff)
	}
}

func unmet(c policy.Case) (n int) {
	for _, one := range c.Explain().Conditions {
		if !one.Holds() {
			n++
		}
	}
	return n
}

func TestAnExplanationSaysWhatAdmitSaysAndEachChangeIsTrue(t *testing.T) {
	verdicts, codes := map[policy.Reason]int{}, map[policy.ChangeCode]bool{}
	mended, refused := 0, 0
	expressions := someExpressions(t)
	for seed := range uint64(2_500) {
		e := truthful(t, levelled(seed, expressions...))
		verdicts[e.Verdict.Reason]++
		for _, ch := range e.Changes {
			codes[ch.Code] = true
		}
		if e.Verdict.Action != policy.Allow {
			refused++
			if n := len(e.Changes); n > 0 && e.Changes[n-1].Then.Action == policy.Allow {
				mended++
			}
		}
	}
	for _, reason := range []policy.Reason{
		policy.Public, policy.Permitted, policy.NoSession, policy.Expired, policy.IdleTooLong, policy.FromTheFuture, policy.Revoked, policy.Unvouched,
		policy.LevelUnknown, policy.LogTooOld, policy.OtherProvider, policy.SelectionOld, policy.GroupMissing, policy.ClaimMissing, policy.EmailUnverified,
		policy.EmailMismatch, policy.LevelUnproven, policy.Raised, policy.RaisedTooLong, policy.RouteLevel, policy.RouteProof, policy.ExpressionFalse,
	} {
		if verdicts[reason] == 0 {
			t.Errorf("no world was drawn that ends in %s", reason)
		}
	}
	for _, code := range []policy.ChangeCode{
		policy.ChangeLogin, policy.ChangeLogFresh, policy.ChangeProvider, policy.ChangeGroup, policy.ChangeClaim, policy.ChangeVerified, policy.ChangeEmail,
		policy.ChangeProve, policy.ChangeNotBefore, policy.ChangeNoGroup, policy.ChangeRaised, policy.ChangeRevoked, policy.ChangeStale,
	} {
		if !codes[code] {
			t.Errorf("%s was never suggested", code)
		}
	}
	// What cannot be mended is another request, asks for a level that is not configured, or for two acr at once.
	if float64(mended) < 0.7*float64(refused) {
		t.Errorf("of %d refusals %d were led to an end", refused, mended)
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(uint64(1), "admin", "bio", "hwk", int64(0), int64(time.Hour))
	f.Add(uint64(2), "", "", "", int64(policy.NeverRead), int64(-1))
	expressions := someExpressions(f)
	f.Fuzz(func(t *testing.T, seed uint64, group, acr, amr string, staleness, authenticated int64) {
		c := levelled(seed, expressions...)
		c.Standing.Staleness = time.Duration(max(0, staleness))
		if c.Session != nil {
			c.Session.Groups = append(c.Session.Groups, group)
			c.Session.Authentication.ACR, c.Session.Authentication.AMR = acr, []string{amr}
			c.Session.Authentication.AuthTime = noon.Add(time.Duration(authenticated))
		}
		if group != "" {
			c.Route.Groups = append(c.Route.Groups, group)
		}
		if acr != "" {
			c.Route.Proof.ACR = append(c.Route.Proof.ACR, acr)
		}
		truthful(t, c)
	})
}

func steps(e policy.Explanation) (out []string) {
	for _, ch := range e.Changes {
		value := ch.Values[0]
		if ch.Need != nil {
			value = ch.Need.Proof.String()
		}
		out = append(out, string(ch.Code)+" "+value+" -> "+ch.Then.Action.String())
	}
	return out
}

func TestWhatIsInTheWayIsNamedStepByStep(t *testing.T) {
	base := func() policy.Case {
		c := levelled(1)
		w := permitted()
		w.route.Levels = c.Route.Levels
		return policy.Case{Route: w.route, Session: w.session, Standing: w.standing, Now: noon}
	}
	for name, row := range map[string]struct {
		change func(*policy.Case)
		want   []string
	}{
		"a group": {func(c *policy.Case) { c.Session.Groups = nil }, []string{"group admin -> allow"}},
		"a group, then a proof": {func(c *policy.Case) { c.Session.Groups, c.Route.Level = nil, identity.High },
			[]string{"group admin -> step_up", "prove acr bio, amr hwk, no older than 1h -> allow"}},
		"a claim and an address": {func(c *policy.Case) { c.Session.Claims, c.Session.EmailVerified = nil, false },
			[]string{"claim a -> deny", "claim x -> deny", "verified  -> allow"}},
		"nobody there": {func(c *policy.Case) { c.Session = nil; c.Route.Groups, c.Route.Claims, c.Route.Emails = nil, nil, nil }, []string{"login  -> allow"}},
		"raised by the log": {func(c *policy.Case) {
			c.Route.Classes = []string{"sensitive"}
			c.Standing.Floors = []policy.Floor{{Level: identity.High, Since: noon.Add(-time.Minute), Until: noon.Add(time.Hour)}}
		}, []string{"prove acr bio, amr hwk, no older than 1h -> allow"}},
		"a log that was never read": {func(c *policy.Case) { c.Standing = policy.Standing{Staleness: policy.NeverRead} }, []string{"log_read  -> allow"}},
		"no route":                  {func(c *policy.Case) { c.Route = nil }, nil},
		"a level that is none":      {func(c *policy.Case) { c.Route.Level = "unheard" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := base()
			row.change(&c)
			if diff := cmp.Diff(row.want, steps(truthful(t, c))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPermittedRequestIsToldWhatWouldEndThat(t *testing.T) {
	c := levelled(1)
	w := permitted()
	w.route.Levels, w.route.Classes = c.Route.Levels, []string{"sensitive"}
	e := truthful(t, policy.Case{Route: w.route, Session: w.session, Standing: w.standing, Now: noon})
	want := []string{"time 2026-03-01T13:00:00Z -> login", "no_group  -> deny", "raised elevated -> step_up", "revoked  -> login", "log_stale 1h -> stale"}
	if diff := cmp.Diff(want, steps(e)); diff != "" {
		t.Error(diff)
	}
}

func TestAnAssessmentIsExplainedByWhatWouldLowerIt(t *testing.T) {
	rules := policy.DefaultRules()
	lowered := 0
	for seed := range uint64(1_500) {
		f := drawFacts(seed)
		o := rules.Explain(f)
		if diff := cmp.Diff(rules.Assess(f), o.Assessment); diff != "" {
			t.Fatalf("seed %d: the explanation is of another assessment: %s", seed, diff)
		}
		for _, w := range o.Changes {
			b := rules.Excepting(w.Reasons...).Assess(f)
			if b.Level != w.Level || b.Score != w.Score || rank(t, w.Level) >= rank(t, o.Level) {
				t.Fatalf("seed %d: without %v it is %s, %s was promised, and it was %s", seed, w.Reasons, b.Level, w.Level, o.Level)
			}
		}
		if rank(t, o.Level) > 0 && len(o.Changes) == 0 {
			t.Fatalf("seed %d: nothing would lower %s of %v", seed, o.Level, o.Terms)
		}
		if len(o.Changes) > 0 {
			lowered++
		}
	}
	if lowered < 150 {
		t.Errorf("only %d assessments could be lowered", lowered)
	}
}
