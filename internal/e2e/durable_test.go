package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation/disk"
)

// saved waits until an edge has saved a copy of the log that knows what is known now.
func saved(t *testing.T, e *edgetest.Edge) {
	t.Helper()
	path := filepath.Join(e.Dir, disk.SnapshotName)
	stamp := func() string {
		info, err := os.Stat(path)
		if err != nil {
			return ""
		}
		return info.ModTime().String()
	}
	for range 2 { // the one that may be under way began before
		before := stamp()
		e.Until("a copy of the log is saved", func() bool { return stamp() != before })
	}
}

func Test_RS_an_edge_that_is_killed_and_restarted_while_Redis_is_down_refuses_whom_it_refused_and_tells_the_others_later(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "", redistest.WithAppendOnly())
	live, earlier, gone := f.login(), f.login(), f.login()
	out, err := f.edges[0].Command("revoke", "--config", f.edges[0].ConfigFile(), "--session", nameOf(t, f, earlier))
	if err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	saved(t, f.edges[0])
	own := f.thief(gone)
	f.redis.Kill()
	degraded(t, f.edges[0])
	f.on(0)
	p := gone.Post(f.origin+"/.edgeauth/logout", url.Values{})
	if p.Status != http.StatusAccepted || !strings.Contains(p.Body, "even if it is restarted") {
		t.Errorf("the logout does not say what became of it: %d\n%s", p.Status, p.Body)
	}

	f.edges[0].Kill()
	f.edges[0].Run()
	f.edges[0].WaitReady() // Redis is still down
	if v, ok := f.edges[0].Metric("edgeauth_revocation_from_disk"); !ok || v != 1 {
		t.Error("the edge does not say that it serves from its copy")
	}
	if _, body := f.edges[0].Get(f.edges[0].Admin + "/readyz"); !strings.Contains(body, "it serves from the copy in data_dir") || !strings.Contains(body, "kept in data_dir") {
		t.Errorf("/readyz: %s", body)
	}
	if v, ok := f.edges[0].Metric("edgeauth_revocation_outbox_kept"); !ok || v != 1 {
		t.Errorf("edgeauth_revocation_outbox_kept is %v", v)
	}
	if len(f.edges[0].Events("log_from_disk")) != 1 {
		t.Error("there is no audit event of that")
	}
	f.wantAdmitted("after the restart", live, 0)
	f.wantRefused("the logout, after the restart", own, 0)
	f.wantRefused("the earlier revocation, after the restart", f.thief(earlier), 0)
	wantRetry(t, "a new login", f.browser().Open(f.origin+"/"))
	f.wantAdmitted("where nobody has heard of it yet", own, 1)

	f.redis.Restart()
	f.wantRefused("the logout, after Redis came back", own, 1)
	for _, e := range f.edges {
		recovered(e)
	}
	f.wantAdmitted("after Redis came back", live, 0, 1)
	if v, ok := f.edges[0].Metric("edgeauth_revocation_from_disk"); !ok || v != 0 {
		t.Error("the edge still serves from its copy")
	}
	f.on(0)
	wantPage(t, f.browser().Open(f.origin+"/")) // it mints again
}

func Test_an_edge_refuses_a_damaged_copy_and_damaged_waiting_revocations_says_so_and_starts_once_Redis_is_there(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "", redistest.WithAppendOnly())
	e := f.edges[0]
	live, gone := f.login(), f.login()
	saved(t, e)
	f.redis.Kill()
	degraded(t, e)
	if out, err := e.Command("revoke", "--config", e.ConfigFile(), "--session", nameOf(t, f, gone)); err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	e.Kill()
	for _, name := range []string{disk.OutboxName, disk.SnapshotName} {
		damage(t, filepath.Join(e.Dir, name))
	}
	e.Run()
	e.Until("both files are reported", func() bool {
		box, _ := e.Metric(`edgeauth_revocation_files_refused{file="` + disk.OutboxName + `"}`)
		snapshot, _ := e.Metric(`edgeauth_revocation_files_refused{file="` + disk.SnapshotName + `"}`)
		return box == 1 && snapshot == 1
	})
	if status, word := e.Ready(); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d %s", status, word)
	}
	if aside, _ := filepath.Glob(filepath.Join(e.Dir, disk.OutboxName+".refused-*")); len(aside) != 1 {
		t.Errorf("what could not be read was set aside as %q", aside)
	}
	f.redis.Restart()
	e.WaitReady()
	f.wantAdmitted("after Redis came back", live, 0)
}

// damage changes one character in the last line of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := len(text) - 20
	if text[at] ^= 1; text[at] == '\n' {
		t.Fatal("the last line is too short to be damaged")
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func Test_past_the_bound_downgrade_closes_what_asks_for_more_and_nothing_else(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.routes = "  - {path: /payroll, upstream: page, classes: [sensitive]}\n"
	f := w.fleet(t, 1, "levels:\n  normal: {max_staleness: 2s, past: downgrade}\n  elevated: {max_staleness: 2s, past: deny}\n  high: {max_staleness: 2s, past: deny}\n")
	c := f.login()
	wantPage(t, c.Ask(f.origin+"/payroll"))
	f.redis.Kill()
	f.edges[0].Until("the sensitive route is closed", func() bool {
		p := c.Ask(f.origin + "/payroll")
		wantNoCookie(t, "/payroll", p)
		return p.Status == http.StatusServiceUnavailable && p.Header.Get("Retry-After") != ""
	})
	wantPage(t, c.Ask(f.origin+"/"))
	wantPage(t, c.Ask(f.origin+"/.edgeauth/me"))
	f.redis.Restart()
	f.edges[0].Until("it is open again", func() bool { return c.Ask(f.origin+"/payroll").Status == http.StatusOK })
}
