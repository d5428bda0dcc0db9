// Package edgetest runs the edgeauth binary for tests as its user would: built once, started with a configuration file,
// watched through its log and its admin listener, ended by a signal. It must not know what a test wants of the edge.
package edgetest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
)

// Patience is how long a test waits for an outcome.
const Patience = 30 * time.Second

// Setup says what an edge is started with. Listen and Rest are needed.
type Setup struct {
	Listen  string                         // address of server.listen
	URL     string                         // public origin; empty: http:// and Listen
	Server  string                         // further keys of `server:`, each line indented by two spaces and ended
	Admin   string                         // further keys of `admin:`, likewise
	Rest    string                         // the configuration from `providers:` on
	Env     []string                       // further environment, as NAME=VALUE
	Program string                         // another edgeauth than Binary
	Within  func(start func() error) error // runs what starts the process, such as on another machine; nil: here
}

// Edge is one edgeauth: its configuration, and its process while it runs.
type Edge struct {
	URL    string // public origin
	Listen string // address of server.listen
	Admin  string // origin of the admin listener
	Dir    string // of configuration, data and log
	proc   *child.Process
	t      testing.TB
	setup  Setup
}

// New prepares an edge for the public origin http://ADDR without starting it. Rest is the configuration from `providers:`
// on; server and admin are written here, with data_dir in a directory of the test.
func New(t testing.TB, addr, rest string, env ...string) *Edge {
	t.Helper()
	return Prepare(t, Setup{Listen: addr, Rest: rest, Env: env})
}

// Start is New and Run, and waits until the edge is ready.
func Start(t testing.TB, addr, rest string, env ...string) *Edge {
	t.Helper()
	e := New(t, addr, rest, env...)
	e.Run()
	e.WaitReady()
	return e
}

// Prepare writes the configuration of an edge without starting it. The edge ends with the test, and its log is shown if
// the test failed.
func Prepare(t testing.TB, s Setup) *Edge {
	t.Helper()
	e := &Edge{URL: cmp.Or(s.URL, "http://"+s.Listen), Listen: s.Listen, Admin: "http://" + Addr(t), Dir: t.TempDir(), t: t, setup: s}
	e.Configure(s.Rest)
	t.Cleanup(func() {
		e.Stop()
		for _, sign := range []string{"WARNING: DATA RACE", "a handler panicked", "panic: "} {
			if strings.Contains(e.Log(), sign) {
				t.Errorf("the log of the edge at %s says %q", e.Listen, sign)
			}
		}
		if t.Failed() {
			t.Logf("log of the edge at %s:\n%s", e.Listen, tail(e.Log()))
		}
	})
	return e
}

// Configure writes the configuration file; a running edge notices by itself.
func (e *Edge) Configure(rest string) {
	e.t.Helper()
	e.setup.Rest = rest
	e.Overwrite(e.Config())
}

// Config is the text of the configuration as Configure writes it.
func (e *Edge) Config() string {
	return fmt.Sprintf("server:\n  hosts: [{url: %q}]\n  listen: %s\n  data_dir: %s\n  drain: 5s\n%sadmin:\n  listen: %s\n%stelemetry:\n  log_level: debug\n%s",
		e.URL, e.Listen, e.Dir, e.setup.Server, strings.TrimPrefix(e.Admin, "http://"), e.setup.Admin, e.setup.Rest)
}

// Overwrite puts any text in place of the configuration file, in one step.
func (e *Edge) Overwrite(text string) {
	e.t.Helper()
	fresh := e.ConfigFile() + ".new"
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
	if err := os.Rename(fresh, e.ConfigFile()); err != nil {
		e.t.Fatal(err)
	}
}

// ConfigFile is the path of the configuration.
func (e *Edge) ConfigFile() string { return filepath.Join(e.Dir, "config.yaml") }
