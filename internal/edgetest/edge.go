// Package edgetest runs the edgeauth binary for tests as its user would: built once, started with a configuration file,
// watched through its log and its admin listener, ended by a signal. It must not know what a test wants of the edge.
package edgetest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
)

// Patience is how long a test waits for an outcome.
const Patience = 30 * time.Second

var build struct { // constant table: the binary, built once per test process
	once sync.Once
	path string
	err  error
}

// Binary returns the path of an edgeauth built with the race detector. TestMain must call Clean at its end.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		dir, err := os.MkdirTemp("", "edgeauth-binary-")
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "edgeauth")
		out, err := exec.Command("go", "build", "-race", "-o", build.path, "github.com/edgeauth/edgeauth/cmd/edgeauth").CombinedOutput()
		if err != nil {
			build.err = fmt.Errorf("building edgeauth: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// Clean removes the binary.
func Clean() {
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
}

// Edge is one running edgeauth.
type Edge struct {
	URL   string // public origin
	Admin string // origin of the admin listener
	Dir   string // of configuration, data and log
	proc  *child.Process
	t     testing.TB
	env   []string
}

// Addr returns a loopback address with a port that was free a moment ago.
func Addr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// New prepares an edge for a public origin http://ADDR without starting it. Rest is the configuration from `providers:`
// on; server and admin are written here, with data_dir in a directory of the test.
func New(t testing.TB, addr, rest string, env ...string) *Edge {
	t.Helper()
	e := &Edge{URL: "http://" + addr, Admin: "http://" + Addr(t), Dir: t.TempDir(), t: t, env: env}
	e.Configure(rest)
	t.Cleanup(func() {
		e.Stop()
		if t.Failed() {
			t.Logf("log of the edge at %s:\n%s", e.URL, tail(e.Log()))
		}
	})
	return e
}

// Start is New and Run, and waits until the edge is ready.
func Start(t testing.TB, addr, rest string, env ...string) *Edge {
	t.Helper()
	e := New(t, addr, rest, env...)
	e.Run()
	e.WaitReady()
	return e
}

// Configure writes the configuration file; a running edge notices by itself.
func (e *Edge) Configure(rest string) {
	e.t.Helper()
	addr, admin := strings.TrimPrefix(e.URL, "http://"), strings.TrimPrefix(e.Admin, "http://")
	text := fmt.Sprintf("server:\n  hosts: [{url: %s}]\n  listen: %s\n  data_dir: %s\n  drain: 5s\nadmin:\n  listen: %s\ntelemetry:\n  log_level: debug\n%s",
		e.URL, addr, e.Dir, admin, rest)
	if err := os.WriteFile(e.ConfigFile(), []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// ConfigFile is the path of the configuration.
func (e *Edge) ConfigFile() string { return filepath.Join(e.Dir, "config.yaml") }

func (e *Edge) logFile() string { return filepath.Join(e.Dir, "edge.log") }

// Run starts the process.
func (e *Edge) Run() {
	e.t.Helper()
	log, err := os.OpenFile(e.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(Binary(e.t), "run", "--config", e.ConfigFile())
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), e.env...)
	if e.proc, err = child.Start(cmd, ""); err != nil {
		e.t.Fatal(err)
	}
}

// WaitReady waits until /readyz says 200.
func (e *Edge) WaitReady() {
	e.t.Helper()
	e.Until("the edge is ready", func() bool { code, _ := e.Get(e.Admin + "/readyz"); return code == http.StatusOK })
}

// Until waits for an outcome.
func (e *Edge) Until(what string, ok func() bool) {
	e.t.Helper()
	for end := time.Now().Add(Patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			e.t.Fatalf("%s: not within %v; the log's end:\n%s", what, Patience, tail(e.Log()))
		}
	}
}

// Get asks an address without cookies and without following redirects. An unreachable one is status 0.
func (e *Edge) Get(address string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// Command runs another edgeauth command to its end.
func (e *Edge) Command(args ...string) (output string, err error) {
	cmd := exec.Command(Binary(e.t), args...)
	cmd.Env = append(os.Environ(), e.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Log is all that the process wrote so far.
func (e *Edge) Log() string {
	b, _ := os.ReadFile(e.logFile())
	return string(b)
}

// Hangup asks for a reload.
func (e *Edge) Hangup() { _ = e.proc.Signal(syscall.SIGHUP) }

// Terminate sends SIGTERM and does not wait.
func (e *Edge) Terminate() { _ = e.proc.Signal(syscall.SIGTERM) }

// Done is closed when the process has ended.
func (e *Edge) Done() <-chan struct{} { return e.proc.Done() }

// Err says how the process ended.
func (e *Edge) Err() error { return e.proc.Err() }

// Kill ends the process at once.
func (e *Edge) Kill() { e.proc.Kill() }

// Stop ends the process as an operator would. It may be repeated.
func (e *Edge) Stop() {
	if e.proc != nil {
		e.proc.Stop(Patience)
	}
}

func tail(s string) string {
	if len(s) > 8000 {
		return "…" + s[len(s)-8000:]
	}
	return s
}
