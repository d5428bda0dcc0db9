package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func Test_a_candidate_policy_is_tried_out_beside_the_live_one_and_changes_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := edgetest.Addr(t)
	w.client(addr)
	e := edgetest.Prepare(t, edgetest.Setup{Listen: addr, Rest: w.config("dry_run: {file: candidate.yaml}\n")})
	candidate := func(change func(string) string) {
		t.Helper()
		text := change(strings.Replace(e.Config(), "dry_run: {file: candidate.yaml}\n", "", 1))
		if err := os.WriteFile(filepath.Join(e.Dir, "candidate.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	candidate(func(text string) string {
		return strings.Replace(strings.Replace(text, "{path: /api, upstream: api}", "{path: /api, upstream: api, groups: [admin]}", 1),
			"{path: /public, upstream: page, public: true}", "{path: /public, upstream: page}", 1)
	})
	e.Run()
	e.WaitReady()
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	for range 3 {
		if p := c.Open(e.URL + "/api/hello"); p.Status != 200 {
			t.Errorf("/api: %d", p.Status)
		}
	}
	if p := edgetest.NewClient(t).Ask(e.URL + "/public/"); p.Status != 200 {
		t.Errorf("/public: %d", p.Status)
	}
	for series, want := range map[string]float64{
		`edgeauth_dry_run_total{candidate="deny",kind="request",live="allow",reason="group_missing"}`: 3,
		`edgeauth_dry_run_total{candidate="login",kind="request",live="allow",reason="no_session"}`:   1,
		`edgeauth_audit_events_total{event="dry_run_difference"}`:                                     2,
	} {
		if got, _ := e.Metric(series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	events := e.Events("dry_run_difference")
	if len(events) != 2 || events[0]["detail"] != "live: allow (permitted) by route /api; candidate: deny (group_missing) by route /api" ||
		events[0]["sub"] != "demo-alice" || events[0]["request_id"] == nil {
		t.Errorf("events: %v", events)
	}

	candidate(func(string) string { return "routes: nonsense\n" })
	e.Until("the broken candidate is left out", func() bool {
		return strings.Contains(e.Log(), "the candidate of dry_run cannot be used and is left out")
	})
	if p := c.Open(e.URL + "/api/hello"); p.Status != 200 {
		t.Errorf("/api with a broken candidate: %d", p.Status)
	}
	if v, _ := e.Metric("edgeauth_config_valid"); v != 1 {
		t.Errorf("the live configuration counts as broken")
	}
}

func Test_a_candidate_is_tried_on_logins_too_and_raises_nobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.placed(t, "dry_run: {file: candidate.yaml}\n")
	text := strings.Replace(e.Config(), "dry_run: {file: candidate.yaml}\n", "  time_zones: {count: 2}\n", 1)
	if err := os.WriteFile(filepath.Join(e.Dir, "candidate.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Until("the candidate is read", func() bool { return len(e.Events("config_reloaded")) > 0 })
	v := newTraveller(t, e)
	for _, city := range []string{"berlin", "berlin", "berlin", "tokyo"} {
		v.login(city)
	}
	if got, _ := e.Metric(`edgeauth_dry_run_total{candidate="high",kind="login",live="elevated",reason="time_zones"}`); got != 1 {
		t.Errorf("the difference was counted %v times", got)
	}
	if raised := e.Events("level_raised"); len(raised) != 1 || raised[0]["security_level"] != "elevated" {
		t.Errorf("raised: %v", raised)
	}
	if told := e.Events("dry_run_difference"); len(told) != 1 || told[0]["detail"] != "live: elevated; candidate: high" || told[0]["request_id"] == nil {
		t.Errorf("told: %v", told)
	}
}
