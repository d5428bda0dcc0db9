package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func Test_the_command_line_says_what_is_wrong_and_how_to_cure_it(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(edgetest.Binary(t))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/cli",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", dir+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
	})
}

func Test_an_edge_whose_port_is_in_use_names_the_key_and_the_address(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	second := edgetest.New(t, e.Listen, w.config(""))
	second.Run()
	if code := second.Exit(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if log := second.Log(); !strings.Contains(log, "listening for server.listen: listen tcp "+e.Listen) || !strings.Contains(log, "address already in use") {
		t.Errorf("the log does not say which key and address:\n%s", log)
	}
	if status, _ := e.Ready(); status != 200 {
		t.Errorf("the first edge answers %d afterwards", status)
	}
}

func Test_a_second_edge_on_the_same_data_dir_says_what_to_do_and_leaves_the_first_alone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	second := edgetest.New(t, edgetest.Addr(t), w.config(""))
	second.Overwrite(strings.ReplaceAll(second.Config(), second.Dir, e.Dir))
	second.Run()
	if code := second.Exit(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if log := second.Log(); !strings.Contains(log, "another edgeauth holds it") || !strings.Contains(log, e.Dir) {
		t.Errorf("the log does not say what to do:\n%s", log)
	}
	out, err := e.Command("revoke", "--config", e.ConfigFile(), "--all")
	if err != nil || !strings.Contains(out, "every edge that follows the log refuses") {
		t.Errorf("the first edge's socket: %v\n%s", err, out)
	}
}

func Test_a_running_edge_is_healthy_to_the_health_check(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	out, err := e.Command("healthcheck", "--config", e.ConfigFile())
	if err != nil || !strings.Contains(out, `"status": "ready"`) {
		t.Errorf("healthcheck: %v\n%s", err, out)
	}
	e.Overwrite("server: {hosts: [")
	e.Hangup()
	e.Until("the broken file shows", func() bool { v, ok := e.Metric("edgeauth_config_valid"); return ok && v == 0 })
	e.Overwrite("servers: {}\nadmin: {listen: '" + strings.TrimPrefix(e.Admin, "http://") + "'}\n")
	if out, err := e.Command("healthcheck", "--config", e.ConfigFile()); err != nil || !strings.Contains(out, `"status": "degraded"`) {
		t.Errorf("healthcheck with a broken file: %v\n%s", err, out)
	}
}
