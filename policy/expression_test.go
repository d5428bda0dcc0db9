package policy_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func compiler(t testing.TB) *policy.Compiler {
	t.Helper()
	c, err := policy.NewCompiler([]identity.Level{identity.Normal, identity.Elevated, identity.High})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func expression(t testing.TB, text string) *policy.Expression {
	t.Helper()
	e, err := compiler(t).Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

// mistakes compiles what must be refused.
func mistakes(t *testing.T, text string) []policy.Mistake {
	t.Helper()
	e, err := compiler(t).Compile(text)
	var bad *policy.CompileError
	if e != nil || !errors.As(err, &bad) || len(bad.Mistakes) == 0 {
		t.Fatalf("%s: compiled to %v, %v", text, e, err)
	}
	return bad.Mistakes
}

func TestAMistakeSaysWhereItIsAndHowToMendIt(t *testing.T) {
	// The place is marked by » and is no part of the expression.
	rows := []struct{ text, message, hint string }{
		{`»user.emial == "a"`, "there is no `user.emial`", "did you mean `user.email`?"},
		{`true && »requst.path == "/"`, "there is no `requst.path`", "did you mean"},
		{`»user.colour == "red"`, "there is no `user.colour`", "user.email"},
		{`»colour == "red"`, "there is no `colour`", "texts stand in quotes"},
		{`request.method == »POST`, "there is no `POST`", "texts stand in quotes"},
		{`»user == "a"`, "`user` is no value by itself", "user.email"},
		{`has(»user.email)`, "`user` is no value by itself", "has() is for user.claims.NAME"},
		{`»in_netwrok(request.client, "10.0.0.0/8")`, "there is no function `in_netwrok`", ""},
		{`user.email »== 5`, "`==` does not go with (string, int)", ""},
		{`user.email ==»`, "the expression ends too early", ""},
		{`user.email == »"a`, "a text without its closing quote", ""},
		{`»user.email`, "must be true or false, not string", ""},
		{`»`, "the expression ends too early", ""},
		{"user.email == 'ä' &&\n  »user.nmae == 'ö'", "there is no `user.nmae`", "did you mean `user.name`?"},
		{`»user.groups.exists(g, g == "a")`, "groups can only be asked for one by one", `"admins" in user.groups`},
		{`»user.name in user.groups`, "only a group that stands here as a text", `"admins" in user.groups`},
		{`»user.claims == user.claims`, "claims can only be asked for one by one", "user.claims.department"},
		{`user.claims[»user.name] == ["a"]`, "only a claim whose name stands here as a text", `user.claims["department"]`},
		{`»request.path in user.claims`, "only a claim whose name stands here as a text", ""},
		{`user.claims.role.exists»(user, user == "a")`, "`user` cannot be the name of a variable", ""},
		{`risk.level == »"hihg"`, "there is no level `hihg`", "normal, elevated, high"},
		{`risk.level in »["high", "higher"]`, "there is no level `higher`", ""},
		{`request.path.matches(»"(")`, "", ""},
		{`request.path.matches(»user.name)`, "a regular expression must stand here as a text", ""},
		{`in_network(request.client, »"10.0.0.1/8")`, "a network must stand here", "10.0.0.0/8"},
		{`in_network(request.client, »user.name)`, "a network must stand here", ""},
		{`now.getHours(»"Europe/Berlin") > 8`, "only UTC and offsets from it", "+01:00"},
		{`now - now > duration(»"soon")`, "invalid duration argument", ""},
		{`»dyn(user.groups) == 5`, "there is no function `dyn`", ""},
	}
	for _, row := range rows {
		t.Run(row.text, func(t *testing.T) {
			before, after, _ := strings.Cut(row.text, "»")
			m := mistakes(t, before+after)[0]
			if want := len([]rune(before)); m.Offset != want {
				t.Errorf("at %d, want %d", m.Offset, want)
			}
			if !strings.Contains(m.Message, row.message) || !strings.Contains(m.Hint, row.hint) {
				t.Errorf("%s (%s)", m.Message, m.Hint)
			}
		})
	}
}

// Each of them would cost more than a request is worth.
func TestWhatCouldTakeTooLongIsRefused(t *testing.T) {
	long := strings.Repeat("a", 3000)
	rows := map[string]string{
		"a loop within a loop":         `request.query.all(a, request.query.all(b, a == b))`,
		"three loops":                  `[1].all(a, [1].all(b, [1].all(c, a + b == c)))`,
		"a pattern in a loop":          `request.query.all(k, request.path.matches("(a|b)*c"))`,
		"too long":                     `user.name == "` + long + `"`,
		"too deep":                     strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200),
		"too deep in lists":            strings.Repeat("[", 200) + strings.Repeat("]", 200) + " == []",
		"too many parts":               "true" + strings.Repeat("||[1].all(a,a>0)", 120),
		"a pattern that grows":         `request.path.matches("((a{9}){9}){9}")`,
		"a text that grows in a loop":  `request.query.map(k, k + request.path + request.path).exists(k, k.contains(request.path))`,
		"a comparison of all with all": `request.query.exists(k, request.query[k].exists(v, v.matches("^a.*b.*c.*d$")))`,
	}
	for name, text := range rows {
		t.Run(name, func(t *testing.T) { t.Log(mistakes(t, text)[0]) })
	}
}

// visitor is somebody whose every fact is known.
func visitor() *policy.Session {
	return &policy.Session{
		Issuer: "https://id.example", Sub: "4711", Username: "alice", Name: "Alice Ä", Email: "Alice@Corp.Example", EmailVerified: true,
		Level: identity.Elevated, Reasons: []string{"new_country"}, Groups: []string{"admins", "staff"},
		Claims: map[string][]string{"department": {"sales", "support"}, "https://corp.example/site": {"berlin"}},
		Epoch:  noon.Add(-time.Hour), IssuedAt: noon.Add(-time.Minute), IdleUntil: noon.Add(time.Hour), Expires: noon.Add(time.Hour),
		RaisedAt:       noon.Add(-time.Hour),
		Authentication: policy.Authentication{Assurance: identity.Assurance{ACR: "mfa", AMR: []string{"pwd", "otp"}, AuthTime: noon.Add(-30 * time.Minute)}},
	}
}

func post() policy.Request {
	return policy.Request{
		Method: "POST", Host: "app.example:8443", Path: "/reports/ä", Client: netip.MustParseAddr("::ffff:10.1.2.3"),
		Query: map[string][]string{"role": {"user"}, "page": {"2", "3"}},
	}
}

func someLevels() policy.Levels {
	return policy.Levels{
		identity.Normal: {MaxStaleness: time.Hour}, identity.High: {Rank: 2, MaxStaleness: time.Hour, Hold: time.Hour, Blocks: []string{"sensitive"}, Proof: policy.Proof{ACR: []string{"bio"}}},
		identity.Elevated: {Rank: 1, MaxStaleness: time.Hour, Hold: time.Hour, Blocks: []string{"sensitive"}, Proof: policy.Proof{ACR: []string{"mfa"}}},
	}
}

// asked is the verdict of a route that has nothing but the expression.
func asked(t testing.TB, text string, s *policy.Session, q policy.Request) policy.Verdict {
	t.Helper()
	r := policy.Route{Allow: expression(t, text), Levels: someLevels()}
	return r.AdmitRequest(s, policy.Standing{Vouched: true}, q, noon)
}

func TestExpressionsSeeWhatIsKnown(t *testing.T) {
	for _, text := range []string{
		`user.sub == "4711" && user.issuer == "https://id.example" && user.username == "alice" && user.name == "Alice Ä"`,
		`user.email == "alice@corp.example" && user.email.endsWith("@corp.example") && user.email_verified`,
		`"admins" in user.groups && !("guests" in user.groups)`,
		`["guests", "staff"].exists(g, g in user.groups)`,
		`user.claims.department == ["sales", "support"] && "sales" in user.claims.department`,
		`user.claims["https://corp.example/site"][0] == "berlin"`,
		`has(user.claims.department) && !has(user.claims.cost_centre) && "department" in user.claims`,
		`user.claims.department.exists(d, d.startsWith("supp"))`,
		`session.level == "elevated" && session.proven && session.reasons == ["new_country"]`,
		`session.acr == "mfa" && "otp" in session.amr`,
		`session.auth_age == duration("30m") && session.login_age == duration("1h")`,
		`session.auth_time == timestamp("2026-03-01T11:30:00Z") && now - session.login_time == duration("1h")`,
		`request.method == "POST" && request.host == "app.example:8443" && request.path == "/reports/ä"`,
		`request.path.startsWith("/reports/") && request.path.matches("^/reports/[^/]+$")`,
		`request.query.role == ["user"] && request.query["page"].size() == 2 && !has(request.query.admin)`,
		`request.query.all(name, name in ["role", "page"])`,
		`request.client == "10.1.2.3" && in_network(request.client, "10.0.0.0/8") && !in_network(request.client, "2001:db8::/32")`,
		`risk.level == "elevated" && risk.reasons == ["new_country"]`,
		`now.getHours() == 12 && now.getHours("+01:00") == 13 && now.getDayOfWeek() == 0`,
	} {
		if v := asked(t, text, visitor(), post()); v.Action != policy.Allow || !v.Identified {
			t.Errorf("%s: %+v", text, v)
		}
	}
}

func TestWhatIsNotKnownLetsNobodyIn(t *testing.T) {
	stranger := &policy.Session{Issuer: "https://id.example", Level: identity.Normal, Email: "x@corp.example", IdleUntil: noon.Add(time.Hour), Expires: noon.Add(time.Hour)}
	for _, text := range []string{
		`user.email.endsWith("@corp.example")`, // which nobody vouches for
		`user.email != "y@corp.example"`,
		`user.username != "root"`, `user.name != "root"`,
		`session.acr != "mfa"`, `session.auth_age < duration("1h")`, `session.login_time < now`,
		`request.method == "GET"`, `request.method != "POST"`, `in_network(request.client, "0.0.0.0/0")`, `!in_network(request.client, "10.0.0.0/8")`,
		`!("a" in request.query.role)`, `1 / 0 == 1`, `[1][2] == 1`,
		`"123".size() / (user.sub.size() - 0) == 1`,
	} {
		if v := asked(t, text, stranger, policy.Request{}); v.Action != policy.Deny || v.Reason != policy.ExpressionError || v.Fault == "" || v.Identified {
			t.Errorf("%s: %+v", text, v)
		}
	}
	for text, want := range map[string]policy.Reason{
		`user.claims.department != ["a"]`:                 policy.ClaimMissing,
		`!("a" in user.claims.department)`:                policy.ClaimMissing,
		`"admins" in user.groups`:                         policy.ExpressionFalse,
		`user.sub == "4711"`:                              policy.ExpressionFalse,
		`has(user.claims.x) && "a" in user.claims.x`:      policy.ExpressionFalse,
		`"a" in user.claims.x || "admins" in user.groups`: policy.ClaimMissing,
	} {
		if v := asked(t, text, stranger, post()); v.Action != policy.Deny || v.Reason != want {
			t.Errorf("%s: %+v, want %s", text, v, want)
		}
	}
}

func TestAnErrorDoesNotMatterWhereTheRestDecides(t *testing.T) {
	if v := asked(t, `"a" in user.claims.x || "admins" in user.groups`, visitor(), post()); v.Action != policy.Allow {
		t.Errorf("%+v", v)
	}
}

// A session carries only the groups and claims that the configuration named when it began.
func TestAnOldSelectionIsAskedToLogInWhereItMatters(t *testing.T) {
	rows := []struct {
		allow, when string
		want        policy.Reason
	}{
		{allow: `!("contractors" in user.groups)`, want: policy.SelectionOld}, // it may be one
		{allow: `"contractors" in user.groups`, want: policy.SelectionOld},
		{allow: `!has(user.claims.blocked)`, want: policy.SelectionOld},
		{allow: `"admins" in user.groups && has(user.claims.department)`, want: policy.Permitted},
		{allow: `user.sub != ""`, want: policy.Permitted},
		{when: `"contractors" in user.groups`, want: policy.SelectionOld},
		{when: `"admins" in user.groups`, want: policy.RouteLevel},
	}
	for _, row := range rows {
		r := policy.Route{Levels: someLevels(), Selection: policy.Selection{1}}
		if row.allow != "" {
			r.Allow = expression(t, row.allow)
		}
		if row.when != "" {
			r.When, r.Level = expression(t, row.when), identity.High
		}
		if v := r.AdmitRequest(visitor(), policy.Standing{Vouched: true}, post(), noon); v.Reason != row.want {
			t.Errorf("%s%s: %+v, want %s", row.allow, row.when, v, row.want)
		}
	}
}

func TestWhenSaysForWhichRequestsMoreIsAsked(t *testing.T) {
	rows := []struct {
		name, when string
		route      policy.Route
		want       policy.Action
		fault      bool
	}{
		{"it holds", `request.method != "GET"`, policy.Route{Level: identity.High}, policy.StepUp, false},
		{"it does not", `request.method == "GET"`, policy.Route{Level: identity.High}, policy.Allow, false},
		{"it cannot be told", `request.query.nothing == ["a"]`, policy.Route{Level: identity.High}, policy.StepUp, true},
		{"the proof of the route", `request.method == "GET"`, policy.Route{Proof: policy.Proof{MaxAge: time.Minute}}, policy.Allow, false},
		{"it holds for the proof", `request.method == "POST"`, policy.Route{Proof: policy.Proof{MaxAge: time.Minute}}, policy.StepUp, false},
		{"nothing is missing", `request.method == "POST"`, policy.Route{Proof: policy.Proof{MaxAge: time.Hour}}, policy.Allow, false},
		{"it lets nobody in", `request.method == "GET"`, policy.Route{Level: identity.High, Groups: []string{"guests"}}, policy.Deny, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := row.route
			r.When, r.Levels = expression(t, row.when), someLevels()
			v := r.AdmitRequest(visitor(), policy.Standing{Vouched: true}, post(), noon)
			if v.Action != row.want || (v.Fault != "") != row.fault || (v.Action == policy.StepUp) != (v.Need != nil) {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestWhenHoldsForClassesToo(t *testing.T) {
	s := visitor()
	s.Authentication.ACR = ""
	r := policy.Route{Classes: []string{"sensitive"}, When: expression(t, `request.path.startsWith("/reports/")`), Levels: someLevels()}
	q := post()
	if v := r.AdmitRequest(s, policy.Standing{Vouched: true}, q, noon); v.Action != policy.StepUp || v.Reason != policy.LevelUnproven {
		t.Errorf("%+v", v)
	}
	q.Path = "/"
	if v := r.AdmitRequest(s, policy.Standing{Vouched: true}, q, noon); v.Action != policy.Allow {
		t.Errorf("%+v", v)
	}
}

func TestAnExpressionTellsWhatItLooksAt(t *testing.T) {
	rows := map[string]policy.Uses{
		`true`: {},
		`"a" in user.groups && ["b", "c"].exists(g, g in user.groups)`:          {Groups: []string{"a", "b", "c"}},
		`has(user.claims.x) && user.claims["y"] == ["z"] && "w" in user.claims`: {Claims: []string{"w", "x", "y"}},
		`request.path == "/"`: {Request: true},
		`request.query.role == ["a"] || has(request.query.b) || "c" in request.query`: {Request: true, Query: true, Parameters: []string{"b", "c", "role"}},
		`request.query.all(k, k == "a")`:                                              {Request: true, Query: true},
		`now > timestamp("2026-01-01T00:00:00Z")`:                                     {Now: true},
		`session.auth_age < duration("1h")`:                                           {Now: true, Proof: true},
		`session.login_age < duration("1h")`:                                          {Now: true},
		`risk.level == "high" || session.proven`:                                      {Proof: true},
		`"hwk" in session.amr`:                                                        {Proof: true},
	}
	for text, want := range rows {
		if diff := cmp.Diff(want, expression(t, text).Uses()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestSessionsKeepWhatExpressionsAskFor(t *testing.T) {
	groups, claims, _ := policy.Select([]*policy.Route{
		{Groups: []string{"z"}, Allow: expression(t, `"a" in user.groups && has(user.claims.c)`)}, {When: expression(t, `"b" in user.groups`)},
	})
	if !slices.Equal(groups, []string{"a", "b", "z"}) || !slices.Equal(claims, []string{"c"}) {
		t.Errorf("groups %v, claims %v", groups, claims)
	}
}

func TestWhatTheLogRaisesIsSeenAtOnce(t *testing.T) {
	s := visitor()
	s.Memo = &policy.Memo{}
	r := policy.Route{Allow: expression(t, `risk.level != "high" && session.proven`), Levels: someLevels()}
	st := policy.Standing{Vouched: true}
	want := func(what string, action policy.Action, now time.Time) {
		t.Helper()
		for range 2 { // the second time from memory
			if v := r.AdmitRequest(s, st, policy.Request{}, now); v.Action != action {
				t.Errorf("%s: %+v", what, v)
			}
		}
	}
	want("before", policy.Allow, noon)
	st.Floors = []policy.Floor{{Level: identity.High, Since: noon, Until: noon.Add(10 * time.Minute), Reason: "reported"}}
	want("raised", policy.Deny, noon)
	want("forgotten", policy.Allow, noon.Add(10*time.Minute))
	r.Allow = expression(t, `risk.reasons == ["reported"]`)
	want("its reason", policy.Allow, noon)
}

func TestOnlyWhatLooksAtTheSessionAloneIsRemembered(t *testing.T) {
	s := visitor()
	s.Memo = &policy.Memo{}
	st := policy.Standing{Vouched: true}
	r := policy.Route{Allow: expression(t, `request.method == "POST"`), Levels: someLevels()}
	if v := r.AdmitRequest(s, st, post(), noon); v.Action != policy.Allow {
		t.Errorf("%+v", v)
	}
	get := post()
	get.Method = "GET"
	if v := r.AdmitRequest(s, st, get, noon); v.Action != policy.Deny {
		t.Errorf("%+v", v)
	}
	r.Allow = expression(t, `now < timestamp("2026-03-01T12:00:01Z")`)
	if v := r.AdmitRequest(s, st, get, noon); v.Action != policy.Allow {
		t.Errorf("%+v", v)
	}
	if v := r.AdmitRequest(s, st, get, noon.Add(time.Second)); v.Action != policy.Deny {
		t.Errorf("%+v", v)
	}
}

func TestRememberingAllocatesNothing(t *testing.T) {
	s := visitor()
	s.Memo = &policy.Memo{}
	r := policy.Route{Allow: expression(t, `"admins" in user.groups && user.email.endsWith("@corp.example")`), Levels: someLevels()}
	st := policy.Standing{Vouched: true}
	if n := testing.AllocsPerRun(100, func() { r.AdmitRequest(s, st, policy.Request{}, noon) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAMemoIsBounded(t *testing.T) {
	s := visitor()
	s.Memo = &policy.Memo{}
	c := compiler(t)
	for i := range 100 {
		e, err := c.Compile(fmt.Sprintf(`user.sub == "%d" || true`, i))
		if err != nil {
			t.Fatal(err)
		}
		r := policy.Route{Allow: e, Levels: someLevels()}
		if v := r.Admit(s, policy.Standing{Vouched: true}, noon); v.Action != policy.Allow {
			t.Fatalf("%+v", v)
		}
	}
}

// More than any cookie can carry, in case a session ever comes from somewhere else.
func TestTenThousandGroupsAreNoBurden(t *testing.T) {
	s := visitor()
	for i := range 10_000 {
		s.Groups = append(s.Groups, fmt.Sprintf("group-%d", i))
	}
	s.Claims = map[string][]string{"role": s.Groups}
	if v := asked(t, `"group-9999" in user.groups`, s, post()); v.Action != policy.Allow {
		t.Errorf("%+v", v)
	}
	if v := asked(t, `user.claims.role.exists(r, r.matches("^group-99+$"))`, s, post()); v.Action != policy.Allow && v.Reason != policy.ExpressionError {
		t.Errorf("%+v", v)
	}
}

func TestAnExpressionThatCostsTooMuchLetsNobodyIn(t *testing.T) {
	s := visitor()
	s.Claims = map[string][]string{"role": make([]string, 200_000)}
	v := asked(t, `!user.claims.role.exists(r, r == "a")`, s, post())
	if v.Action != policy.Deny || v.Reason != policy.ExpressionError || !strings.Contains(v.Fault, "cost") {
		t.Errorf("%+v", v)
	}
}

func BenchmarkExpression(b *testing.B) {
	for name, text := range map[string]string{
		"session": `"admins" in user.groups && user.email.endsWith("@corp.example")`,
		"method":  `request.method != "GET"`,
		"typical": `request.method == "GET" || "sales" in user.claims.department && in_network(request.client, "10.0.0.0/8")`,
		"pattern": `request.path.matches("^/reports/[0-9]+/[a-z]+$") || true`,
	} {
		b.Run(name, func(b *testing.B) {
			s, q, st := visitor(), post(), policy.Standing{Vouched: true}
			s.Memo = &policy.Memo{}
			r := policy.Route{Allow: expression(b, text), Levels: someLevels()}
			b.ReportAllocs()
			for b.Loop() {
				if v := r.AdmitRequest(s, st, q, noon); v.Action != policy.Allow {
					b.Fatal(v)
				}
			}
		})
	}
}

func TestAnExplanationShowsTheExpression(t *testing.T) {
	r := policy.Route{Allow: expression(t, `request.method == "GET"`), When: expression(t, `request.path == "/a"`), Level: identity.High, Levels: someLevels()}
	c := policy.Case{Route: &r, Session: visitor(), Standing: policy.Standing{Vouched: true}, Request: post(), Now: noon}
	e := c.Explain()
	i := slices.IndexFunc(e.Conditions, func(c policy.Condition) bool { return c.Kind == policy.KindAllow })
	if e.Verdict.Reason != policy.ExpressionFalse || i < 0 || e.Conditions[i].Reason != policy.ExpressionFalse || e.Conditions[i].Asked != `request.method == "GET"` {
		t.Errorf("%+v", e)
	}
	for _, one := range e.Conditions {
		if one.Kind != policy.KindAllow && !one.Holds() {
			t.Errorf("%+v does not hold, and is not asked of this path", one)
		}
	}
}
