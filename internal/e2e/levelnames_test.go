package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/identity"
)

const renamed = "levels: {normal: {name: base}, elevated: {name: raised}, high: {name: locked}}\n"

// A session of a level that is not configured any more must log in again; a floor of one counts as the strictest.
func Test_levels_that_are_renamed_open_nothing_that_was_closed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.routes = "  - {path: /sensitive, upstream: page, classes: [sensitive]}\n"
	f := w.fleet(t, 1, "risk: {mode: off}\n")
	e, c, sensitive := f.edges[0], f.login(), f.origin+"/sensitive/x"
	f.raise(identity.High)
	closed := func(level string) func() bool {
		return func() bool {
			p := c.Ask(sensitive)
			return p.Status == http.StatusSeeOther && strings.HasPrefix(p.Header.Get("Location"), "/.edgeauth/login?level="+level+"&")
		}
	}
	e.Until("the floor closes the sensitive page", closed("high"))

	e.Configure(f.config(f.store + renamed))
	f.wantRefused("once its level has another name", c, 0)
	wantPage(t, c.Open(f.origin+"/"))
	before := f.standing(c)
	if before.Level != "locked" || before.Proven || len(before.Reasons) != 1 || before.Reasons[0] != "time_zones" {
		t.Errorf("under the floor from before, the new login is %+v", before)
	}
	if !closed("locked")() {
		t.Error("the sensitive page does not ask for the strictest level by its new name")
	}
	if p := c.Open(sensitive); p.Status != http.StatusOK || p.URL.Path != "/sensitive/x" {
		t.Fatalf("the step-up ends at %s with %d:\n%s", p.URL, p.Status, p.Body)
	}
	if after := f.standing(c); after.Session != before.Session || after.Level != "locked" || !after.Proven {
		t.Errorf("after the step-up the session is %+v, was %+v", after, before)
	}
	for _, name := range []string{"access_blocked", "step_up_asked", "step_up_proven"} {
		events := e.Events(name)
		if last := events[len(events)-1]; last["session"] != before.Session || last["security_level"] != "locked" {
			t.Errorf("the audit trail has %v", last)
		}
	}

	told := explain(t, e, "--user", "demo-alice", "--url", "/sensitive/x")
	if told.Person.Level != "locked" || told.Verdict.Reason != "level_unproven" || len(told.Person.Floors) != 1 || told.Person.Floors[0].CountsAs != "locked" {
		t.Errorf("explained: %+v", told)
	}
	if out, err := e.Command("__complete", "explain", "--config", e.ConfigFile(), "--level", ""); err != nil || !strings.HasPrefix(out, "base\nraised\nlocked\n") {
		t.Errorf("completing --level: %v\n%s", err, out)
	}
	if out, err := e.Command("explain", "--config", e.ConfigFile(), "--user", "demo-alice", "--url", "/", "--level", "high"); err == nil ||
		!strings.Contains(out, `--level "high" is none of base, raised, locked`) {
		t.Errorf("explaining a level that is called otherwise: %v\n%s", err, out)
	}
}

func Test_assessments_ask_for_levels_by_their_configured_names(t *testing.T) {
	t.Parallel()
	e := newWorld(t).placed(t, renamed)
	v := newTraveller(t, e)
	for _, city := range []string{"berlin", "berlin", "berlin", "tokyo", "sao-paulo"} {
		v.login(city)
	}
	var assessed []string
	for _, a := range e.Events("login_assessed") {
		level, _ := a["security_level"].(string)
		assessed = append(assessed, level)
	}
	if got := strings.Join(assessed, " "); got != "base base base raised locked" {
		t.Errorf("the logins were assessed as %s", got)
	}
	if got, _ := e.Metric(`edgeauth_levels_raised_total{level="locked",reason="time_zones"}`); got != 1 {
		t.Errorf("the raise was counted %v times", got)
	}
	events := e.Events("level_raised")
	last := events[len(events)-1]
	id, _ := last["id"].(string)
	if out, err := e.Command("explain", "--event", id, "--log", e.Dir+"/edge.log"); err != nil || !strings.Contains(out, "locked") || strings.Contains(out, "high") {
		t.Errorf("explaining %v: %v\n%s", last, err, out)
	}
}
