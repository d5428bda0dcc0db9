package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const issuer = "https://idp.test"

// world is everything a verdict depends on, in a state that permits.
type world struct {
	route    *policy.Route
	session  *policy.Session
	standing policy.Standing
	now      time.Time
}

func permitted() *world {
	return &world{
		route: &policy.Route{
			Issuer: issuer, Groups: []string{"admin", "staff"}, Claims: []policy.ClaimRule{{Name: "department", Values: []string{"a", "b"}}, {Name: "site", Values: []string{"x"}}},
			Emails:    []string{"*@corp.test"},
			Levels:    policy.Levels{identity.Normal: {MaxStaleness: time.Minute}, identity.High: {MaxStaleness: time.Second}, identity.Elevated: {Past: policy.PastAllow}},
			Selection: policy.Selection{1},
		},
		session: &policy.Session{
			Issuer: issuer, Level: identity.Normal, Groups: []string{"people", "staff"}, Claims: map[string][]string{"department": {"b"}, "site": {"w", "x"}},
			Email: "alice@corp.test", EmailVerified: true, Selection: policy.Selection{1},
			IssuedAt: noon.Add(-time.Hour), IdleUntil: noon.Add(time.Hour), Expires: noon.Add(8 * time.Hour),
		},
		standing: policy.Standing{Vouched: true},
		now:      noon,
	}
}

func (w *world) admit() policy.Verdict { return w.route.Admit(w.session, w.standing, w.now) }

func TestEachConditionHasItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		action policy.Action
		reason policy.Reason
	}{
		"all holds":                     {func(*world) {}, policy.Allow, policy.Permitted},
		"no route":                      {func(w *world) { w.route = nil }, policy.Deny, policy.NoRoute},
		"no session":                    {func(w *world) { w.session = nil }, policy.Login, policy.NoSession},
		"at its end":                    {func(w *world) { w.now = w.session.Expires }, policy.Login, policy.Expired},
		"just before its end":           {func(w *world) { w.session.Expires = noon.Add(1) }, policy.Allow, policy.Permitted},
		"at its idle end":               {func(w *world) { w.now = w.session.IdleUntil }, policy.Login, policy.IdleTooLong},
		"just before its idle end":      {func(w *world) { w.session.IdleUntil = noon.Add(1) }, policy.Allow, policy.Permitted},
		"issued as far ahead as may":    {func(w *world) { w.session.IssuedAt = noon.Add(policy.MaxAhead) }, policy.Allow, policy.Permitted},
		"issued further ahead":          {func(w *world) { w.session.IssuedAt = noon.Add(policy.MaxAhead + 1) }, policy.Login, policy.FromTheFuture},
		"issued in another age":         {func(w *world) { w.session.IssuedAt = noon.AddDate(5000, 0, 0) }, policy.Login, policy.FromTheFuture},
		"not vouched for":               {func(w *world) { w.standing.Vouched = false }, policy.Login, policy.Unvouched},
		"revoked":                       {func(w *world) { w.standing.Revoked = true }, policy.Login, policy.Revoked},
		"a level that is no more":       {func(w *world) { w.session.Level = "guest" }, policy.Login, policy.LevelUnknown},
		"a level in capitals":           {func(w *world) { w.session.Level = "Normal" }, policy.Login, policy.LevelUnknown},
		"no level":                      {func(w *world) { w.session.Level = "" }, policy.Login, policy.LevelUnknown},
		"no levels at all":              {func(w *world) { w.route.Levels = nil }, policy.Login, policy.LevelUnknown},
		"as stale as may be":            {func(w *world) { w.standing.Staleness = time.Minute }, policy.Allow, policy.Permitted},
		"staler":                        {func(w *world) { w.standing.Staleness = time.Minute + 1 }, policy.Stale, policy.LogTooOld},
		"a level that tolerates less":   {func(w *world) { w.session.Level, w.standing.Staleness = identity.High, time.Minute }, policy.Stale, policy.LogTooOld},
		"a log that was never read":     {func(w *world) { w.standing.Vouched, w.standing.Staleness = false, policy.NeverRead }, policy.Stale, policy.LogTooOld},
		"a level that goes on":          {func(w *world) { w.session.Level, w.standing.Staleness = identity.Elevated, 1<<62 }, policy.Allow, policy.Permitted},
		"an unknown rule past a bound":  {func(w *world) { w.route.Levels[identity.Normal] = policy.LevelRule{Past: 7}; w.standing.Staleness = 1 }, policy.Stale, policy.LogTooOld},
		"another provider":              {func(w *world) { w.session.Issuer = issuer + "/" }, policy.Login, policy.OtherProvider},
		"any provider":                  {func(w *world) { w.route.Issuer, w.session.Issuer = "", "https://else.test" }, policy.Allow, policy.Permitted},
		"in none of the groups":         {func(w *world) { w.session.Groups = []string{"people", "Staff", "staff "} }, policy.Deny, policy.GroupMissing},
		"in no group":                   {func(w *world) { w.session.Groups = nil }, policy.Deny, policy.GroupMissing},
		"a claim with other values":     {func(w *world) { w.session.Claims["site"] = []string{"X", "xx"} }, policy.Deny, policy.ClaimMissing},
		"no claims":                     {func(w *world) { w.session.Claims = nil }, policy.Deny, policy.ClaimMissing},
		"a rule without values":         {func(w *world) { w.route.Claims[1].Values = nil }, policy.Deny, policy.ClaimMissing},
		"an address nobody vouches for": {func(w *world) { w.session.EmailVerified = false }, policy.Deny, policy.EmailUnverified},
		"an address of others":          {func(w *world) { w.session.Email = "alice@other.test" }, policy.Deny, policy.EmailMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			w := permitted()
			c.change(w)
			want := policy.Verdict{Action: c.action, Reason: c.reason, Identified: c.action == policy.Allow}
			if diff := cmp.Diff(want, w.admit()); diff != "" {
				t.Error(diff)
			}
			if w.route == nil {
				return
			}
			w.route.Public = true
			want = policy.Verdict{Action: policy.Allow, Reason: policy.Public, Identified: c.action == policy.Allow}
			if diff := cmp.Diff(want, w.admit()); diff != "" {
				t.Errorf("on a public route: %s", diff)
			}
		})
	}
}

// The conditions in the order in which they are looked at; each break leaves all that come later broken as well.
func TestTheFirstConditionThatFailsIsTheReason(t *testing.T) {
	breaks := []struct {
		reason policy.Reason
		do     func(*world)
	}{
		{policy.EmailMismatch, func(w *world) { w.session.Email = "" }},
		{policy.EmailUnverified, func(w *world) { w.session.EmailVerified = false }},
		{policy.ClaimMissing, func(w *world) { w.session.Claims = nil }},
		{policy.GroupMissing, func(w *world) { w.session.Groups = nil }},
		{policy.SelectionOld, func(w *world) { w.session.Selection = policy.Selection{2} }},
		{policy.OtherProvider, func(w *world) { w.session.Issuer = "" }},
		{policy.LogTooOld, func(w *world) { w.standing.Staleness = time.Hour }},
		{policy.LevelUnknown, func(w *world) { w.session.Level = "guest" }},
		{policy.Revoked, func(w *world) { w.standing.Revoked = true }},
		{policy.Unvouched, func(w *world) { w.standing.Vouched = false }},
		{policy.FromTheFuture, func(w *world) { w.session.IssuedAt = noon.Add(time.Hour) }},
		{policy.IdleTooLong, func(w *world) { w.session.IdleUntil = noon }},
		{policy.Expired, func(w *world) { w.session.Expires = noon }},
		{policy.NoSession, func(w *world) { w.session = nil }},
		{policy.NoRoute, func(w *world) { w.route = nil }},
	}
	w := permitted()
	for _, b := range breaks {
		b.do(w)
		if got := w.admit(); got.Reason != b.reason {
			t.Errorf("got %s, want %s", got.Reason, b.reason)
		}
	}
}

func TestWhatAChangedSelectionLeftOutAsksForALoginInsteadOfDenying(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   policy.Action
	}{
		"a group":                  {func(w *world) { w.session.Groups = nil }, policy.Login},
		"a claim":                  {func(w *world) { w.session.Claims = nil }, policy.Login},
		"an address was kept":      {func(w *world) { w.session.Email = "a@other.test" }, policy.Deny},
		"nothing that was missing": {func(*world) {}, policy.Allow},
	} {
		w := permitted()
		w.session.Selection = policy.Selection{2}
		c.change(w)
		if got := w.admit(); got.Action != c.want {
			t.Errorf("%s: %v %s, want %v", name, got.Action, got.Reason, c.want)
		}
	}
}

func TestZeroValuesLetNobodyIn(t *testing.T) {
	var verdict policy.Verdict
	if verdict.Action != policy.Deny || verdict.Identified {
		t.Errorf("the zero verdict is %v", verdict)
	}
	full := permitted()
	for name, v := range map[string]policy.Verdict{
		"no route, no session": (*policy.Route)(nil).Admit(nil, policy.Standing{}, time.Time{}),
		"an empty session":     full.route.Admit(&policy.Session{}, full.standing, full.now),
		"an empty standing":    full.route.Admit(full.session, policy.Standing{}, full.now),
		"an empty route":       (&policy.Route{}).Admit(full.session, full.standing, full.now),
		"all empty":            (&policy.Route{}).Admit(&policy.Session{}, policy.Standing{}, time.Time{}),
	} {
		if v.Action == policy.Allow || v.Identified {
			t.Errorf("%s: %v", name, v)
		}
	}
}

func TestActionsHaveNames(t *testing.T) {
	got := []string{policy.Deny.String(), policy.Allow.String(), policy.Login.String(), policy.Stale.String(), policy.Action(200).String()}
	if diff := cmp.Diff([]string{"deny", "allow", "login", "stale", "unknown"}, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkAdmit(b *testing.B) {
	w := permitted()
	b.ReportAllocs()
	for b.Loop() {
		if v := w.admit(); v.Action != policy.Allow {
			b.Fatal(v)
		}
	}
}

func TestAdmittingAllocatesNothing(t *testing.T) {
	w := permitted()
	if n := testing.AllocsPerRun(100, func() { w.admit() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
