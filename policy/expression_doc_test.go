package policy_test

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// visit is somebody and what they ask for.
type visit struct {
	s   *policy.Session
	q   policy.Request
	now time.Time
	st  policy.Standing
}

// example is a case of one of docs/policy.md's examples, in their order.
type example struct {
	about  string
	change func(*visit)
	want   policy.Action
}

func examples() [][]example {
	group := func(g string) func(*visit) { return func(a *visit) { a.s.Groups = []string{g} } }
	path := func(p string) func(*visit) { return func(a *visit) { a.q.Path = p } }
	query := func(q map[string][]string) func(*visit) { return func(a *visit) { a.q.Query = q } }
	method := func(m string) func(*visit) { return func(a *visit) { a.q.Method = m } }
	at := func(hour int, day int) func(*visit) {
		return func(a *visit) { a.now = time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	}
	return [][]example{
		{
			{"staff from anywhere", func(a *visit) { a.q.Client = netip.MustParseAddr("192.0.2.1") }, policy.Allow},
			{"contractors from the office", group("contractors"), policy.Allow},
			{"contractors from elsewhere", func(a *visit) { group("contractors")(a); a.q.Client = netip.MustParseAddr("192.0.2.1") }, policy.Deny},
		},
		{
			{"an admin without a department", func(a *visit) { a.s.Claims = nil }, policy.Allow},
			{"sales", group("staff"), policy.Allow},
			{"neither", func(a *visit) { group("staff")(a); a.s.Claims = nil }, policy.Deny},
		},
		{{"one's own", path("/home/alice/x"), policy.Allow}, {"itself", path("/home/alice"), policy.Allow}, {"a longer name", path("/home/alicex/x"), policy.Deny}, {"no name", func(a *visit) { path("/home//x")(a); a.s.Username = "" }, policy.Deny}},
		{{"Monday morning", at(6, 2), policy.Allow}, {"too early", at(5, 2), policy.Deny}, {"Monday evening", at(18, 2), policy.Deny}, {"Sunday", at(12, 1), policy.Deny}},
		{
			{"reading", func(a *visit) { method("GET")(a); a.s.Authentication.AuthTime = noon.Add(-time.Hour) }, policy.Allow},
			{"changing at once", method("DELETE"), policy.Allow},
			{"changing later", func(a *visit) { method("DELETE")(a); a.s.Authentication.AuthTime = noon.Add(-time.Hour) }, policy.StepUp},
		},
		{
			{"no export", func(a *visit) { a.s.Authentication.AMR = []string{"pwd"} }, policy.Allow},
			{"an export without a second factor", func(a *visit) { path("/reports/export")(a); a.s.Authentication.AMR = []string{"pwd"} }, policy.StepUp},
			{"an export with one", path("/reports/export"), policy.Allow},
			{"by its parameter", func(a *visit) {
				query(map[string][]string{"export": {"1"}})(a)
				a.s.Authentication.AMR = []string{"pwd"}
			}, policy.StepUp},
		},
		{
			{"proven", func(*visit) {}, policy.Allow},
			{"not proven", func(a *visit) { a.s.Authentication.ACR = "" }, policy.Deny},
			{"raised by the log", func(a *visit) {
				a.st.Floors = []policy.Floor{{Level: identity.High, Since: noon, Until: noon.Add(time.Hour)}}
			}, policy.Deny},
			{"an ordinary login", func(a *visit) { a.s.Level, a.s.RaisedAt = identity.Normal, time.Time{} }, policy.Allow},
		},
		{
			{"none", query(map[string][]string{}), policy.Allow},
			{"both", query(map[string][]string{"page": {"2"}, "sort": {"name"}}), policy.Allow},
			{"another one", query(map[string][]string{"page": {"2"}, "debug": {"1"}}), policy.Deny},
			{"no number", query(map[string][]string{"page": {"2 or 1=1"}}), policy.Deny},
		},
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

func TestTheExamplesOfTheDocumentationDoWhatTheySay(t *testing.T) {
	page, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != len(examples()) {
		t.Fatalf("%d examples, %d are tried", len(blocks), len(examples()))
	}
	for i, cases := range examples() {
		r := routeOf(t, blocks[i][1])
		for _, c := range cases {
			a := visit{s: visitor(), q: post(), now: noon, st: policy.Standing{Vouched: true}}
			a.s.Expires, a.s.IdleUntil = noon.Add(100*time.Hour), noon.Add(100*time.Hour)
			c.change(&a)
			if v := r.AdmitRequest(a.s, a.st, a.q, a.now); v.Action != c.want {
				t.Errorf("example %d, %s: %+v, want %s", i+1, c.about, v, c.want)
			}
		}
	}
}

// routeOf is a route as one of the examples writes it.
func routeOf(t *testing.T, text string) *policy.Route {
	t.Helper()
	var written struct {
		Allow, When string
		ACR, AMR    []string
		MaxAge      string `yaml:"max_age"`
	}
	if err := yaml.Unmarshal([]byte(text), &written); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r := &policy.Route{Levels: someLevels(), Proof: policy.Proof{ACR: written.ACR, AMR: written.AMR}}
	if written.MaxAge != "" {
		var err error
		if r.Proof.MaxAge, err = time.ParseDuration(written.MaxAge); err != nil {
			t.Fatal(err)
		}
	}
	if written.Allow != "" {
		r.Allow = expression(t, strings.TrimRight(written.Allow, "\n"))
	}
	if written.When != "" {
		r.When = expression(t, strings.TrimRight(written.When, "\n"))
	}
	return r
}

// The table of names in the documentation is the one that the compiler has.
func TestTheDocumentationListsEveryName(t *testing.T) {
	page, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range policy.Names() {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/policy.md does not list %s", name)
		}
	}
}
