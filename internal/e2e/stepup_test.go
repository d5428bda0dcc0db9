package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/store/redis"
)

// raise writes a floor into the fleet's log, as an edge does that saw a login of alice which looked wrong.
func (f *fleet) raise(level identity.Level) {
	f.t.Helper()
	store, err := redis.New(redis.Options{Addresses: []string{f.redis.Addr()}})
	if err != nil {
		f.t.Fatal(err)
	}
	defer store.Close()
	since := revocation.MillisOf(time.Now())
	alice := identity.Subject{Issuer: f.idp.Issuer(), Sub: "demo-alice"}
	err = store.Append(f.t.Context(), []revocation.Entry{{Register: revocation.Floor(alice, level), Value: revocation.Value{
		Since: since, Until: revocation.MillisOf(since.Time().Add(session.MaxLifetime)), Reason: "time_zones", Actor: "risk"}}})
	if err != nil {
		f.t.Fatal(err)
	}
}

// standing is what /.edgeauth/me says of a session.
type standing struct {
	Session string    `json:"session"`
	Level   string    `json:"level"`
	Proven  bool      `json:"level_proven"`
	Reasons []string  `json:"reasons"`
	Expires time.Time `json:"expires_at"`
}

func (f *fleet) standing(c *edgetest.Client) (s standing) {
	f.t.Helper()
	p := c.Ask(f.origin + "/.edgeauth/me")
	if err := json.Unmarshal([]byte(p.Body), &s); err != nil || p.Status != http.StatusOK {
		f.t.Fatalf("me: %d %v\n%s", p.Status, err, p.Body)
	}
	return s
}

// The shipped levels over Redis and two edges: a floor that neither edge wrote reaches both.
func Test_a_floor_closes_the_sensitive_route_on_every_edge_and_a_step_up_opens_it(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.routes = "  - {path: /sensitive, upstream: page, classes: [sensitive]}\n"
	f := w.fleet(t, 2, "risk: {mode: off}\n")
	c, sensitive := f.login(), f.origin+"/sensitive/x"
	for i := range f.edges {
		f.on(i)
		wantPage(t, c.Ask(sensitive))
	}
	before := f.standing(c)
	if before.Level != "normal" || !before.Proven {
		t.Errorf("before the floor the session is under %+v", before)
	}

	f.raise(identity.High)
	for i, e := range f.edges {
		f.on(i)
		e.Until("the floor closes the sensitive page", func() bool {
			p := c.Ask(sensitive)
			return p.Status == http.StatusSeeOther && strings.HasPrefix(p.Header.Get("Location"), "/.edgeauth/login?level=high&")
		})
	}
	f.wantAdmitted("to all else", c, 0, 1)
	if got := f.standing(c); got.Level != "high" || got.Proven || len(got.Reasons) != 1 || got.Reasons[0] != "time_zones" || time.Until(got.Expires) > 15*time.Minute {
		t.Errorf("under the floor the session is %+v", got)
	}

	f.on(1)
	thief := f.thief(c)
	p := c.Open(sensitive)
	if p.Status != http.StatusOK || p.URL.Path != "/sensitive/x" {
		t.Fatalf("the step-up ends at %s with %d:\n%s", p.URL, p.Status, p.Body)
	}
	after := f.standing(c)
	if after.Session != before.Session || after.Level != "high" || !after.Proven || time.Until(after.Expires) > 15*time.Minute {
		t.Errorf("after the step-up the session is %+v, was %+v", after, before)
	}
	for i, e := range f.edges {
		f.on(i)
		wantPage(t, c.Ask(sensitive))
		e.Until("the cookie from before is worthless", func() bool { return thief.Ask(f.origin+"/").Status == http.StatusSeeOther })
	}

	trail := f.edges[1]
	for _, name := range []string{"access_blocked", "step_up_asked", "step_up_proven"} {
		events := trail.Events(name)
		if len(events) == 0 {
			t.Fatalf("no %s in the audit trail of the edge where it happened", name)
		}
		last := events[len(events)-1]
		if last["session"] != before.Session || last["sub"] != "demo-alice" || last["security_level"] != "high" {
			t.Errorf("the audit trail has %v", last)
		}
	}
}
